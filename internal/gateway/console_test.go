package gateway

import (
	"testing"

	"exporttask/internal/console"
)

// withConsole serves the console, below a path prefix.
func withConsole(t *testing.T, prefix string) func(*Config) {
	t.Helper()
	app, err := console.New(prefix)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Console = app }
}

func TestGateway_Console(t *testing.T) {
	t.Parallel()
	html := map[string]string{"Accept": "text/html"}
	on, off, behind := newServer(t, withConsole(t, "")), newServer(t, nil), newServer(t, withConsole(t, "/exports"))
	for name, c := range map[string]struct {
		server   *server
		request  request
		status   int
		location string
	}{
		"root_in_a_browser":  {on, request{"GET", "/", "", "", html}, 302, "/console/"},
		"root_of_a_program":  {on, request{"GET", "/", "", "", nil}, 404, ""},
		"without_slash":      {on, request{"GET", "/console", "", "", html}, 302, "/console/"},
		"behind_a_prefix":    {behind, request{"GET", "/", "", "", html}, 302, "/exports/console/"},
		"page":               {on, request{"GET", "/console/", "", "", html}, 200, ""},
		"head":               {on, request{"HEAD", "/console/runs/1", "", "", html}, 200, ""},
		"post":               {on, request{"POST", "/console/", "", "", html}, 405, ""},
		"api_is_no_page":     {on, request{"GET", "/v1/gone", "", "", html}, 404, ""},
		"off":                {off, request{"GET", "/console/", "", "", html}, 404, ""},
		"off_root":           {off, request{"GET", "/", "", "", html}, 404, ""},
		"off_page":           {off, request{"GET", "/console/runs/1", "", "", html}, 404, ""},
		"traversal_is_a_404": {on, request{"GET", "/console/..%2f..%2fgo.mod", "", "", nil}, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := c.server.doNoRedirect(t, c.request)
			if got.status != c.status || got.header.Get("Location") != c.location {
				t.Errorf("got %d to %q, want %d to %q", got.status, got.header.Get("Location"), c.status, c.location)
			}
		})
	}
}
