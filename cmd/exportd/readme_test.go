package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exporttask/internal/fixture"
)

// What the README tells a newcomer to type must work as it stands, in its
// order, up to the address and the place of grpcurl.
func TestTheReadmesGrpcurlCommandsWork(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	grpcurl(t, "-version") // says what to do where it is missing
	bin, err := filepath.Abs("../../.cache/bin")
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("EXPORTD_CACHE"); dir != "" {
		bin = filepath.Join(dir, "bin")
	}
	s := startService(t, fixture.Database(t))
	last, ran := "", 0
	for line := range strings.Lines(string(readme)) {
		if !strings.HasPrefix(line, "grpcurl ") {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(line, "127.0.0.1:50051", s.addr))
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), `"errCode": "3"`) {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		last, ran = string(out), ran+1
	}
	// The file of the template's first export, as grpcurl shows bytes.
	if const64 := "RXRwbE5hbWUNCndvcmxkDQo="; ran != 4 || !strings.Contains(last, const64) {
		t.Errorf("%d commands, the last answered %s", ran, last)
	}
}
