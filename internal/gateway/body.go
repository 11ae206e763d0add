package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"exporttask/internal/listener/scan"
)

const (
	// maxBody is the maximum size of a request body, in bytes; maxParamsBody that
	// of the calls that take parameter values, of which one instance may have
	// 4 MiB.
	maxBody       = 1 << 20
	maxParamsBody = 8 << 20
	// abandonTimeout is the time in which the server reads the rest of a body that
	// it rejects, so that a client that is still sending gets the reply.
	abandonTimeout = 500 * time.Millisecond
)

// body reads the body of a request completely before the request is handled. It
// limits the body's size, the time it takes to arrive, and its number of JSON
// elements.
func (g *gateway) body(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hasBody(r) {
			next.ServeHTTP(w, r)
			return
		}
		if !isJSON(r) {
			abandonBody(w, r)
			writeStatus(w, http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type: %.100q, want application/json", r.Header.Get("Content-Type")))
			return
		}
		release, err := g.acquireBody(r)
		if err != nil {
			abandonBody(w, r)
			w.Header().Set("Retry-After", "1")
			writeStatus(w, http.StatusServiceUnavailable, "request body: "+err.Error())
			return
		}
		defer release()
		text, err := g.readBody(w, r)
		if err == nil {
			err = scan.JSON(text)
		}
		if err != nil {
			abandonBody(w, r)
			writeBodyError(w, err, g.BodyTimeout)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		r.ContentLength = int64(len(text))
		next.ServeHTTP(w, r)
	})
}

const (
	// freeBody is the size up to which bodies do not count as memory.
	freeBody = 16 << 10
	// bodyMemory is the memory of a body for each of its bytes: as it arrives, decoded,
	// and as the request of a call.
	bodyMemory = 3
)

// acquireBody waits until there is memory for the body of a request, and returns the
// function that frees it.
func (g *gateway) acquireBody(r *http.Request) (release func(), err error) {
	size := bodyLimit(r.URL.Path)
	if r.ContentLength >= 0 {
		size = min(size, r.ContentLength)
	}
	if size <= freeBody {
		return func() {}, nil
	}
	ctx := r.Context()
	if g.BodyTimeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, g.BodyTimeout)
		defer stop()
	}
	share, err := g.Memory.Acquire(ctx, bodyMemory*size)
	if err != nil {
		return nil, errors.New("no memory is free for it at the moment; try again")
	}
	return share.Release, nil
}

// hasBody reports whether a request has a body, of known length or chunked.
func hasBody(r *http.Request) bool { return r.ContentLength != 0 }

func (g *gateway) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := bodyLimit(r.URL.Path)
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	if g.BodyTimeout > 0 {
		connection := http.NewResponseController(w)
		// An error means that the writer is not a connection, such as in a test.
		_ = connection.SetReadDeadline(time.Now().Add(g.BodyTimeout))
		defer func() { _ = connection.SetReadDeadline(time.Time{}) }()
	}
	var text bytes.Buffer
	if r.ContentLength > 0 {
		text.Grow(int(min(r.ContentLength, 64<<10)))
	}
	_, err := text.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	return text.Bytes(), err
}

// bodyLimit returns the maximum size of the body of a request, in bytes.
func bodyLimit(path string) int64 {
	if path == "/v1/inst" || path == "/v1/tpl:preview" || path == "/v1/sched" || strings.HasPrefix(path, "/v1/sched/") {
		return maxParamsBody
	}
	return maxBody
}

// abandonBody limits the time that the server spends on the rest of a request's
// body, and closes the connection after the reply.
func abandonBody(w http.ResponseWriter, r *http.Request) {
	if hasBody(r) {
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(abandonTimeout)) // see readBody
	}
}

func writeBodyError(w http.ResponseWriter, err error, timeout time.Duration) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeStatus(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("request body: more than %d bytes, want at most that", tooLarge.Limit))
	case errors.Is(err, os.ErrDeadlineExceeded):
		writeStatus(w, http.StatusRequestTimeout, fmt.Sprintf("request body: not complete after %s (body-timeout)", timeout))
	default:
		writeStatus(w, http.StatusBadRequest, err.Error())
	}
}
