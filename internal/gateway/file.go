package gateway

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	"exporttask/api"
	"exporttask/internal/auth/signedurl"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// file serves a file to a caller that may read its instance.
func (g *gateway) file(w http.ResponseWriter, r *http.Request) {
	id, err := pathID(r)
	if err != nil {
		writeError(w, err)
		return
	}
	// The service says whether the caller may; who may not is told the same as
	// for an instance that is not there.
	res, err := g.client.GetInst(r.Context(), &api.WshExportTaskGetInstReq{EinstId: id})
	if err != nil {
		writeError(w, err)
		return
	}
	if code, ok := failed(res); ok {
		write(w, httpStatus(code), code, res.GetErrMsg())
		return
	}
	g.serve(w, r, id, r.URL.Query().Get("name"))
}

// link serves a file to whoever holds a signed link of it.
func (g *gateway) link(w http.ResponseWriter, r *http.Request) {
	if g.Links == nil {
		writeStatus(w, http.StatusNotFound, errNoLinks.Error())
		return
	}
	id, err := g.Links.Verify(r.Method, signedurl.Parts{
		Key: r.PathValue("key"), Expiry: r.PathValue("expiry"), Signature: r.PathValue("signature"),
		Inst: r.PathValue("id"), Name: r.PathValue("name"),
	}, g.Now())
	switch {
	case err == nil:
		if g.Files == nil && g.Token != "" {
			r = r.WithContext(metadata.NewOutgoingContext(r.Context(), metadata.Pairs("authorization", "Bearer "+g.Token)))
		}
		g.serve(w, r, id, r.PathValue("name"))
	case errors.Is(err, signedurl.ErrExpired):
		writeStatus(w, http.StatusGone, err.Error())
	default:
		writeStatus(w, http.StatusForbidden, err.Error())
	}
}

// serve answers with a file, or the ranges of it that are asked for.
func (g *gateway) serve(w http.ResponseWriter, r *http.Request, id int64, name string) {
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
	// A file never changes under its name, but not everybody may see it.
	h.Set("Cache-Control", "private, no-cache")
	http.ServeContent(w, r, "", f.Finished.Truncate(time.Second), f)
}

func (g *gateway) open(ctx context.Context, id int64, name string) (*task.File, error) {
	if g.Files != nil {
		return g.Files.OpenFile(ctx, id, name)
	}
	return g.remote(ctx, id, name)
}

// disposition names a download (RFC 6266): in ASCII for old clients, and in
// UTF-8 (RFC 8187, which took RFC 5987's place) for all others.
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

// errNoFile is what a file's name gets that the instance does not have.
func errNoFile(id int64, name string) error {
	return model.Errorf(model.NotFound, "name: %q, no such file of instance %d", name, id)
}
