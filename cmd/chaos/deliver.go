package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"exporttask/api"
)

// deliverUnderKills kills replicas while they send files to a folder and to a
// webhook that is slow, rejects some calls and closes some connections.
func deliverUnderKills(ctx context.Context, w *world, r *report) (err error) {
	n, span, lease := pick(w, 1000, 100), pick(w, 60*time.Second, 8*time.Second), pick(w, 10*time.Second, 3*time.Second)
	inbox, err := os.MkdirTemp(w.dir, "inbox-")
	if err != nil {
		return err
	}
	secret := filepath.Join(inbox, "..", "hook-secret")
	if err := os.WriteFile(secret, []byte("0123456789abcdef"), 0o600); err != nil {
		return err
	}
	h := newHook()
	defer h.Close()
	s, err := w.newSite(ctx, "exportd", 3, lease, fmt.Sprintf(`destinations:
  inbox: {kind: folder, folder: %q}
  hook: {kind: webhook, url: %q, allow-private: true, secret-file: %q}
`, inbox, h.URL, secret))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	to := []*api.WshExportDeliverTo{{Destination: "inbox", Path: "{id}"}, {Destination: "hook"}}
	res, err := s.api.client.UpdateTpl(ctx, &api.WshExportTaskUpdateTplReq{EtplId: s.tpl, EtplDeliverTo: &api.WshExportDeliverTos{List: to}})
	if err := answered(res, err); err != nil {
		return err
	}
	look, stop := context.WithCancel(ctx)
	seen := watchFolder(look, inbox)
	defer stop()
	if _, err := s.addAll(ctx, n, job{rows: 20, ms: pick(w, 6, 8)}); err != nil {
		return err
	}
	kills, _, err := s.killFor(ctx, span)
	if err != nil {
		return err
	}
	if err := s.untilEnded(ctx, n, 4*lease+2*time.Minute); err != nil {
		return err
	}
	err = until(ctx, 4*time.Minute, "end of all deliveries", func() (bool, error) {
		open, err := s.count(ctx, "welife_export_delivery WHERE nextAt IS NOT NULL")
		return open == 0, err
	})
	if err != nil {
		return err
	}
	stop()
	wrong, err := seen.wrong(s)
	if err != nil {
		return err
	}
	done, err := s.count(ctx, "welife_export_delivery WHERE state = 4")
	if err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(inbox, ".exportd-*"))
	if err != nil {
		return err
	}
	r.note("deliver: kill -9 of a random replica of 3 %d times; %d calls of the webhook, %d of them answered badly", kills, h.calls(), h.bad)
	r.exactly("deliver: deliveries lost", 2*n-done, 0)
	r.exactly("deliver: events that the webhook kept", len(h.kept), n)
	r.exactly("deliver: files in the folder", len(seen.files), n)
	r.exactly("deliver: files unlike the reference when first seen", wrong, 0)
	r.exactly("deliver: unfinished files left in the folder", len(left), 0)
	return nil
}

// hook is a receiver of webhooks that fails from time to time.
type hook struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]int  // calls by event
	kept map[string]bool // events that were answered with success
	bad  int
}

func newHook() *hook {
	h := &hook{seen: map[string]int{}, kept: map[string]bool{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event := r.Header.Get("webhook-id")
		h.mu.Lock()
		nth := len(h.seen)
		h.seen[event]++
		first := h.seen[event] == 1
		h.mu.Unlock()
		switch {
		case first && nth%20 == 7: // rejects the call
			h.fails()
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case first && nth%20 == 13: // closes the connection
			h.fails()
			panic(http.ErrAbortHandler)
		case nth%5 == 1: // slow, so that replicas are killed during the call
			select {
			case <-time.After(500 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
		h.mu.Lock()
		h.kept[event] = true
		h.mu.Unlock()
	}))
	return h
}

func (h *hook) fails() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bad++
}

func (h *hook) calls() (n int) {
	for _, times := range h.seen {
		n += times
	}
	return n
}

// folderWatch records the files of a folder as they were when they first appeared.
type folderWatch struct {
	done  chan struct{}
	files map[string][]byte
}

// watchFolder polls a folder until ctx ends, and once more after that.
func watchFolder(ctx context.Context, dir string) *folderWatch {
	f := &folderWatch{done: make(chan struct{}), files: map[string][]byte{}}
	go func() {
		defer close(f.done)
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for last := false; !last; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				last = true
			}
			names, _ := filepath.Glob(filepath.Join(dir, "[0-9]*")) // the pattern is well-formed
			for _, name := range names {
				if _, known := f.files[name]; known {
					continue
				}
				if text, err := os.ReadFile(name); err == nil {
					f.files[name] = text
				}
			}
		}
	}()
	return f
}

// wrong returns the number of files with other contents than their instance. It
// must be called after the watch has ended.
func (f *folderWatch) wrong(s *site) (n int, err error) {
	<-f.done
	for name, text := range f.files {
		id, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(name), ".csv"), 10, 64)
		if err != nil {
			return n, fmt.Errorf("file %s: %w", name, err)
		}
		if want := s.want[id]; !bytes.Equal(text, reference(want[0], want[1])) {
			n++
		}
	}
	return n, nil
}
