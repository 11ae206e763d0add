package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStack_sayNext(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	(&stack{grpcAddr: standardAddr, httpAddr: "127.0.0.1:50052"}).sayNext(newConsole(out))
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://127.0.0.1:50052/console/"; !strings.Contains(string(said), want) {
		t.Errorf("printed %q, want the address %s", said, want)
	}
}
