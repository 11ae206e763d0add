package packaging_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

const root = "../../"

// baseImages stands in for a registry: every image is an empty one.
type baseImages struct{}

// ResolveImageConfig implements llb.ImageMetaResolver.
func (baseImages) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		platform = *opt.ImageOpt.Platform
	}
	config, err := json.Marshal(ocispecs.Image{Platform: platform})
	return ref, digest.FromBytes(config), config, err
}

func TestDockerfile_config(t *testing.T) {
	t.Parallel()
	result, err := dockerfile2llb.Dockerfile2LLB(t.Context(), read(t, "Dockerfile"), dockerfile2llb.ConvertOpt{
		MetaResolver: baseImages{},
		Warn: func(rule, _, _, text string, at []parser.Range) {
			t.Errorf("Dockerfile: %s: %s (%v)", rule, text, at)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := result.Image.Config
	if want := []string{"/usr/local/bin/exportd"}; !slices.Equal(c.Entrypoint, want) || c.Cmd != nil {
		t.Errorf("entrypoint %q with %q, want %q alone: options come from whoever runs it", c.Entrypoint, c.Cmd, want)
	}
	if c.User != "65532:65532" {
		t.Errorf("user %q, want numbers that are not root's", c.User)
	}
	for _, port := range []string{"50051/tcp", "50052/tcp"} {
		if _, ok := c.ExposedPorts[port]; !ok {
			t.Errorf("%s is not exposed", port)
		}
	}
	if !slices.Contains(c.Env, "EXPORTD_STORE_DIR=/var/lib/exportd") || len(c.Volumes) != 1 {
		t.Errorf("environment %q, volumes %v, want the store in the one volume", c.Env, c.Volumes)
	}
	for name, label := range c.Labels {
		if strings.Contains(label, "://") {
			t.Errorf("label %s: %q names a host, which differs for everybody who builds it", name, label)
		}
	}
}

func TestEtcdDockerfile(t *testing.T) {
	t.Parallel()
	const file = "deploy/compose/etcd.Dockerfile"
	result, err := dockerfile2llb.Dockerfile2LLB(t.Context(), read(t, file), dockerfile2llb.ConvertOpt{
		MetaResolver: baseImages{},
		Warn: func(rule, _, _, text string, at []parser.Range) {
			t.Errorf("%s: %s: %s (%v)", file, rule, text, at)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c := result.Image.Config; c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/usr/local/bin/etcd"}) {
		t.Errorf("user %q, entrypoint %q, want etcd without root", c.User, c.Entrypoint)
	}
	// The module that `make tools` builds it from, and the same Go.
	const built = "go.etcd.io/etcd/server/v3"
	if !strings.Contains(string(read(t, "Makefile")), "cd tools && go build -o $@ "+built) || !strings.Contains(string(read(t, file)), " "+built+"\n") {
		t.Errorf("the Makefile and %s do not build %s from tools/go.mod alike", file, built)
	}
	from := func(name string) string {
		line, _, _ := strings.Cut(string(read(t, name))[strings.Index(string(read(t, name)), "FROM "):], "\n")
		return line
	}
	if from(file) != from("Dockerfile") {
		t.Errorf("%s begins %q, the Dockerfile %q", file, from(file), from("Dockerfile"))
	}
}

func TestDockerignore(t *testing.T) {
	t.Parallel()
	file, err := os.Open(root + ".dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	tracked, err := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	files := strings.Fields(string(tracked))
	for _, f := range append(files, ".git/HEAD") {
		if skip, err := ignored.MatchesOrParentMatches(f); err != nil || skip {
			t.Errorf(".dockerignore leaves out %s (%v): the version would be that of a changed checkout", f, err)
		}
	}
	for _, f := range []string{".cache/bin/exportd", ".exportd/password", "deploy/compose/secrets/tls.key"} {
		if skip, err := ignored.MatchesOrParentMatches(f); err != nil || !skip {
			t.Errorf(".dockerignore lets %s into the context (%v)", f, err)
		}
	}
}

// read returns a file of the repository.
func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
