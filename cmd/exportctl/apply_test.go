package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tpls are the names and versions of the templates that the server shows.
func (c *ctl) tpls(t *testing.T) map[string]int {
	t.Helper()
	var list []struct {
		EtplName    string
		EtplVersion int
	}
	c.parsed(t, &list, "tpl", "list")
	versions := map[string]int{}
	for _, p := range list {
		versions[p.EtplName] = p.EtplVersion
	}
	return versions
}

func (c *ctl) wantTpls(t *testing.T, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, c.tpls(t)); diff != "" {
		t.Errorf("templates and versions (-want +got):\n%s", diff)
	}
}

func TestApply_templates(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "templates/orders.yaml", ordersYAML)
	c.write(t, "templates/more/paid.yml", "name: paid\ntag: shop\nsql: SELECT id FROM orders\n")
	c.write(t, "templates/README.md", "no template")
	apply := []string{"apply", "-f", "templates"}

	out := c.ok(t, append(apply, "--dry-run")...)
	for _, want := range []string{`create template "orders"`, "+ name: orders", `create template "paid"`, "2 to create, 0 to update, 0 to delete"} {
		if !strings.Contains(out, want) {
			t.Errorf("--dry-run printed\n%s\nwant %q in it", out, want)
		}
	}
	c.wantTpls(t, map[string]int{})
	c.fails(t, exitUsage, "--yes", apply...)
	c.wantTpls(t, map[string]int{})

	c.ok(t, append(apply, "--yes")...)
	c.wantTpls(t, map[string]int{"orders": 1, "paid": 1})
	if out := c.ok(t, append(apply, "--yes")...); out != "nothing to change\n" {
		t.Errorf("the second time it printed\n%s", out)
	}

	c.write(t, "templates/orders.yaml", strings.Replace(ordersYAML, "id, no, amount", "id, no", 1))
	out = c.ok(t, append(apply, "--yes")...)
	const diff = "- sql: SELECT id, no, amount FROM orders WHERE paid >= :from ORDER BY id\n  + sql: SELECT id, no FROM orders"
	if !strings.Contains(out, diff) {
		t.Errorf("the change was shown as\n%s", out)
	}
	c.wantTpls(t, map[string]int{"orders": 2, "paid": 1})

	// What the files leave out stays, unless it is to go and bears their tag.
	c.write(t, "other.yaml", "name: other\ntag: books\nsql: SELECT 1 AS one\n")
	c.ok(t, "apply", "-f", "other.yaml", "--yes")
	if err := os.Remove(c.dir + "/templates/more/paid.yml"); err != nil {
		t.Fatal(err)
	}
	c.ok(t, append(apply, "--yes")...)
	c.wantTpls(t, map[string]int{"orders": 2, "paid": 1, "other": 1})
	c.ok(t, append(apply, "--yes", "--prune")...)
	c.wantTpls(t, map[string]int{"orders": 2, "other": 1})
}

func TestApply_invalid_files(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "templates/a.yaml", ordersYAML)
	c.write(t, "templates/b.yaml", "name: orders\nsql: SELECT 1 AS one\ncolums: no\nformat: pdf\ntimeout: soon\nparams:\n  - {name: x, type: number}\n")
	r := c.fails(t, exitUsage, "", "apply", "-f", "templates", "--yes")
	for _, want := range []string{
		"templates/b.yaml:3: colums: unknown key, want one of name, tag",
		`templates/b.yaml:4: format: "pdf", want one of default, csv, xls, xlsx`,
		`templates/b.yaml:5: timeout: "soon", want a duration`,
		`templates/b.yaml:7: params[0].type: "number", want one of string`,
		`templates/b.yaml:1: name: "orders" is the name of the template at templates/a.yaml:1 already`,
	} {
		if !strings.Contains(r.err, want) {
			t.Errorf("not told: %s\n%s", want, r.err)
		}
	}
	c.wantTpls(t, map[string]int{})
}

// What the server would refuse is told before anything is changed, all of it.
func TestApply_template_refused(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "templates/1.yaml", ordersYAML)
	c.write(t, "templates/2.yaml", "\nname: broken\nsql: SELECT nothing FROM nowhere\n")
	c.write(t, "templates/3.yaml", "name: sent\nsql: SELECT 1 AS one\ndeliverTo: [{destination: moon}]\n")
	for _, mode := range []string{"--yes", "--dry-run"} {
		r := c.fails(t, exitRefused, "nothing was changed", "apply", "-f", "templates", mode)
		for _, want := range []string{`templates/2.yaml:2: create template "broken"`, "nowhere", `templates/3.yaml:1: create template "sent"`, `etplDeliverTo[0].destination: "moon"`} {
			if !strings.Contains(r.err, want) {
				t.Errorf("%s: not told: %s\n%s", mode, want, r.err)
			}
		}
		c.wantTpls(t, map[string]int{})
	}
}

