// Package scripts_test runs the scripts of this folder.
package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// copyTree copies the checkout's tracked and new files, and returns the copy.
func copyTree(t *testing.T) string {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		from := filepath.Join("..", name)
		info, err := os.Lstat(from)
		if err != nil || !info.Mode().IsRegular() {
			continue // deleted, or a symbolic link
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a command in a folder and returns its output.
func run(t *testing.T, dir string, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return string(out)
}

func TestSetModulePath(t *testing.T) {
	t.Parallel()
	dir := copyTree(t)
	const path = "example.com/you/my-exports"
	// Twice: the first path has neither dots nor slashes, the second has both.
	for _, path := range []string{"example.org/first", path} {
		run(t, dir, "scripts/set-module-path", path)
	}
	run(t, dir, "go", "build", "./...")
	if got := run(t, dir, "go", "list", "./cmd/exportd"); got != path+"/cmd/exportd\n" {
		t.Errorf("go list ./cmd/exportd: %q", got)
	}
	proto, err := os.ReadFile(filepath.Join(dir, "api/exporttask.proto"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\npackage exporttask;\n", "\noption go_package = \"" + path + "/api;api\";\n"} {
		if !strings.Contains(string(proto), line) {
			t.Errorf("the proto holds no line %q", line)
		}
	}
	// The tests, which go build leaves out, and the linter's import rules.
	left, _ := exec.CommandContext(t.Context(), "grep", "-rnE", `("|pkg: |\[|, )exporttask/(api|client|cmd|internal|migrations)`,
		"--include=*.go", "--include=.golangci.yml", dir).Output() // exit code 1: none
	if len(left) > 0 {
		t.Errorf("the old path is left in:\n%s", left)
	}
}

func TestSetModulePath_usage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"with blank"}, {"a//b"}, {"a", "b"}} {
		out, err := exec.CommandContext(t.Context(), "./set-module-path", args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "usage: ") {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	const page = "before\n<!-- make x -->\nold\n<!-- end -->\nbetween\n<!-- make y -->\nkept\n<!-- end -->\n"
	for name, tc := range map[string]struct {
		command  string
		recorded bool
	}{
		"figures_hold":       {`echo "ms, p50: 3.5 (wanted <= 10)"; echo "a: b: 4"; echo a note`, true},
		"figure_falls_short": {`echo "ms, p50: 3.5 (wanted <= 10)"; echo "a: b: 4"; exit 1`, true},
		"not_measured":       {`echo "ms, p50: 3.5 (wanted <= 10)"; exit 2`, false},
		"no_figures":         {`echo a note`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "page.md")
			if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "./measure", "x", "sh", "-c", tc.command)
			cmd.Env = append(os.Environ(), "MEASUREMENTS="+file)
			out, err := cmd.CombinedOutput()
			if fails := strings.Contains(tc.command, "exit") || !tc.recorded; fails != (err != nil) {
				t.Errorf("measure: %v\n%s", err, out)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !tc.recorded {
				if string(got) != page {
					t.Errorf("page:\n%s\nwant it unchanged", got)
				}
				return
			}
			_, date, _ := strings.Cut(string(got), "<!-- make x -->\n")
			if !strings.Contains(date, " cores (") || strings.Contains(date, "old") {
				t.Errorf("page:\n%s\nwant date, commit and machine after the marker", got)
			}
			const want = "| --- | --- | --- |\n| ms, p50 | <= 10 | 3.5 |\n| a: b | | 4 |\n<!-- end -->\nbetween\n<!-- make y -->\nkept\n<!-- end -->\n"
			if !strings.HasSuffix(string(got), want) {
				t.Errorf("page:\n%s\nwant it to end with\n%s", got, want)
			}
		})
	}
}
