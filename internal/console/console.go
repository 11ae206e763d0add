// Package console serves the console: the browser application of folder console,
// as the files that its build has put into dist. The application calls the HTTP
// API like any other client; this package serves its files only.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// Root is the path of the console. Every page of the console is below it.
const Root = "/console/"

//go:embed all:dist
var dist embed.FS

// contentPolicy is the Content-Security-Policy of every reply: no inline code, and
// no request to another origin.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'"

// base is the element of index.html that names Root as the base of relative URLs.
const base = `<base href="` + Root + `">`

const (
	indexName = "index.html"
	// versionKey is the query parameter with the hash of a file's content.
	versionKey = "v"
)

// Handler serves the files of the console. It is safe for concurrent use.
type Handler struct {
	root  string           // Root as browsers see it
	files map[string]*file // by path below Root
	index *file
}

// file is a file of the console, compressed when the process starts.
type file struct {
	content, zipped []byte // zipped is nil where compression saves nothing
	contentType     string
	etag            string
}

// New returns the handler of all paths below Root. prefix is the path in front of
// Root under which browsers reach the service, such as "/exports" behind a reverse
// proxy, and empty without one.
func New(prefix string) (*Handler, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return load(files, prefix)
}

func load(files fs.FS, prefix string) (*Handler, error) {
	h := &Handler{root: strings.TrimSuffix(prefix, "/") + Root, files: map[string]*file{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		h.files[name], err = newFile(name, content)
		return err
	})
	if err == nil {
		err = h.prepareIndex()
	}
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return h, nil
}

// prepareIndex sets the base of index.html, and adds the hash of each file to the
// references to it, so that browsers keep the file for as long as it is the same.
func (h *Handler) prepareIndex() error {
	raw := h.files[indexName]
	if raw == nil {
		return errors.New("no " + indexName)
	}
	if !bytes.Contains(raw.content, []byte(base)) {
		return fmt.Errorf("%s: no %s", indexName, base)
	}
	text := strings.Replace(string(raw.content), base, `<base href="`+html.EscapeString(h.root)+`">`, 1)
	for name, f := range h.files {
		text = strings.ReplaceAll(text, `"`+name+`"`, `"`+name+"?"+versionKey+"="+f.etag+`"`)
	}
	index, err := newFile(indexName, []byte(text))
	h.index, h.files[indexName] = index, index
	return err
}

// contentTypes are the types of the console's files. They do not depend on the
// machine's own table of types.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}

func newFile(name string, content []byte) (*file, error) {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		return nil, fmt.Errorf("%s: no content type for %q", name, path.Ext(name))
	}
	sum := sha256.Sum256(content)
	f := &file{content: content, contentType: contentType, etag: hex.EncodeToString(sum[:16])}
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if zipped.Len() < len(content)*9/10 {
		f.zipped = zipped.Bytes()
	}
	return f, nil
}

// ServeHTTP answers GET and HEAD requests for a path below Root: with the file of
// that name, or with index.html if a browser navigates to a page of the
// application.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, Root)
	f := h.files[name]
	if f == nil && acceptsHTML(r) {
		f = h.index
	}
	if f == nil {
		http.Error(w, "no such file of the console", http.StatusNotFound)
		return
	}
	f.serve(w, r)
}

// Root returns the path of the console as browsers see it.
func (h *Handler) Root() string { return h.root }

// Redirect sends a browser to the console.
func (h *Handler) Redirect(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && !acceptsHTML(r) {
		http.Error(w, "the API is below /v1/, its description is /openapi.json", http.StatusNotFound)
		return
	}
	// Not http.Redirect, whose target lacks the prefix.
	w.Header().Set("Location", h.root)
	w.WriteHeader(http.StatusFound)
}

// acceptsHTML reports whether a request comes from a browser that navigates, not
// from a page that loads a part of itself.
func acceptsHTML(r *http.Request) bool {
	for kind := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		if mediaType, _, err := mime.ParseMediaType(kind); err == nil && mediaType == "text/html" {
			return true
		}
	}
	return false
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get(versionKey) == f.etag {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Vary", "Accept-Encoding")
	content, etag := f.content, f.etag
	if f.zipped != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		content, etag = f.zipped, etag+"-gzip"
	}
	h.Set("ETag", `"`+etag+`"`)
	if r.Header.Get("Range") != "" {
		r = r.Clone(r.Context())
		r.Header.Del("Range") // a range of a compressed file is of no use
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// acceptsGzip reports whether the client takes replies compressed with gzip
// (RFC 9110 section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !isZeroWeight(weight)
		}
	}
	return false
}

// isZeroWeight reports whether a weight such as "q=0" or "q=0.000" is zero.
func isZeroWeight(weight string) bool {
	value, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
	return ok && strings.Trim(value, "0.") == ""
}
