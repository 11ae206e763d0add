package store_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/store"
)

// faulty is a store in a bucket whose server goes wrong as the test wants.
func faulty(t *testing.T) (*store.S3, *deliverytest.S3) {
	t.Helper()
	server := deliverytest.NewS3(t)
	s, err := store.NewS3(t.Context(), server.Config, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s, server
}

// An upload that is refused or cut off is a RemoteError and leaves no visible
// object, and another attempt can upload the same file.
func TestS3_Publish_upload_fails(t *testing.T) {
	t.Parallel()
	faults := map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"refused": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			w.WriteHeader(http.StatusInsufficientStorage)
			return true
		},
		"cut_off": func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut {
				return false
			}
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			panic(http.ErrAbortHandler) // the connection goes away
		},
		"lost_before_completion": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !r.URL.Query().Has("uploadId") {
				return false
			}
			w.WriteHeader(http.StatusForbidden)
			return true
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, server := faulty(t)
			server.Fault(fault)
			content := strings.Repeat("0123456789", 2_000_000)
			w, err := s.Create(t.Context(), "1/1-1/a.csv")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, content); err != nil {
				t.Fatal(err)
			}
			err = w.Publish()
			var remote *store.RemoteError
			if !errors.As(err, &remote) || strings.Contains(remote.Error(), "127.0.0.1") {
				t.Errorf("publish: %v, want an error of the store without its address", err)
			}
			server.Fault(nil)
			if _, err := s.Open(t.Context(), "1/1-1/a.csv"); !errors.Is(err, store.ErrNotExist) {
				t.Errorf("open: %v, want ErrNotExist", err)
			}
			if got := list(t, s); len(got) != 0 {
				t.Errorf("left: %v", got)
			}
			publish(t, s, "1/1-1/a.csv", content)
		})
	}
}

func TestS3_Publish_server_busy(t *testing.T) {
	t.Parallel()
	s, server := faulty(t)
	var asked atomic.Int32
	server.Fault(func(w http.ResponseWriter, _ *http.Request) bool {
		busy := asked.Add(1) <= 2
		if busy {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return busy
	})
	publish(t, s, "1/1-1/a.csv", "x")
	if got := read(t, s, "1/1-1/a.csv"); got != "x" {
		t.Errorf("read %q", got)
	}
}

func TestNewS3_no_bucket(t *testing.T) {
	t.Parallel()
	cfg := deliverytest.NewS3(t).Config
	cfg.Bucket = "none"
	if _, err := store.NewS3(t.Context(), cfg, t.TempDir()); err == nil || !strings.Contains(err.Error(), "bucket: none") {
		t.Errorf("got %v, want that there is no such bucket", err)
	}
	cfg.Endpoint = "ftp://x"
	if _, err := store.NewS3(t.Context(), cfg, t.TempDir()); err == nil || !strings.HasPrefix(err.Error(), `endpoint: "ftp://x"`) {
		t.Errorf("got %v, want the endpoint refused", err)
	}
}

// The sweep finds unfinished uploads of a process that was killed.
func TestS3_List_unfinished_uploads(t *testing.T) {
	t.Parallel()
	s, server := faulty(t)
	server.Begin(t, "1/1-1/a.csv")
	var left []store.Item
	if err := s.List(t.Context(), func(i store.Item) error { left = append(left, i); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Key != "1/1-1/a.csv" || !left[0].Unfinished {
		t.Fatalf("listed %+v, want the upload", left)
	}
	if err := s.Remove(t.Context(), left[0]); err != nil {
		t.Error(err)
	}
	if got := list(t, s); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}
