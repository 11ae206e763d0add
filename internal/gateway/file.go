package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/auth"
	"exporttask/internal/auth/signedurl"
	"exporttask/internal/model"
	"exporttask/internal/model/errcode"
	"exporttask/internal/task"
)

// file serves GET /v1/inst/{id}/file: a file of an instance that the caller may
// read.
func (g *gateway) file(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err != nil {
		writeError(w, err)
		return
	}
	// GetInst checks the caller's token and the instance's owner.
	res, err := g.client.GetInst(r.Context(), &api.WshExportTaskGetInstReq{EinstId: id})
	if err != nil {
		writeError(w, err)
		return
	}
	if code, failed := errcode.OfReply(res); failed {
		writeCode(w, code, res.GetErrMsg())
		return
	}
	g.serveFile(w, g.withActor(r, "http"), id, r.URL.Query().Get("name"))
}

// link serves GET /d/…: a file to anybody who has a signed URL of it.
func (g *gateway) link(w http.ResponseWriter, r *http.Request) {
	if g.Links == nil {
		writeStatus(w, http.StatusNotFound, "signed links are disabled: the service has no link-keys-file")
		return
	}
	id, err := g.Links.Verify(r.Method, signedurl.Parts{
		Key: r.PathValue("key"), Expiry: r.PathValue("expiry"), Signature: r.PathValue("signature"),
		Inst: r.PathValue("id"), Name: r.PathValue("name"),
	}, g.Now())
	switch {
	case err == nil:
		if g.Files == nil && g.Token != "" {
			r = r.WithContext(metadata.NewOutgoingContext(r.Context(), metadata.Pairs(
				"authorization", "Bearer "+g.Token, auth.LinkPeerHeader, remoteHost(r))))
		}
		g.serveFile(w, g.withActor(r, "link"), id, r.PathValue("name"))
	case errors.Is(err, signedurl.ErrExpired):
		writeStatus(w, http.StatusGone, err.Error())
	default:
		writeStatus(w, http.StatusForbidden, err.Error())
	}
}

// serveFile answers with a file, or with the requested ranges of it (RFC 9110
// section 14).
func (g *gateway) serveFile(w http.ResponseWriter, r *http.Request, id int64, name string) {
	f, err := g.open(r.Context(), id, name)
	if err != nil {
		writeError(w, err)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", f.Info.ContentType)
	h.Set("Content-Disposition", disposition(f.Info.Name))
	h.Set("ETag", `"`+hex.EncodeToString(f.Info.SHA256)+`"`)
	// A file never changes under its name, but not every caller may read it.
	h.Set("Cache-Control", "private, no-cache")
	ignoreUnknownRange(r.Header)
	fw := &fileWriter{ResponseWriter: w}
	if g.Files != nil && r.Method == http.MethodGet {
		fw.record = func(offset int64) error {
			if err := g.Files.RecordDownload(r.Context(), f, offset); err != nil {
				g.Logger.ErrorContext(r.Context(), "a download is refused, since it cannot be recorded", "inst_id", id, "error", err)
				return status.Error(codes.Unavailable, "the download cannot be recorded in the audit log; try again")
			}
			return nil
		}
	}
	http.ServeContent(fw, r, "", f.Finished.Truncate(time.Second), f)
}

// remoteHost returns the network address of a request's client.
func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (g *gateway) withActor(r *http.Request, via string) *http.Request {
	if g.WithActor == nil {
		return r
	}
	return r.WithContext(g.WithActor(r.Context(), via))
}

func (g *gateway) open(ctx context.Context, id int64, name string) (*task.File, error) {
	if g.Files != nil {
		return g.Files.OpenFile(ctx, id, name)
	}
	return g.openRemote(ctx, id, name)
}

// ignoreUnknownRange deletes a Range header whose unit is not bytes, which a
// server must ignore (RFC 9110 section 14.2). Units are case-insensitive, and
// http.ServeContent knows the lower-case form only.
func ignoreUnknownRange(h http.Header) {
	unit, ranges, ok := strings.Cut(h.Get("Range"), "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		h.Del("Range")
		return
	}
	h.Set("Range", "bytes="+ranges)
}

// fileWriter records a download before the answer begins, and replaces the text of
// http.ServeContent's status 416 by an error in the form of the envelope. The
// header Content-Range of that answer, which states the file's size, is kept.
type fileWriter struct {
	http.ResponseWriter
	record   func(offset int64) error // nil: nothing is recorded
	replaced bool
}

func (w *fileWriter) WriteHeader(httpStatus int) {
	h := w.Header()
	switch {
	case httpStatus == http.StatusRequestedRangeNotSatisfiable:
		w.replaced = true
		h.Del("Content-Disposition")
		writeStatus(w.ResponseWriter, httpStatus, fmt.Sprintf("Range: outside of the file, whose size is %s bytes", strings.TrimPrefix(h.Get("Content-Range"), "bytes */")))
		return
	case w.record == nil || httpStatus != http.StatusOK && httpStatus != http.StatusPartialContent: // such as 304
	default:
		if err := w.record(rangeStart(h.Get("Content-Range"))); err != nil {
			w.replaced = true
			for _, name := range []string{"Content-Disposition", "Content-Range", "Content-Length", "ETag", "Last-Modified", "Accept-Ranges"} {
				h.Del(name)
			}
			writeError(w.ResponseWriter, err)
			return
		}
	}
	w.ResponseWriter.WriteHeader(httpStatus)
}

// rangeStart returns the first byte that an answer with a Content-Range sends.
func rangeStart(contentRange string) int64 {
	var start int64
	_, _ = fmt.Sscanf(contentRange, "bytes %d-", &start) // 0 where there is none
	return start
}

func (w *fileWriter) Write(p []byte) (int, error) {
	if w.replaced {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// ReadFrom keeps the connection's io.ReaderFrom, which sends files with
// sendfile(2).
func (w *fileWriter) ReadFrom(r io.Reader) (int64, error) {
	if w.replaced {
		return io.Copy(io.Discard, r)
	}
	return io.Copy(w.ResponseWriter, r)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *fileWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// disposition returns the Content-Disposition of a file (RFC 6266): its name in
// ASCII for old clients and, if the name has other characters, in UTF-8 (RFC
// 8187) for all others.
func disposition(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
	plain := mime.FormatMediaType("attachment", map[string]string{"filename": ascii})
	if ascii == name {
		return plain
	}
	return fmt.Sprintf("%s; filename*=UTF-8''%s", plain, strings.ReplaceAll(url.QueryEscape(name), "+", "%20"))
}

// errNoFile returns the error for a file name that an instance does not have.
func errNoFile(id int64, name string) error {
	return model.Errorf(model.NotFound, "name: %q, no such file of instance %d", name, id)
}