func TestApply_reverts_after_refusal(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "old.yaml", ordersYAML)
	c.ok(t, "apply", "-f", "old.yaml", "--yes")
	c.write(t, "templates/1.yaml", strings.Replace(ordersYAML, "id, no, amount", "id", 1))
	c.write(t, "templates/2.yaml", "name: new\nsql: SELECT 1 AS one\n")
	c.write(t, "templates/3.yaml", "\nname: late\nsql: SELECT 1 AS one\nschedules:\n  - {name: never, cron: '0 0 31 2 *'}\n")
	r := c.fails(t, exitRefused, "are reverted", "apply", "-f", "templates", "--yes")
	if !strings.Contains(r.err, `templates/3.yaml:5: create schedule "late/never"`) || !strings.Contains(r.err, "never comes due") {
		t.Errorf("it does not tell which and why: %s", r.err)
	}
	c.wantTpls(t, map[string]int{"orders": 3})
	if out := c.ok(t, "apply", "-f", "old.yaml", "--yes"); out != "nothing to change\n" {
		t.Errorf("the old template is another one now:\n%s", out)
	}
}

// docs/exportctl.md's example has every key of a template.
func TestApply_documented_template(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/exportctl.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("no example in docs/exportctl.md")
	}
	// The example is for the shop of make run; these tests have a smaller one.
	example = strings.NewReplacer("order_no", "no", "order_id", "id", "created_at", "paid", "source: shop", "source: default").Replace(example)
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "example.yaml", example)
	c.ok(t, "apply", "-f", "example.yaml", "--yes")
	if out := c.ok(t, "apply", "-f", "example.yaml", "--yes"); out != "nothing to change\n" {
		t.Errorf("applied, it differs:\n%s", out)
	}
	c.write(t, "shown.yaml", c.ok(t, "tpl", "show", "daily orders", "-o", "yaml"))
	if out := c.ok(t, "apply", "-f", "shown.yaml", "--yes"); out != "nothing to change\n" {
		t.Errorf("what `tpl show -o yaml` writes differs:\n%s", out)
	}
	c.ok(t, "run", "daily orders", "-p", "from=2026-02-18", "-p", "statuses=1", "-o", "o.csv", "-q")
	want := "\xef\xbb\xbf\"no\";\"Amount\";\"Status\";\"paid\"\n\"00000481\";\"120.25\";\"paid\";\"2026-02-18\"\n"
	if got := c.read(t, "o.csv"); !strings.HasPrefix(got, want) {
		t.Errorf("got %q\nwant it to begin with %q", got, want)
	}
	for flag := range strings.FieldsSeq("name tag source sql params columns extraColumns format options limits timeout attempts retention") {
		if !strings.Contains(example, "\n"+flag+":") && !strings.HasPrefix(example, flag+":") {
			t.Errorf("the example does not have %s", flag)
		}
	}
}

func TestTpl_commands(t *testing.T) {
	t.Parallel()
	c := at(t, newSite(t).Start(t).Addr)
	c.write(t, "orders.yaml", ordersYAML)
	c.ok(t, "tpl", "create", "-f", "orders.yaml")
	out := c.ok(t, "tpl", "preview", "orders", "-p", "from=2026-02-20", "--rows", "1")
	if diff := cmp.Diff("id   no        amount\n500  00000500  125.00\n", out); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	if out := c.ok(t, "tpl", "preview", "-f", "orders.yaml", "--rows", "1"); !strings.Contains(out, "00000001") {
		t.Errorf("preview of a file:\n%s", out)
	}
	c.write(t, "orders.yaml", strings.Replace(ordersYAML, "tag: shop", "tag: 店", 1))
	if out := c.ok(t, "tpl", "update", "1", "-f", "orders.yaml"); out != "template 1 is version 2\n" {
		t.Errorf("update printed %q", out)
	}
	list := strings.Split(c.ok(t, "tpl", "list"), "\n")
	if len(list) != 3 || !strings.Contains(list[1], "orders  店") {
		t.Errorf("list:\n%s", strings.Join(list, "\n"))
	}
	if out := c.ok(t, "tpl", "show", "orders"); !strings.Contains(out, "version   2") || !strings.Contains(out, "tag: 店") {
		t.Errorf("show:\n%s", out)
	}
	c.fails(t, exitUsage, "--yes", "tpl", "delete", "orders")
	c.ok(t, "tpl", "delete", "orders", "--yes")
	c.fails(t, exitNotFound, `no template "orders"`, "tpl", "show", "orders")
	c.ok(t, "tpl", "create", "-f", "orders.yaml")
	c.ok(t, "tpl", "create", "-f", "orders.yaml")
	c.fails(t, exitError, `2 templates are called "orders" (3, 2)`, "run", "orders")
}
