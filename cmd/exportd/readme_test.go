package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exporttask/internal/testkit"
)

// What the README tells a newcomer to type must work as it stands, in its
// order, up to the address and the place of grpcurl.
func TestReadme_commands(t *testing.T) {
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
	s := startService(t, testkit.Database(t))
	var answers []string
	for line := range strings.Lines(string(readme)) {
		if !strings.HasPrefix(line, "grpcurl ") && !strings.HasPrefix(line, "curl ") && !strings.HasPrefix(line, "go run ./clients/go") {
			continue
		}
		line = strings.ReplaceAll(line, "127.0.0.1:50051", s.addr)
		line = strings.ReplaceAll(line, "127.0.0.1:50052", strings.TrimPrefix(s.http, "http://"))
		cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), `"errCode": "3"`) {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		answers = append(answers, string(out))
	}
	if len(answers) != 8 {
		t.Fatalf("ran %d commands, want 8", len(answers))
	}
	// The file of the first export, as grpcurl shows bytes.
	if !strings.Contains(answers[3], "RXRwbE5hbWUNCndvcmxkDQo=") {
		t.Errorf("DownloadInst answered %s", answers[3])
	}
	if answers[6] != "EtplName\r\nworld\r\n" {
		t.Errorf("curl fetched %q", answers[6])
	}
	if !strings.Contains(answers[7], "EtplName\r\nworld\r\ngoclient\r\n") {
		t.Errorf("the Go client printed %s", answers[7])
	}
}
