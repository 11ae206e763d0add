package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// methodTable has the HTTP methods of each path of the API.
type methodTable struct{ paths []pathMethods }

type pathMethods struct {
	segments []string // "{name}" matches any segment, "{name}:verb" any that ends with ":verb"
	methods  []string
}

// newMethodTable reads the methods of each path from the OpenAPI document.
func newMethodTable(document []byte) (*methodTable, error) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	t := &methodTable{}
	for path, operations := range doc.Paths {
		p := pathMethods{segments: strings.Split(path, "/")}
		for method := range operations {
			p.methods = append(p.methods, strings.ToUpper(method))
		}
		if slices.Contains(p.methods, http.MethodGet) {
			p.methods = append(p.methods, http.MethodHead)
		}
		slices.Sort(p.methods)
		t.paths = append(t.paths, p)
	}
	return t, nil
}

// allow returns the value of the Allow header for a path, empty for a path that
// does not exist.
func (t *methodTable) allow(path string) string {
	segments := strings.Split(path, "/")
	var methods []string
	for _, p := range t.paths {
		if slices.EqualFunc(p.segments, segments, matchSegment) {
			methods = append(methods, p.methods...)
		}
	}
	slices.Sort(methods)
	return strings.Join(slices.Compact(methods), ", ")
}

func matchSegment(pattern, segment string) bool {
	if !strings.HasPrefix(pattern, "{") {
		return pattern == segment
	}
	_, verb, hasVerb := strings.Cut(pattern, "}:")
	_, got, found := strings.Cut(segment, ":")
	if !hasVerb {
		return segment != "" && !found
	}
	return found && got == verb
}

// checkRoute answers requests for paths and methods that do not exist, and passes
// the others on to the generated routes. HEAD requests become GET requests;
// net/http sends no body in the reply to a HEAD request.
func (g *gateway) checkRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		allow := g.methods.allow(r.URL.Path)
		switch {
		case allow == "":
			writeStatus(w, http.StatusNotFound, fmt.Sprintf("no such route: %s %.200q; /openapi.json lists the routes", r.Method, r.URL.Path))
			return
		case !slices.Contains(strings.Split(allow, ", "), r.Method):
			writeMethodNotAllowed(w, r, allow)
			return
		case r.Method == http.MethodHead:
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

// writeMethodNotAllowed answers with status 405 and the allowed methods (RFC 9110
// section 15.5.6).
func writeMethodNotAllowed(w http.ResponseWriter, r *http.Request, allow string) {
	w.Header().Set("Allow", allow)
	text := fmt.Sprintf("%s is not a method of %.200q, want one of %s", r.Method, loggedPath(r.URL.Path), allow)
	writeStatus(w, http.StatusMethodNotAllowed, text)
}
