package servers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// archive makes a Debian archive of two small packages, greeter and the words
// it depends on, and returns its address.
func archive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var index strings.Builder
	for _, pkg := range []struct{ name, depends, file, text string }{
		{"greeter", "words", "usr/bin/greeter", "#!/bin/sh\nexec cat \"$(dirname \"$0\")\"/../share/words\n"},
		{"words", "", "usr/share/words", "hello\n"},
	} {
		control := fmt.Sprintf("Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@localhost>\nDescription: test\n", pkg.name)
		if pkg.depends != "" {
			control += "Depends: " + pkg.depends + "\n"
		}
		tree := filepath.Join(t.TempDir(), pkg.name)
		writeFile(t, filepath.Join(tree, "DEBIAN", "control"), control, 0o644)
		writeFile(t, filepath.Join(tree, pkg.file), pkg.text, 0o755)
		deb := filepath.Join(dir, pkg.name+"_1_all.deb")
		if _, err := runTool(t.Context(), "dpkg-deb", exec.CommandContext(t.Context(), "dpkg-deb", "--build", tree, deb)); err != nil {
			t.Fatal(err)
		}
		data := readFile(t, deb)
		fmt.Fprintf(&index, "%sFilename: %s\nSize: %d\nSHA256: %x\n\n",
			control, filepath.Base(deb), len(data), sha256.Sum256([]byte(data)))
	}
	writeFile(t, filepath.Join(dir, "Packages"), index.String(), 0o644)
	return "copy:" + dir // file: would be read in place
}

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestApt_download_with_dependencies(t *testing.T) {
	t.Parallel()
	a, err := newApt(t.TempDir(), "deb [trusted=yes] "+archive(t)+" ./")
	if err != nil {
		t.Fatal(err)
	}
	files, err := a.download(t.Context(), "greeter")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "root")
	if err := unpackInto(t.Context(), root, files); err != nil {
		t.Fatal(err)
	}
	greeter, err := unpacked{root: root}.program("usr/bin/greeter")
	if err != nil {
		t.Fatal(err)
	}
	got, err := runTool(t.Context(), "greeter", greeter.command(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("hello\n", got); diff != "" {
		t.Errorf("greeter's output (-want +got):\n%s", diff)
	}
}

func TestApt_download_unsigned_archive(t *testing.T) {
	t.Parallel()
	a, err := newApt(t.TempDir(), "deb "+archive(t)+" ./")
	if err != nil {
		t.Fatal(err)
	}
	if files, err := a.download(t.Context(), "greeter"); err == nil {
		t.Errorf("downloaded %v from an archive without a signature", files)
	}
}

func TestApt_download_unknown_package(t *testing.T) {
	t.Parallel()
	a, err := newApt(t.TempDir(), "deb [trusted=yes] "+archive(t)+" ./")
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.download(t.Context(), "shouter")
	if err == nil || !containsAll(err.Error(), "apt-get install", "shouter") {
		t.Errorf("error: %v, want apt-get's complaint of shouter", err)
	}
}

func TestMakeOnce(t *testing.T) {
	t.Parallel()
	t.Run("makes a thing once for all who ask", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "cache", "thing")
		var made atomic.Int32
		var group errgroup.Group
		for range 8 {
			group.Go(func() error {
				return makeOnce(t.Context(), path, func(part string) error {
					made.Add(1)
					return os.WriteFile(part, []byte("thing"), 0o600)
				})
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("thing", readFile(t, path)); diff != "" {
			t.Errorf("content (-want +got):\n%s", diff)
		}
		if got := made.Load(); got != 1 {
			t.Errorf("made %d times, want once", got)
		}
	})
	t.Run("leaves nothing half made", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "thing")
		broken := errors.New("broken")
		err := makeOnce(t.Context(), path, func(part string) error {
			return errors.Join(os.Mkdir(part, 0o700), broken)
		})
		if !errors.Is(err, broken) {
			t.Errorf("error: %v, want %v", err, broken)
		}
		if exists(path) || exists(path+".part") {
			t.Error("a half made thing is there")
		}
	})
	t.Run("clears away what a killed process left", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "thing")
		writeFile(t, filepath.Join(path+".part", "old"), "old", 0o600)
		if err := makeOnce(t.Context(), path, func(part string) error { return os.Mkdir(part, 0o700) }); err != nil {
			t.Fatal(err)
		}
		if exists(filepath.Join(path, "old")) {
			t.Error("the killed process's file is part of the thing")
		}
	})
	t.Run("waits no longer than its context", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "thing")
		lock, err := tryLock(path + ".lock")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = lock.release() }()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = makeOnce(ctx, path, func(string) error { return errors.New("made though locked") })
		if !errors.Is(err, context.Canceled) || !errors.Is(err, errLocked) {
			t.Errorf("error: %v, want %v and %v", err, context.Canceled, errLocked)
		}
	})
}

func TestFind_nothing_to_install_with(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no apt-get, no go
	t.Chdir(t.TempDir())          // no module
	cache := t.TempDir()

	_, mysqlErr := FindMySQL(t.Context(), cache, testLog(t))
	_, etcdErr := FindEtcd(t.Context(), cache, testLog(t))
	_, cacheErr := CacheDir()
	for _, tc := range []struct {
		name string
		err  error
		want string
	}{
		{"mysql", mysqlErr, "no MySQL: its package can't be unpacked: unpack mysql-server: " +
			"no apt-get on this machine to download Debian packages with"},
		{"etcd", etcdErr, "no etcd in the cache folder and none can be built: " +
			"no go.mod in the current directory or above it"},
	} {
		if diff := cmp.Diff(tc.want, fmt.Sprint(tc.err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	if os.Getenv(CacheEnv) == "" {
		const want = "cache folder: no go.mod in the current directory or above it; set EXPORTD_CACHE to a folder"
		if diff := cmp.Diff(want, fmt.Sprint(cacheErr)); diff != "" {
			t.Errorf("cache (-want +got):\n%s", diff)
		}
	}
}

func TestMariaDBAt_unusable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, prints, want string }{
		{"too old", "mariadbd  Ver 10.5.29-MariaDB for debian-linux-gnu", "is version 10.5.29-MariaDB, want 10.6 or newer"},
		{"without its SQL", "mariadbd  Ver 11.8.3-MariaDB for debian-linux-gnu", "no SQL to set up a database with"},
		{"something else", "usage: mariadbd", "no version in"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sbin", "mariadbd")
			writeFile(t, path, "#!/bin/sh\necho '"+tc.prints+"'\n", 0o755)
			_, err := mariaDBAt(t.Context(), program{path: path})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error: %v, want one that says %q", err, tc.want)
			}
		})
	}
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
