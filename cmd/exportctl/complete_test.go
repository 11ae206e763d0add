package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exporttask/internal/testkit"
)

func TestCompleteTpls(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "tpls.yaml", ordersYAML+"---\nname: 每日 订单\nsql: SELECT 1 AS one\n---\nname: other\nsql: SELECT 1 AS one\n")
	c.ok(t, "tpl", "create", "-f", "tpls.yaml")
	for begun, want := range map[string]string{"o": "other\norders\n:4\n", "每": "每日 订单\n:4\n", "x": ":4\n"} {
		if out := c.ok(t, "__complete", "run", begun); out != want {
			t.Errorf("completing %q: %q, want %q", begun, out, want)
		}
	}
	away := newCtl(t, "EXPORTCTL_ADDR=127.0.0.1:1")
	if out := away.ok(t, "__complete", "run", "o"); out != ":4\n" {
		t.Errorf("without a service: %q, want nothing", out)
	}
}

func TestCompletion_shells(t *testing.T) {
	t.Parallel()
	c := newCtl(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if out := c.ok(t, "completion", shell); !strings.Contains(out, "exportctl") {
			t.Errorf("%s: %q", shell, out)
		}
	}
	bash := exec.CommandContext(t.Context(), "bash", "-n")
	bash.Stdin = bytes.NewBufferString(c.ok(t, "completion", "bash"))
	if out, err := bash.CombinedOutput(); err != nil {
		t.Errorf("bash -n: %v\n%s", err, out)
	}
}

func TestDial_etcd(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	addr := newSite(t, "-etcd-endpoints="+etcd.Endpoint()).Start(t).Addr
	c := newCtl(t, "EXPORTCTL_ETCD="+etcd.Endpoint())
	if out := c.ok(t, "top", "--once"); !strings.Contains(out, "replicas 1") || !strings.Contains(out, addr) {
		t.Errorf("top --once printed\n%s\nwant the replica %s", out, addr)
	}
	c.write(t, ".config/exportctl.yaml", "etcd: ["+etcd.Endpoint()+"]\n")
	c.env = []string{"HOME=" + c.dir}
	c.ok(t, "tpl", "list")
}

// The script works in a bash without the bash-completion package.
func TestCompleteBash(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "tpls.yaml", ordersYAML+"---\nname: \"every:day\"\nsql: SELECT 1 AS one\n")
	c.ok(t, "tpl", "create", "-f", "tpls.yaml")
	c.write(t, "completion", c.ok(t, "completion", "bash"))
	for name, tc := range map[string]struct {
		words string // as bash splits the line: at blanks, = and :
		line  string
		want  string
	}{
		"command":          {"exportctl versi", "exportctl versi", "version\n"},
		"template":         {"exportctl run or", "exportctl run or", "orders\n"},
		"name_with_colon":  {"exportctl run every : d", "exportctl run every:d", "day\n"},
		"flag_with_equals": {"exportctl run --format = x run", "exportctl run --format=x run", ""},
		"file":             {"exportctl apply -f tpl", "exportctl apply -f tpl", "tpls.yaml\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "bash", "--norc", "--noprofile", "-c", `. ./completion
				compopt() { :; } # refuses to work outside of a completion
				PATH=`+filepath.Dir(c.binary)+`:$PATH
				COMP_WORDS=(`+tc.words+`) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE="`+tc.line+`" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
				__start_exportctl 2>&1 && for w in "${COMPREPLY[@]}"; do [ -z "$w" ] || echo "${w%% *}"; done`)
			cmd.Dir, cmd.Env = c.dir, c.env
			out, err := cmd.CombinedOutput()
			if err != nil || string(out) != tc.want {
				t.Errorf("completing %q: %v, %q, want %q", tc.line, err, out, tc.want)
			}
		})
	}
}
