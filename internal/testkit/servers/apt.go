package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// apt is a private use of the machine's apt: its sources, keys, proxies and
// credentials as they are, but lists, cache and state in a folder of its own,
// so that neither root is needed nor anything of the machine changed. Packages
// are only downloaded; signatures are checked as the machine's apt checks them.
type apt struct {
	dir string // absolute; holds everything this apt writes
	// kept is a folder that outlives the apt and holds its package lists, so
	// that several downloads in a row need one update; "" keeps none.
	kept string
}

// keptFor is how long kept package lists are used without an update.
const keptFor = time.Hour

// aptHooks turns off what the machine runs after its own apt: cleaning and
// indexing of folders that are not ours. It is read after the machine's files.
const aptHooks = `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
`

// machineApt is the folder with the machine's own configuration of apt.
const machineApt = "/etc/apt/apt.conf.d"

// debianKeys are the places of Debian's archive keys, the newer name first.
func debianKeys() []string {
	return []string{
		"/usr/share/keyrings/debian-archive-keyring.pgp",
		"/usr/share/keyrings/debian-archive-keyring.gpg",
	}
}

// newApt prepares dir, which must be absolute. With an empty sourceLine the
// machine's sources are used, and packages it has installed count as there;
// with one, that source alone, and nothing counts as installed.
func newApt(dir, sourceLine string) (*apt, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return nil, errors.New("no apt-get on this machine to download Debian packages with")
	}
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "conf.d"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("private apt: %w", err)
		}
	}
	if err := linkConf(filepath.Join(dir, "conf.d")); err != nil {
		return nil, fmt.Errorf("private apt: %w", err)
	}
	conf := []string{
		`Dir::State "` + dir + `/state";`,
		`Dir::State::status "/var/lib/dpkg/status";`,
		`Dir::Cache "` + dir + `/cache";`,
		`Dir::Cache::pkgcache "";`,
		`Dir::Cache::srcpkgcache "";`,
		`Dir::Etc::parts "` + dir + `/conf.d";`,
		`Debug::NoLocking "true";`, // the lock would be the machine's
		`APT::Sandbox::User "";`,   // root must not drop to a user who can't write here
		`Acquire::Languages "none";`,
		`Acquire::Retries "3";`,
		`APT::Get::Assume-Yes "true";`,
	}
	if sourceLine != "" {
		conf = append(conf,
			`Dir::State::status "`+dir+`/status";`,
			`Dir::Etc::sourcelist "`+dir+`/sources.list";`,
			`Dir::Etc::sourceparts "-";`)
		if err := os.WriteFile(filepath.Join(dir, "sources.list"), []byte(sourceLine+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("private apt: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "status"), nil, 0o600); err != nil {
			return nil, fmt.Errorf("private apt: %w", err)
		}
	}
	text := strings.Join(conf, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "apt.conf"), []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("private apt: %w", err)
	}
	return &apt{dir: dir}, nil
}

// linkConf makes parts hold links to the machine's configuration files and,
// last in order, the file that clears its hooks.
func linkConf(parts string) error {
	files, err := os.ReadDir(machineApt)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, f := range files {
		if err := os.Symlink(filepath.Join(machineApt, f.Name()), filepath.Join(parts, f.Name())); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(parts, "zzzz-no-hooks"), []byte(aptHooks), 0o600)
}

// download fetches packages and their dependencies into the private archive and
// returns the paths of the .deb files. The packages themselves are fetched even
// if the machine has them installed.
func (a *apt) download(ctx context.Context, pkgs ...string) ([]string, error) {
	args := append([]string{"install", "--reinstall", "--no-install-recommends", "--download-only", "--"}, pkgs...)
	usedKept := a.takeKept()
	var err error
	if usedKept {
		_, err = a.run(ctx, args...)
	}
	if !usedKept || err != nil {
		// One broken source of several fails an update although the packages are
		// available, so its error counts only if the download fails as well.
		_, updateErr := a.run(ctx, "update")
		if _, err := a.run(ctx, args...); err != nil {
			return nil, errors.Join(err, updateErr)
		}
		a.keep()
	}
	files, err := filepath.Glob(filepath.Join(a.dir, "cache/archives/*.deb"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("apt-get downloaded nothing of %v", pkgs)
	}
	return files, nil
}

func (a *apt) lists() string { return filepath.Join(a.dir, "state/lists") }

// takeKept copies the kept package lists if they are fresh, and reports whether
// it did.
func (a *apt) takeKept() bool {
	info, err := os.Stat(a.kept)
	if a.kept == "" || err != nil || time.Since(info.ModTime()) > keptFor {
		return false
	}
	return os.RemoveAll(a.lists()) == nil && os.CopyFS(a.lists(), os.DirFS(a.kept)) == nil
}

// keep moves the package lists to the kept folder. Nothing depends on its
// success: the next download makes an update of its own.
func (a *apt) keep() {
	if a.kept == "" {
		return
	}
	// "partial" is a folder of apt's downloads, which the copy does not need.
	_ = os.RemoveAll(filepath.Join(a.lists(), "partial"))
	_ = os.RemoveAll(a.kept)
	if os.Rename(a.lists(), a.kept) == nil {
		now := time.Now()
		_ = os.Chtimes(a.kept, now, now)
	}
}

// debianMirror is the address of the Debian archive the machine uses itself.
func (a *apt) debianMirror(ctx context.Context) (string, error) {
	if _, err := a.run(ctx, "update"); err != nil {
		return "", err
	}
	out, err := a.run(ctx, "indextargets", "--format", "$(REPO_URI)",
		"Created-By: Packages", "Origin: Debian", "Label: Debian")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if scheme, _, ok := strings.Cut(line, "://"); ok && !strings.ContainsAny(scheme, " :") { // no warning
			return line, nil
		}
	}
	return "", errors.New("this machine's apt has no Debian source to take packages from")
}

// run runs apt-get and returns what it printed; a failure's error holds the
// last of it.
func (a *apt) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q"}, args...)...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+a.dir+"/apt.conf", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	cmd.SysProcAttr = childAttr()
	return runTool(ctx, "apt-get "+args[0], cmd)
}

// suiteLine is the source line of a whole suite, such as sid, of a mirror.
func suiteLine(mirror, suite string) string {
	for _, keys := range debianKeys() {
		if _, err := os.Stat(keys); err == nil {
			return fmt.Sprintf("deb [signed-by=%s] %s %s main", keys, mirror, suite)
		}
	}
	return fmt.Sprintf("deb %s %s main", mirror, suite)
}
