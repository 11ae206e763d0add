package deploy_test

import (
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// command is how a package starts exportd.
type command struct {
	args    []string
	env     map[string]string
	secrets map[string]string // path in the package: the file of make-secrets that it holds
}

// shipped is what one package makes of exportd.
type shipped struct {
	configPath string // where the package puts exportd.yaml
	config     string
	migrate    *command // nil: exportd migrates by itself
	serve      command
	grace      time.Duration // from SIGTERM to SIGKILL
	probes     []string      // paths that are asked on the HTTP port
}

// packages are all of them, by name.
func packages(t *testing.T) map[string]*shipped {
	t.Helper()
	return map[string]*shipped{"compose": compose(t), "kubernetes": kubernetes(t), "systemd": systemd(t)}
}

// imageEnv is the environment that the image gives.
func imageEnv(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, pair := range regexp.MustCompile(`EXPORTD_\w+=\S+`).FindAllString(readFile(t, "../Dockerfile"), -1) {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

func compose(t *testing.T) *shipped {
	t.Helper()
	type service struct {
		Command     []string
		Environment map[string]string
		Secrets     []yaml.Node
		Grace       time.Duration `yaml:"stop_grace_period"`
	}
	var file struct {
		Services struct {
			Migrate service
			Replica service `yaml:"exportd-1"`
		}
		Secrets map[string]struct{ File string }
	}
	decode(t, "compose/compose.yaml", &file)
	start := func(s service) command {
		c := command{args: s.Command, env: imageEnv(t), secrets: map[string]string{}}
		maps.Copy(c.env, s.Environment)
		for _, secret := range s.Secrets {
			c.secrets["/run/secrets/"+secret.Value] = path.Base(file.Secrets[secret.Value].File)
		}
		return c
	}
	migrate := start(file.Services.Migrate)
	return &shipped{
		configPath: "/etc/exportd/exportd.yaml", config: readFile(t, "compose/exportd.yaml"),
		migrate: &migrate, serve: start(file.Services.Replica), grace: file.Services.Replica.Grace,
	}
}

func kubernetes(t *testing.T) *shipped {
	t.Helper()
	type probe struct {
		HTTPGet struct{ Path, Scheme string } `yaml:"httpGet"`
	}
	type container struct {
		Args         []string
		Env          []struct{ Name, Value string }
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
		Startup   probe `yaml:"startupProbe"`
		Liveness  probe `yaml:"livenessProbe"`
		Readiness probe `yaml:"readinessProbe"`
	}
	var file struct {
		Spec struct {
			Template struct {
				Spec struct {
					Grace          int         `yaml:"terminationGracePeriodSeconds"`
					InitContainers []container `yaml:"initContainers"`
					Containers     []container
					Volumes        []struct {
						Name   string
						Secret struct {
							Name string `yaml:"secretName"`
						}
					}
				}
			}
		}
	}
	decode(t, "kubernetes/deployment.yaml", &file)
	pod := file.Spec.Template.Spec
	volumes := map[string]string{} // name: its secret
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.Secret.Name
	}
	keys := exampleKeys(t)
	start := func(c container) command {
		started := command{args: c.Args, env: imageEnv(t), secrets: map[string]string{}}
		for _, e := range c.Env {
			started.env[e.Name] = strings.ReplaceAll(e.Value, "$(POD_IP)", "10.1.2.3")
		}
		for _, m := range c.VolumeMounts {
			for _, key := range keys[volumes[m.Name]] {
				started.secrets[path.Join(m.MountPath, key)] = key
				if m.Name == "migrate" {
					started.secrets[path.Join(m.MountPath, key)] = "migrate-dsn"
				}
			}
		}
		return started
	}
	migrate, serve := start(pod.InitContainers[0]), pod.Containers[0]
	s := &shipped{
		configPath: "/etc/exportd/config/exportd.yaml", config: readFile(t, "kubernetes/exportd.yaml"),
		migrate: &migrate, serve: start(serve), grace: time.Duration(pod.Grace) * time.Second,
	}
	for _, p := range []probe{serve.Startup, serve.Liveness, serve.Readiness} {
		if p.HTTPGet.Scheme != "HTTPS" {
			t.Errorf("kubernetes: probe %s by %q, want HTTPS", p.HTTPGet.Path, p.HTTPGet.Scheme)
		}
		s.probes = append(s.probes, p.HTTPGet.Path)
	}
	var monitor struct {
		Spec struct {
			Endpoints []struct{ Path string } `yaml:"podMetricsEndpoints"`
		}
	}
	decode(t, "kubernetes/podmonitor.yaml", &monitor)
	s.probes = append(s.probes, monitor.Spec.Endpoints[0].Path)
	return s
}

// exampleKeys are the keys of each secret that the example names.
func exampleKeys(t *testing.T) map[string][]string {
	t.Helper()
	keys := map[string][]string{}
	for docs := yaml.NewDecoder(strings.NewReader(readFile(t, "kubernetes/secrets.example.yaml"))); ; {
		var secret struct {
			Metadata struct{ Name string }
			Data     map[string]string `yaml:"stringData"`
		}
		err := docs.Decode(&secret)
		if errors.Is(err, io.EOF) {
			return keys
		}
		if err != nil {
			t.Fatal(err)
		}
		for key := range secret.Data {
			keys[secret.Metadata.Name] = append(keys[secret.Metadata.Name], key)
		}
	}
}

func systemd(t *testing.T) *shipped {
	t.Helper()
	const credentials = "/run/credentials/exportd.service"
	s := &shipped{configPath: "/etc/exportd/exportd.yaml", config: readFile(t, "systemd/exportd.yaml")}
	s.serve = command{env: map[string]string{}, secrets: map[string]string{
		"/etc/exportd/tokens.yaml": "tokens.yaml", "/etc/exportd/tls.crt": "tls.crt", "/etc/exportd/tls.key": "tls.key",
	}}
	// exportd migrates by itself, with the account that may.
	holds := map[string]string{"db-dsn": "migrate-dsn", "reader-dsn": "shop-dsn"}
	specifiers := strings.NewReplacer("%d", credentials, "%S", "/var/lib")
	for line := range strings.Lines(readFile(t, "systemd/exportd.service")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = specifiers.Replace(value)
		switch key {
		case "ExecStart":
			s.serve.args = strings.Fields(value)[1:]
		case "Environment":
			for pair := range strings.FieldsSeq(value) {
				name, text, _ := strings.Cut(pair, "=")
				s.serve.env[name] = text
			}
		case "LoadCredential":
			name, _, _ := strings.Cut(value, ":")
			s.serve.secrets[path.Join(credentials, name)] = holds[name]
		case "TimeoutStopSec":
			grace, err := time.ParseDuration(value + "s")
			if err != nil {
				t.Fatalf("TimeoutStopSec=%s: want a number of seconds", value)
			}
			s.grace = grace
		}
	}
	return s
}

func decode(t *testing.T, file string, to any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(readFile(t, file)), to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
