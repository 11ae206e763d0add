package packaging_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadCompose reads compose.yaml as docker compose does, its schema included.
func loadCompose(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{root + "deploy/compose/compose.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestCompose_hardening(t *testing.T) {
	t.Parallel()
	project := loadCompose(t)
	ours := 0
	for name, s := range project.Services {
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.Privileged {
			t.Errorf("%s: security_opt %q, want no-new-privileges", name, s.SecurityOpt)
		}
		if !strings.HasPrefix(s.Image, "exportd:") {
			continue
		}
		ours++
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.User != "" {
			t.Errorf("%s: read_only %t, cap_drop %q, cap_add %q, user %q; want a read-only root, no capability and the image's user",
				name, s.ReadOnly, s.CapDrop, s.CapAdd, s.User)
		}
	}
	if ours != 4 {
		t.Errorf("%d services of exportd's image, want migrate and three replicas", ours)
	}
}

func TestCompose_pinned_images_and_loopback(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`:v?\d+\.\d+\.\d+$`)
	for name, s := range loadCompose(t).Services {
		if s.Build == nil && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q, want a whole version", name, s.Image)
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is published on %q, want 127.0.0.1", name, p.Published, p.HostIP)
			}
		}
	}
}

func TestCompose_replicas(t *testing.T) {
	t.Parallel()
	project := loadCompose(t)
	for _, name := range []string{"exportd-1", "exportd-2", "exportd-3"} {
		s, ok := project.Services[name]
		if !ok {
			t.Fatalf("no service %s", name)
		}
		if at := s.Environment["EXPORTD_ADVERTISE"]; at == nil {
			t.Errorf("%s: advertises nothing", name)
		} else if *at != name+":50051" || s.Hostname != name {
			t.Errorf("%s: advertises %s as host %s, want its own name", name, *at, s.Hostname)
		}
		if len(s.Volumes) != 1 || s.Volumes[0].Source != "store" || s.Volumes[0].Target != "/var/lib/exportd" {
			t.Errorf("%s: volumes %v, want the store", name, s.Volumes)
		}
		if on := s.DependsOn["migrate"]; on.Condition != types.ServiceConditionCompletedSuccessfully {
			t.Errorf("%s: waits for migrate with %q, want its success", name, on.Condition)
		}
	}
}

func TestMakeSecrets(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "secrets")
	if out, err := exec.CommandContext(t.Context(), root+"deploy/compose/make-secrets", dir).CombinedOutput(); err != nil {
		t.Fatalf("make-secrets: %v\n%s", err, out)
	}
	project := loadCompose(t)
	here, err := filepath.Abs(root + "deploy/compose/secrets")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range project.Secrets {
		if filepath.Dir(s.File) != here {
			t.Errorf("secret %s: %s, want a file of %s", name, s.File, here)
		}
		if found, err := filepath.Glob(filepath.Join(dir, filepath.Base(s.File))); err != nil || len(found) != 1 {
			t.Errorf("secret %s: make-secrets makes no %s", name, filepath.Base(s.File))
		}
	}
	if out, err := exec.CommandContext(t.Context(), root+"deploy/compose/make-secrets", dir).CombinedOutput(); err == nil {
		t.Errorf("make-secrets replaced secrets that a database already took: %s", out)
	}
}
