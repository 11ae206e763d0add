package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// systemd-analyze verify ends well with keys and values that it does not know;
// that it has nothing to say is what counts.
func TestSystemdUnit_verify(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "exportd") // stands in for the installed one
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "exportd.service")
	text := strings.ReplaceAll(string(read(t, "deploy/systemd/exportd.service")), "/usr/local/bin/exportd", program)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := analyze(t, "verify", "--man=no", unit); err != nil || out != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func TestSystemdUnit_security(t *testing.T) {
	t.Parallel()
	// Tenths: 1.5 of 10. What remains is that it uses the network.
	out, err := analyze(t, "security", "--offline=true", "--threshold=15", "--no-pager", root+"deploy/systemd/exportd.service")
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

func TestSysusers_uid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, sub := range []string{"etc", "usr/lib/sysusers.d"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "usr/lib/sysusers.d/exportd.conf")
	if err := os.WriteFile(file, read(t, "deploy/systemd/exportd.sysusers"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-sysusers", "--root="+dir).CombinedOutput(); err != nil {
		t.Fatalf("systemd-sysusers: %v\n%s", err, out)
	}
	passwd, err := os.ReadFile(filepath.Join(dir, "etc/passwd"))
	if err != nil || !strings.HasPrefix(string(passwd), "exportd:x:65532:65532:") {
		t.Errorf("systemd-sysusers made %q (%v), want exportd with 65532", passwd, err)
	}
}

func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Fatalf("%v: install Debian's systemd", err)
	}
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
