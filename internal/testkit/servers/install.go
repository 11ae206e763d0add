package servers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Flavor is a family of database servers.
type Flavor string

// The flavors StartDB can run.
const (
	MariaDB Flavor = "mariadb"
	MySQL   Flavor = "mysql"
)

// Install is a database server's program with the files it needs. FindMariaDB
// and FindMySQL make one.
type Install struct {
	Flavor  Flavor
	Version string // as the server reports it, such as 10.11.6-MariaDB

	server  program
	base    string // --basedir
	share   string // error messages, character sets, MariaDB's bootstrap SQL
	plugins string // --plugin-dir; empty leaves it to the server

	// Only FindGalera sets these.
	galera string // the library of Galera
	rsync  program
	dump   program // mariadb-dump
}

// Program is the path of the server's program.
func (i Install) Program() string { return i.server.path }

// mariaDBDebs is MariaDB's server without service unit, client or configuration.
func mariaDBDebs() debs {
	return debs{name: "mariadb-server", pkgs: []string{"mariadb-server-core"}}
}

// mysqlDebs is Oracle's MySQL, which of Debian's suites only sid has.
func mysqlDebs() debs {
	return debs{name: "mysql-server", pkgs: []string{"mysql-server-core"}, suite: "sid"}
}

// FindMariaDB looks for MariaDB 10.6 or newer (the first with SKIP LOCKED): on
// PATH and in the usual folders, in cacheDir, and at last in the distribution's
// mariadb-server-core package, which it downloads and unpacks into cacheDir.
// The error says what to do where none of it is possible.
func FindMariaDB(ctx context.Context, cacheDir string, log *slog.Logger) (Install, error) {
	if path, err := lookPath("mariadbd"); err == nil {
		inst, err := mariaDBAt(ctx, program{path: path})
		if err == nil {
			return inst, nil
		}
		log.WarnContext(ctx, "the installed MariaDB is of no use", "cause", err)
	}
	inst, err := findUnpacked(ctx, mariaDBDebs(), cacheDir, log, func(u unpacked) (Install, error) {
		server, err := u.program("usr/sbin/mariadbd")
		if err != nil {
			return Install{}, err
		}
		return mariaDBAt(ctx, server)
	})
	if err != nil {
		return Install{}, fmt.Errorf("no MariaDB: mariadbd is not on PATH and its package can't be unpacked; "+
			"install MariaDB 10.6 or newer: %w", err)
	}
	return inst, nil
}

// FindMySQL looks for Oracle MySQL in cacheDir, else downloads Debian's
// mysql-server-core of sid into it (60 MB, 330 MB unpacked). What the machine
// has installed is not used: mysqld is MariaDB's name too.
func FindMySQL(ctx context.Context, cacheDir string, log *slog.Logger) (Install, error) {
	inst, err := findUnpacked(ctx, mysqlDebs(), cacheDir, log, func(u unpacked) (Install, error) {
		server, err := u.program("usr/sbin/mysqld")
		if err != nil {
			return Install{}, err
		}
		version, err := serverVersion(ctx, server)
		if err != nil {
			return Install{}, err
		}
		return Install{
			Flavor: MySQL, Version: version.text, server: server,
			base:    filepath.Join(u.root, "usr"),
			share:   filepath.Join(u.root, "usr/share/mysql"),
			plugins: filepath.Join(u.root, "usr/lib/mysql/plugin"),
		}, nil
	})
	if err != nil {
		return Install{}, fmt.Errorf("no MySQL: its package can't be unpacked: %w", err)
	}
	return inst, nil
}

// findUnpacked opens a set of packages. Where that fails with a cached set, as
// after the machine's libraries have changed, the set is fetched once more.
func findUnpacked[T any](
	ctx context.Context, set debs, cacheDir string, log *slog.Logger, open func(unpacked) (T, error),
) (T, error) {
	var none T
	u, err := set.find(ctx, cacheDir, log)
	if err != nil {
		return none, err
	}
	got, err := open(u)
	if err == nil {
		return got, nil
	}
	log.WarnContext(ctx, "unpacked packages are of no use, fetching them again", "folder", u.root, "cause", err)
	if err := forget(ctx, u.root); err != nil {
		return none, err
	}
	if u, err = set.find(ctx, cacheDir, log); err != nil {
		return none, err
	}
	return open(u)
}

// mariaDBAt describes the MariaDB whose server is given, or says why it is of
// no use.
func mariaDBAt(ctx context.Context, server program) (Install, error) {
	version, err := serverVersion(ctx, server)
	if err != nil {
		return Install{}, err
	}
	if version.major < 10 || version.major == 10 && version.minor < 6 {
		return Install{}, fmt.Errorf("%s is version %s, want 10.6 or newer", server.path, version.text)
	}
	target, err := filepath.EvalSymlinks(server.path)
	if err != nil {
		return Install{}, err
	}
	base := filepath.Dir(filepath.Dir(target)) // of base/sbin/mariadbd
	inst := Install{Flavor: MariaDB, Version: version.text, server: server, base: base}
	for _, share := range []string{"share/mariadb", "share/mysql", "share"} {
		dir := filepath.Join(base, share)
		if _, err := bootstrapSQL(dir); err == nil {
			inst.share = dir
			break
		}
	}
	if inst.share == "" {
		return Install{}, fmt.Errorf("no SQL to set up a database with below %s", filepath.Join(base, "share"))
	}
	for _, plugins := range []string{"lib/mysql/plugin", "lib/mariadb/plugin", "lib64/mysql/plugin", "lib/plugin"} {
		if dir := filepath.Join(base, plugins); isDir(dir) {
			inst.plugins = dir
			break
		}
	}
	return inst, nil
}

// version is a server's version number.
type version struct {
	major, minor int
	text         string
}

// versionLine finds the number in what --version prints.
var versionLine = regexp.MustCompile(`Ver ((\d+)\.(\d+)\.\S+)`)

// serverVersion asks the program; this shows as well that it can run at all.
func serverVersion(ctx context.Context, server program) (version, error) {
	out, err := runTool(ctx, "run "+server.path, server.command(ctx, "--no-defaults", "--version"))
	if err != nil {
		return version{}, err
	}
	m := versionLine.FindStringSubmatch(out)
	if m == nil {
		return version{}, fmt.Errorf("run %s: no version in %q", server.path, out)
	}
	major, _ := strconv.Atoi(m[2]) // digits by the pattern
	minor, _ := strconv.Atoi(m[3])
	return version{major: major, minor: minor, text: m[1]}, nil
}

// lookPath finds a program on PATH or where distributions keep servers, which
// is not on an ordinary user's PATH.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", errors.New(name + " is not on PATH")
}
