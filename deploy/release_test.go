package deploy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The release of this machine's platform: the others differ by GOOS and GOARCH.
func TestRelease(t *testing.T) {
	t.Parallel()
	dist := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "scripts/release")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "VERSION="+imageVersion, "PLATFORMS=linux/"+runtime.GOARCH, "DIST="+dist)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("release: %v\n%s", err, out)
	}
	run := func(t *testing.T, argv ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Dir = dist
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", argv, err, out)
		}
		return string(out)
	}
	run(t, "sha256sum", "--check", "--strict", "SHA256SUMS")
	deb := "exportd_" + strings.TrimPrefix(imageVersion, "v") + "_" + runtime.GOARCH + ".deb"

	t.Run("debian_package", func(t *testing.T) {
		root := t.TempDir()
		run(t, "dpkg-deb", "--extract", deb, root)
		if out := run(t, filepath.Join(root, "usr/bin/exportd"), "version"); !strings.HasPrefix(out, "exportd "+imageVersion+" ") {
			t.Errorf("exportd version: %s", out)
		}
		unit := readFile(t, filepath.Join(root, "lib/systemd/system/exportd.service"))
		if !strings.Contains(unit, "ExecStart=/usr/bin/exportd ") {
			t.Errorf("unit:\n%s\nwant the package's program", unit)
		}
		for line := range strings.Lines(run(t, "dpkg-deb", "--contents", deb)) {
			if fields := strings.Fields(line); fields[1] != "root/root" {
				t.Errorf("contents: %s, want root as the owner", line)
			}
		}
		if conf := run(t, "dpkg-deb", "--info", deb, "conffiles"); conf != "/etc/exportd/exportd.yaml\n" {
			t.Errorf("conffiles: %q", conf)
		}
	})

	t.Run("clean_debian", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("only root can make a clean Debian and boot it")
		}
		if out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "--pid", "--cgroup", "--net", "--fork", "true").CombinedOutput(); err != nil {
			t.Skipf("this machine does not permit the namespaces in which a Debian is booted: %v: %s", err, out)
		}
		cmd := exec.CommandContext(t.Context(), "scripts/try-package", filepath.Join(dist, deb))
		cmd.Dir = ".."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("try-package: %v\n%s", err, out)
		}
	})

	t.Run("image", func(t *testing.T) {
		image := filepath.Join(dist, "exportd_"+imageVersion+".oci")
		type descriptor struct {
			MediaType, Digest string
			Size              int64
		}
		// read returns the content of a blob after checking its digest and size.
		read := func(d descriptor, to any) []byte {
			text := readFile(t, filepath.Join(image, "blobs", strings.Replace(d.Digest, ":", "/", 1)))
			sum := sha256.Sum256([]byte(text))
			if d.Digest != "sha256:"+hex.EncodeToString(sum[:]) || d.Size != int64(len(text)) {
				t.Errorf("blob %+v has SHA-256 %x and %d bytes", d, sum, len(text))
			}
			if to != nil {
				if err := json.Unmarshal([]byte(text), to); err != nil {
					t.Fatal(err)
				}
			}
			return []byte(text)
		}
		type index struct{ Manifests []descriptor }
		var top, platforms index
		if err := json.Unmarshal([]byte(readFile(t, filepath.Join(image, "index.json"))), &top); err != nil {
			t.Fatal(err)
		}
		read(top.Manifests[0], &platforms)
		var manifest struct {
			Config descriptor
			Layers []descriptor
		}
		read(platforms.Manifests[0], &manifest)
		var config struct {
			Config struct {
				User       string
				Entrypoint []string
				Env        []string
				Labels     map[string]string
			} `json:"config"`
		}
		read(manifest.Config, &config)
		// The image is the Dockerfile's.
		dockerfile := readFile(t, "../Dockerfile")
		for _, part := range append(config.Config.Env, "USER "+config.Config.User, `ENTRYPOINT ["`+config.Config.Entrypoint[0]+`"]`) {
			if !strings.Contains(dockerfile, part) {
				t.Errorf("the Dockerfile has no %q", part)
			}
		}
		if got := len(imageEnv(t)); len(config.Config.Env) != got {
			t.Errorf("environment %q, want %d variables", config.Config.Env, got)
		}
		for name := range config.Config.Labels {
			if !strings.Contains(dockerfile, name+"=") {
				t.Errorf("the Dockerfile has no label %s", name)
			}
		}
		layer := filepath.Join(t.TempDir(), "layer.tar.gz")
		if err := os.WriteFile(layer, read(manifest.Layers[0], nil), 0o600); err != nil {
			t.Fatal(err)
		}
		list := run(t, "tar", "--numeric-owner", "-tvzf", layer)
		for _, want := range []string{"usr/local/bin/exportd\n", "usr/local/bin/exportctl\n", "etc/ssl/certs/ca-certificates.crt\n", "65532/65532"} {
			if !strings.Contains(list, want) {
				t.Errorf("layer:\n%s\nwant %q", list, want)
			}
		}
	})

	t.Run("sbom", func(t *testing.T) {
		var bom struct {
			Components []struct{ Name, Version, PURL string }
		}
		if err := json.Unmarshal([]byte(readFile(t, filepath.Join(dist, "exportd_"+imageVersion+".cdx.json"))), &bom); err != nil {
			t.Fatal(err)
		}
		for _, c := range bom.Components {
			if c.Name == "google.golang.org/grpc" && strings.Contains(readFile(t, "../go.mod"), c.Name+" "+c.Version) {
				return
			}
		}
		t.Errorf("%d components, want the module google.golang.org/grpc of go.mod", len(bom.Components))
	})
}
