package deliverytest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"

	"exporttask/internal/store"
)

// S3 is an S3 server with one bucket in this process, with faults that a test
// chooses.
type S3 struct {
	Config store.S3Config
	// Client reaches the server without the faults.
	Client *minio.Client

	mu    sync.Mutex
	fault func(w http.ResponseWriter, r *http.Request) bool
}

// NewS3 starts a server with the bucket "exports".
func NewS3(t *testing.T) *S3 {
	t.Helper()
	s := &S3{}
	backend := s3mem.New()
	if err := backend.CreateBucket("exports"); err != nil {
		t.Fatal(err)
	}
	sane := gofakes3.New(backend).Server()
	faulty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		fault := s.fault
		s.mu.Unlock()
		if fault == nil || !fault(w, r) {
			sane.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(faulty.Close)
	sound := httptest.NewServer(sane)
	t.Cleanup(sound.Close)
	s.Config = store.S3Config{Endpoint: faulty.URL, Bucket: "exports", Prefix: "shop", AccessKey: "a", SecretKey: "s"}
	past := s.Config
	past.Endpoint = sound.URL
	var err error
	if s.Client, err = past.Client(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Fault calls fn for each request first; if fn returns true, it has answered.
func (s *S3) Fault(fn func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fn
}

// Keys returns the names of the visible objects.
func (s *S3) Keys(t *testing.T) (keys []string) {
	t.Helper()
	for o := range s.Client.ListObjects(t.Context(), "exports", minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// Uploads returns the keys of unfinished multipart uploads.
func (s *S3) Uploads(t *testing.T) (keys []string) {
	t.Helper()
	for u := range s.Client.ListIncompleteUploads(t.Context(), "exports", "", true) {
		if u.Err != nil {
			t.Fatal(u.Err)
		}
		keys = append(keys, u.Key)
	}
	return keys
}

// Begin begins a multipart upload, to a key below the prefix, and leaves it
// unfinished.
func (s *S3) Begin(t *testing.T, key string) {
	t.Helper()
	core := minio.Core{Client: s.Client}
	if _, err := core.NewMultipartUpload(t.Context(), "exports", s.Config.Key(key), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}
