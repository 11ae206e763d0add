package s3

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/delivery/payload"
)

var _ payload.Destination = (*Bucket)(nil)

// large is sent in three parts.
const large = 40 << 20

func setup(t *testing.T) (*Bucket, *deliverytest.S3) {
	t.Helper()
	server := deliverytest.NewS3(t)
	b, err := New(Config{S3Config: server.Config})
	if err != nil {
		t.Fatal(err)
	}
	return b, server
}

func TestBucket_Send(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "small": 1000, "multipart": large} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, server := setup(t)
			content := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
			p := deliverytest.Payload(content, "daily/订单 1.csv")
			at, err := b.Send(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("s3://exports/shop/daily/订单 1.csv", at.Location); diff != "" {
				t.Errorf("location (-want +got):\n%s", diff)
			}
			o, err := server.Client.GetObject(t.Context(), "exports", "shop/daily/订单 1.csv", minio.GetObjectOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(o)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes, %v; want %d", len(got), err, size)
			}
			info, err := o.Stat()
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"text/csv; charset=utf-8", hex.EncodeToString(p.Files[0].SHA256), "event-7"}
			if diff := cmp.Diff(want, []string{info.ContentType, info.UserMetadata["Sha256"], info.UserMetadata["Exportd-Event"]}); diff != "" {
				t.Errorf("type, hash, event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBucket_Send_encryption(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		sse, key string
		size     int
	}{
		"none":           {"", "", 1000},
		"AES256":         {"AES256", "", 1000},
		"kms":            {"aws:kms", "", 1000},
		"kms_with_key":   {"aws:kms", "key-7", 1000},
		"parts_with_kms": {"aws:kms", "key-7", large},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, server := setup(t)
			b.cfg.SSE, b.cfg.SSEKMSKey = tc.sse, tc.key
			var first atomic.Pointer[http.Header]
			server.Fault(func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPut || r.Method == http.MethodPost {
					header := r.Header.Clone()
					first.CompareAndSwap(nil, &header)
				}
				return false
			})
			if _, err := b.Send(t.Context(), deliverytest.Payload(make([]byte, tc.size), "a.csv")); err != nil {
				t.Fatal(err)
			}
			got := []string{first.Load().Get("X-Amz-Server-Side-Encryption"), first.Load().Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")}
			if diff := cmp.Diff([]string{tc.sse, tc.key}, got); diff != "" {
				t.Errorf("headers of the upload (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNew_encryption_invalid(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*Config){
		`sse: "aes", want AES256, aws:kms or nothing`:           func(c *Config) { c.SSE = "aes" },
		`sse-kms-key: given, but sse is "AES256", want aws:kms`: func(c *Config) { c.SSE, c.SSEKMSKey = "AES256", "k" },
	} {
		c := Config{S3Config: deliverytest.NewS3(t).Config}
		spoil(&c)
		if _, err := New(c); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestBucket_Send_server_busy(t *testing.T) {
	t.Parallel()
	b, server := setup(t)
	var asked atomic.Int32
	server.Fault(func(w http.ResponseWriter, _ *http.Request) bool {
		if asked.Add(1) > 2 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	if _, err := b.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shop/a.csv"}, server.Keys(t)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestBucket_Send_replies(t *testing.T) {
	t.Parallel()
	cases := map[int]bool{ // permanent
		http.StatusForbidden: true, http.StatusNotFound: true, http.StatusBadRequest: true,
		http.StatusServiceUnavailable: false, http.StatusInternalServerError: false, http.StatusTooManyRequests: false,
	}
	for code, permanent := range cases {
		t.Run(http.StatusText(code), func(t *testing.T) {
			t.Parallel()
			b, server := setup(t)
			server.Fault(func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(code)
				return true
			})
			_, err := b.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv"))
			deliverytest.Refused(t, err, permanent)
			if !strings.Contains(err.Error(), "s3://exports/shop/a.csv: ") {
				t.Errorf("%v does not name the object", err)
			}
		})
	}
}

// An upload that is cut off, by the store or by the network, never becomes visible,
// and the multipart upload is aborted.
func TestBucket_Send_cut_off(t *testing.T) {
	t.Parallel()
	look := func(t *testing.T, server *deliverytest.S3, when string) {
		t.Helper()
		if keys := server.Keys(t); len(keys) != 0 {
			t.Errorf("%s: %v can be seen", when, keys)
		}
	}
	t.Run("by_the_store", func(t *testing.T) {
		t.Parallel()
		b, server := setup(t)
		p := deliverytest.Payload(make([]byte, large), "a.csv")
		p.Files[0].Source = deliverytest.Source(deliverytest.Cut(20<<20, func() { look(t, server, "in the middle") }))
		_, err := b.Send(t.Context(), p)
		deliverytest.Refused(t, err, false)
		look(t, server, "after")
		if left := server.Uploads(t); len(left) != 0 {
			t.Errorf("uploads left: %v", left)
		}
	})
	t.Run("by_the_network", func(t *testing.T) {
		t.Parallel()
		b, server := setup(t)
		server.Fault(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("partNumber") != "2" {
				return false
			}
			look(t, server, "in the middle")
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			panic(http.ErrAbortHandler) // the connection goes away
		})
		_, err := b.Send(t.Context(), deliverytest.Payload(make([]byte, large), "a.csv"))
		deliverytest.Refused(t, err, false)
		look(t, server, "after")
		if left := server.Uploads(t); len(left) != 0 {
			t.Errorf("uploads left: %v", left)
		}
	})
	t.Run("small_file", func(t *testing.T) {
		t.Parallel()
		b, server := setup(t)
		p := deliverytest.Payload(make([]byte, 100_000), "a.csv")
		p.Files[0].Source = deliverytest.Source(deliverytest.Cut(50_000, func() {}))
		_, err := b.Send(t.Context(), p)
		deliverytest.Refused(t, err, false)
		look(t, server, "after")
	})
	t.Run("damaged", func(t *testing.T) {
		t.Parallel()
		b, server := setup(t)
		p := deliverytest.Payload([]byte("id\r\n1\r\n"), "a.csv")
		p.Files[0].Source = deliverytest.Source(strings.NewReader("id\r\n2\r\n"))
		_, err := b.Send(t.Context(), p)
		deliverytest.Refused(t, err, true)
		look(t, server, "after")
	})
}

func TestBucket_Send_slow_server(t *testing.T) {
	t.Parallel()
	b, server := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.Fault(func(_ http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel() // as the timeout does, while the server thinks
		<-r.Context().Done()
		return true
	})
	if _, err := b.Send(ctx, deliverytest.Payload([]byte("x"), "a.csv")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestBucket_Send_verify(t *testing.T) {
	t.Parallel()
	b, server := setup(t)
	server.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodHead {
			return false
		}
		w.Header().Set("Content-Length", "3")
		w.Header().Set("Last-Modified", "Sun, 01 Mar 2026 00:00:00 GMT")
		w.WriteHeader(http.StatusOK)
		return true
	})
	_, err := b.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv"))
	deliverytest.Refused(t, err, false)
	if !strings.Contains(err.Error(), "has 3 bytes") {
		t.Errorf("got %v, want what is there", err)
	}
	server.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusForbidden)
		}
		return r.Method == http.MethodHead
	})
	_, err = b.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv"))
	deliverytest.Refused(t, err, true)
	b.cfg.WriteOnly = true
	if _, err := b.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv")); err != nil {
		t.Errorf("write-only: %v", err)
	}
}
