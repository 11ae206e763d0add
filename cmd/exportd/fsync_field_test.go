//go:build field

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// A folder whose file system refuses fsync, as SMB and some FUSE do: strace answers
// fsync of the folder for the kernel. The file is taken; an input/output error is
// still an error, and leaves no file.
func TestRender_folder_without_fsync(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	program := exportdtest.Build(t, "exporttask/cmd/exportd")
	for errno, taken := range map[string]bool{"EINVAL": true, "EOPNOTSUPP": true, "ENOSYS": true, "EIO": false, "ENOSPC": false} {
		t.Run(errno, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			trace := filepath.Join(t.TempDir(), "trace")
			cmd := exec.CommandContext(t.Context(), "strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync", "-e", "inject=fsync:error="+errno, "-P", dir,
				program, "render", "-query=SELECT 1 AS a", "-o="+filepath.Join(dir, "out.csv"))
			cmd.Env = append(os.Environ(), "EXPORTD_DSN="+dsn)
			out, err := cmd.CombinedOutput()
			if seen, _ := os.ReadFile(trace); !strings.Contains(string(seen), "INJECTED") {
				t.Fatalf("strace injected nothing (scripts/install-parts field installs it): %v\n%s%s", err, out, seen)
			}
			text, readErr := os.ReadFile(filepath.Join(dir, "out.csv"))
			switch {
			case taken && (err != nil || string(text) != "a\r\n1\r\n" || !strings.Contains(string(out), "cannot fsync folders")):
				t.Errorf("%v, file %q (%v), printed %s", err, text, readErr, out)
			case !taken && (err == nil || !os.IsNotExist(readErr)):
				t.Errorf("%v, file %q (%v), want an error and no file", err, text, readErr)
			}
		})
	}
}
