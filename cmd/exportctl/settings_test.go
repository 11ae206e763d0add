package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"exporttask/client"
)

// loaded is what settings become of flags, variables and a configuration file.
func loaded(t *testing.T, flags []string, env map[string]string, config string) (client.Options, error) {
	t.Helper()
	home := t.TempDir()
	if config != "" {
		if err := os.WriteFile(filepath.Join(home, configName), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	getenv := func(name string) string {
		if name == "XDG_CONFIG_HOME" {
			return home
		}
		return env[name]
	}
	var s settings
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.define(f)
	f.String("format", "", "a flag of a command")
	if err := f.Parse(flags); err != nil {
		t.Fatal(err)
	}
	if err := s.load(f, getenv); err != nil {
		return client.Options{}, err
	}
	return s.options()
}

func TestSettings_precedence(t *testing.T) {
	t.Parallel()
	type env = map[string]string
	for name, tc := range map[string]struct {
		flags  []string
		env    env
		config string
		want   client.Options
	}{
		"nothing given": {want: client.Options{Target: defaultAddr}},
		"a file": {
			config: "addr: a:1\ntoken: secret\noperator: 7\nca-file: /ca.pem\n",
			want:   client.Options{Target: "a:1", Token: "secret", OperatorID: 7, CAFile: "/ca.pem"},
		},
		"etcd as a list": {
			config: "etcd: [e1:2379, e2:2379]\netcd-service: mine\n",
			want:   client.Options{Etcd: []string{"e1:2379", "e2:2379"}, Service: "mine"},
		},
		"the environment before the file": {
			env:    env{"EXPORTCTL_ADDR": "b:2", "EXPORTCTL_OPERATOR": "8", "EXPORTCTL_FORMAT": "csv"},
			config: "addr: a:1\noperator: 7\n",
			want:   client.Options{Target: "b:2", OperatorID: 8},
		},
		"a flag before both": {
			flags: []string{"--addr", "c:3"}, env: env{"EXPORTCTL_ADDR": "b:2"}, config: "addr: a:1\n",
			want: client.Options{Target: "c:3"},
		},
		"an address replaces members of etcd that are further away": {
			flags: []string{"--addr", "c:3"}, env: env{"EXPORTCTL_ETCD": "e:2379"},
			want: client.Options{Target: "c:3"},
		},
		"members of etcd replace an address that is further away": {
			env: env{"EXPORTCTL_ETCD": "e:2379"}, config: "addr: a:1\n",
			want: client.Options{Etcd: []string{"e:2379"}},
		},
		"a token replaces a file of one that is further away": {
			env: env{"EXPORTCTL_TOKEN": "near"}, config: "addr: a:1\ntoken-file: /far\n",
			want: client.Options{Target: "a:1", Token: "near"},
		},
		"a file of a token replaces a token that is further away": {
			flags: []string{"--token-file", "/near"}, env: env{"EXPORTCTL_TOKEN": "far"}, config: "token: further\n",
			want: client.Options{Target: defaultAddr, TokenFile: "/near"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := loaded(t, tc.flags, tc.env, tc.config)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want.Service == "" {
				tc.want.Service = client.DefaultService
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettings_invalid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		flags  []string
		env    map[string]string
		config string
		want   string
	}{
		"an unknown key":           {config: "adr: a:1\n", want: configName + ":1: adr: unknown key"},
		"a flag of a command":      {config: "format: csv\n", want: "format: unknown key"},
		"a wrong value":            {config: "\noperator: me\n", want: configName + ":2: operator: \"me\""},
		"a mapping":                {config: "addr: {a: 1}\n", want: "want a single value"},
		"a wrong variable":         {env: map[string]string{"EXPORTCTL_TLS": "maybe"}, want: "EXPORTCTL_TLS"},
		"both on the command line": {flags: []string{"--addr", "a:1", "--etcd", "e:1"}, want: "the command line gives both"},
		"both in the file":         {config: "addr: a:1\netcd: e:1\n", want: "both given"},
		"a file that is not there": {flags: []string{"--config", "/nowhere.yaml"}, want: "/nowhere.yaml"},
		"no password file":         {flags: []string{"--etcd-password-file", "/nowhere"}, want: "etcd-password-file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loaded(t, tc.flags, tc.env, tc.config)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v, want %q in it", err, tc.want)
			}
			if code := exitCode(err); code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
		})
	}
}
