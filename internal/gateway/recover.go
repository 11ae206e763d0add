package gateway

import (
	"io"
	"net/http"
	"runtime/debug"

	"google.golang.org/grpc/codes"
)

// recoverPanics answers a request whose handler panics with status 500, and logs
// and counts the panic. If the reply has begun, the connection is closed instead,
// so that the client does not take a part of a file for the whole.
func (g *gateway) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := &headerRecorder{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(p)
			}
			g.Logger.ErrorContext(r.Context(), "panic in an HTTP handler", "method", r.Method, "path", loggedPath(r.URL.Path), "panic", p, "stack", string(debug.Stack()))
			if g.Panicked != nil {
				g.Panicked()
			}
			if begun.wrote {
				panic(http.ErrAbortHandler)
			}
			write(w, http.StatusInternalServerError, codes.Internal, "internal error; the cause is in the server's log")
		}()
		next.ServeHTTP(begun, r)
	})
}

// headerRecorder records whether the reply has begun.
type headerRecorder struct {
	http.ResponseWriter
	wrote bool
}

func (h *headerRecorder) WriteHeader(status int) {
	h.wrote = true
	h.ResponseWriter.WriteHeader(status)
}

func (h *headerRecorder) Write(p []byte) (int, error) {
	h.wrote = true
	return h.ResponseWriter.Write(p)
}

// ReadFrom keeps the connection's io.ReaderFrom, which sends files with
// sendfile(2).
func (h *headerRecorder) ReadFrom(r io.Reader) (int64, error) {
	h.wrote = true
	return io.Copy(h.ResponseWriter, r)
}

// Unwrap lets http.ResponseController reach the connection.
func (h *headerRecorder) Unwrap() http.ResponseWriter { return h.ResponseWriter }
