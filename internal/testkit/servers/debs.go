package servers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// unpackTimeout bounds one download with all it needs.
const unpackTimeout = 10 * time.Minute

// debs is a set of Debian packages unpacked together into one folder of the
// cache.
type debs struct {
	name string   // the folder's name
	pkgs []string // packages, without their dependencies
	// suite names a Debian suite other than the machine's own. Its packages are
	// unpacked with everything they need, the C library included, and so run
	// through its own loader. Without it only what the machine lacks is taken.
	suite string
}

// unpacked is such a folder.
type unpacked struct {
	root string // as / is to an installed package
	own  bool   // complete with its own C library
}

// path is the folder in the cache.
func (d debs) path(cacheDir string) string { return filepath.Join(cacheDir, "debs", d.name) }

// find returns the unpacked packages, from the cache if they are there. Several
// processes may call it at once.
func (d debs) find(ctx context.Context, cacheDir string, log *slog.Logger) (unpacked, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, unpackTimeout,
		fmt.Errorf("not done within %v", unpackTimeout))
	defer cancel()
	root, err := filepath.Abs(d.path(cacheDir))
	if err != nil {
		return unpacked{}, err
	}
	err = makeOnce(ctx, root, func(part string) error {
		log.InfoContext(ctx, "downloading Debian packages", "packages", d.pkgs, "into", root)
		return d.unpack(ctx, part)
	})
	if err != nil {
		return unpacked{}, fmt.Errorf("unpack %s: %w", d.name, err)
	}
	return unpacked{root: root, own: d.suite != ""}, nil
}

// unpack downloads the packages and unpacks them into the new folder root.
func (d debs) unpack(ctx context.Context, root string) (err error) {
	work := root + ".apt"
	if err := os.RemoveAll(work); err != nil { // of a process that was killed
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	sourceLine := ""
	if d.suite != "" {
		own, err := newApt(filepath.Join(work, "own"), "")
		if err != nil {
			return err
		}
		mirror, err := own.debianMirror(ctx)
		if err != nil {
			return err
		}
		sourceLine = suiteLine(mirror, d.suite)
	}
	a, err := newApt(filepath.Join(work, "apt"), sourceLine)
	if err != nil {
		return err
	}
	if d.suite == "" {
		a.kept = filepath.Join(filepath.Dir(root), "lists")
	}
	files, err := a.download(ctx, d.pkgs...)
	if err != nil {
		return err
	}
	return unpackInto(ctx, root, files)
}

// unpackInto unpacks .deb files over each other into the folder root.
func unpackInto(ctx context.Context, root string, files []string) error {
	for _, file := range files {
		cmd := exec.CommandContext(ctx, "dpkg", "-x", file, root)
		cmd.SysProcAttr = childAttr()
		if _, err := runTool(ctx, "dpkg -x", cmd); err != nil {
			return err
		}
	}
	return nil
}

// libDirs are the folders with shared libraries among the unpacked files.
func (u unpacked) libDirs() []string {
	var dirs []string
	for _, pattern := range []string{"lib/*-linux-gnu*", "usr/lib/*-linux-gnu*", "lib", "usr/lib"} {
		found, _ := filepath.Glob(filepath.Join(u.root, pattern)) // the pattern is well-formed
		for _, dir := range found {
			if libs, _ := filepath.Glob(filepath.Join(dir, "*.so*")); len(libs) > 0 {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// program is an executable with the loader and environment that it needs.
type program struct {
	path string
	pre  []string // a loader and its options, before path
	env  []string // added to the environment
}

// program returns the unpacked program at rel, a path such as usr/sbin/mariadbd.
func (u unpacked) program(rel string) (program, error) {
	p := program{path: filepath.Join(u.root, rel)}
	if info, err := os.Stat(p.path); err != nil || info.Mode()&0o111 == 0 {
		return program{}, fmt.Errorf("the unpacked packages hold no %s", rel)
	}
	libs := strings.Join(u.libDirs(), ":")
	if !u.own {
		if libs != "" {
			p.env = []string{"LD_LIBRARY_PATH=" + libs}
		}
		return p, nil
	}
	for _, pattern := range []string{"usr/lib/*/ld-linux*.so.*", "lib/*/ld-linux*.so.*"} {
		loaders, _ := filepath.Glob(filepath.Join(u.root, pattern)) // the pattern is well-formed
		if len(loaders) > 0 {
			p.pre = []string{loaders[0], "--library-path", libs}
			return p, nil
		}
	}
	return program{}, errors.New("the unpacked packages hold no loader (ld-linux)")
}

// command is the program with arguments. It ends with ctx.
func (p program) command(ctx context.Context, args ...string) *exec.Cmd {
	argv := slices.Concat(p.pre, []string{p.path}, args)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	return cmd
}

// runTool runs a short-lived command and returns its output; the error of a
// failure holds the last of it, or says that ctx ended.
func runTool(ctx context.Context, name string, cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	if err == nil {
		return string(out), nil
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	text := strings.TrimSpace(string(out))
	if len(text) > logTail {
		text = text[len(text)-logTail:]
	}
	return "", fmt.Errorf("%s: %w:\n%s", name, err, text)
}

// isDir reports whether path is a folder.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
