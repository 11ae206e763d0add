package deploy_test

import (
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// imageDir holds the programs of the image. TestMain makes and removes it.
var imageDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "exportd-image-")
	if err != nil {
		panic(err)
	}
	imageDir = dir
	m.Run() // the exit code is kept in m
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
}

// imageVersion is the release that the image is built as.
const imageVersion = "v9.8.7"

// build runs the go build command of the Dockerfile here, once in a test process.
var build = sync.OnceValue(func() error {
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		return err
	}
	line := regexp.MustCompile(`(?m)^RUN (.*\bgo build\b.*)$`).FindSubmatch(text)
	if line == nil {
		return errors.New("no RUN line with go build")
	}
	cmd := exec.Command("sh", "-ec", strings.ReplaceAll(string(line[1]), "/out/", imageDir+"/"))
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "TARGETOS="+runtime.GOOS, "TARGETARCH="+runtime.GOARCH, "VERSION="+imageVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", line[1], err, out)
	}
	return nil
})

// program is a program of the image.
func program(t *testing.T, name string) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatalf("Dockerfile: %v", err)
	}
	return filepath.Join(imageDir, name)
}

func TestDockerfile_static_programs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"exportd", "exportctl"} {
		file := program(t, name)
		f, err := elf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP {
				t.Errorf("%s wants a dynamic loader, which the image does not have", name)
			}
		}
		if libs, err := f.ImportedLibraries(); err != nil || len(libs) > 0 {
			t.Errorf("%s wants %v (%v)", name, libs, err)
		}
		info, err := buildinfo.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		if settings["-trimpath"] != "true" || settings["CGO_ENABLED"] != "0" {
			t.Errorf("%s was built with %v, want -trimpath and without cgo", name, settings)
		}
	}
}

func TestDockerfile_version(t *testing.T) {
	t.Parallel()
	head, err := exec.CommandContext(t.Context(), "git", "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"exportd", "version"},
		{"exportd", "--version"},
		{"exportctl", "version"},
		{"exportctl", "--version"},
	} {
		cmd := exec.CommandContext(t.Context(), program(t, args[0]), args[1])
		cmd.Env = []string{} // as in an image without an environment
		out, err := cmd.CombinedOutput()
		if want := args[0] + " " + imageVersion + " (commit " + strings.TrimSpace(string(head)); err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%v: %v\n%s, want prefix %q", args, err, out, want)
		}
		if !strings.Contains(string(out), runtime.Version()) {
			t.Errorf("%v: %s, want Go version %s", args, out, runtime.Version())
		}
	}
}

func TestDockerfile_go_version(t *testing.T) {
	t.Parallel()
	module := match(t, "../go.mod", `(?m)^go (\d+\.\d+)`)
	if builder := match(t, "../Dockerfile", `FROM .*golang:(\d+\.\d+)`); builder != module {
		t.Errorf("the Dockerfile builds with Go %s, go.mod is of %s", builder, module)
	}
}

// match is the first group of the pattern in the file's text.
func match(t *testing.T, file, pattern string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s: nothing like %s", file, pattern)
	}
	return string(found[1])
}
