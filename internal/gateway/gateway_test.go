package gateway

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"exporttask/api"
)

// routes returns "METHOD /path" of each RPC in the served document.
func routes(t *testing.T) map[string]string {
	t.Helper()
	text, err := openAPI(generatedOpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			rpc := strings.TrimPrefix(op.OperationID, "ExportTask_")
			all[rpc] = strings.ToUpper(method) + " " + path
		}
	}
	return all
}

// TestRoutes_Complete fails for an RPC without a route.
func TestRoutes_Complete(t *testing.T) {
	t.Parallel()
	all := routes(t)
	desc := api.ExportTask_ServiceDesc
	var names []string
	for _, m := range desc.Methods {
		names = append(names, m.MethodName)
	}
	for _, s := range desc.Streams {
		names = append(names, s.StreamName)
	}
	for _, name := range names {
		if all[name] == "" {
			t.Errorf("%s has no route in routes.yaml", name)
		}
		delete(all, name)
	}
	delete(all, "SignedLink")
	if len(all) != 0 {
		t.Errorf("routes without an RPC: %v", all)
	}
}

// TestRoutes_Documented compares the routes with docs/http.md.
func TestRoutes_Documented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `((?:GET|POST|PATCH|DELETE) /(?:v1|d)/[^`]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		got = append(got, m[1])
	}
	var want []string
	for _, r := range routes(t) {
		want = append(want, r)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("docs/http.md lists\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDisposition(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"orders.csv":    `attachment; filename=orders.csv`,
		"my orders.csv": `attachment; filename="my orders.csv"`,
		"订单-1.csv":      `attachment; filename=__-1.csv; filename*=UTF-8''%E8%AE%A2%E5%8D%95-1.csv`,
		"a\"b\\c%d.csv": `attachment; filename=a_b_c_d.csv; filename*=UTF-8''a%22b%5Cc%25d.csv`,
		"a\r\nb.csv":    `attachment; filename=a__b.csv; filename*=UTF-8''a%0D%0Ab.csv`,
	} {
		if got := disposition(name); got != want {
			t.Errorf("%q: got %s\nwant %s", name, got, want)
		}
	}
}
