package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

// partSize is the size of the parts that larger files are sent in; it is also
// what sending one holds in memory. S3 takes 10,000 parts, so a file may have
// 78 GiB.
const partSize = 8 << 20

// takeBackTimeout bounds the removal of a file that was not published.
const takeBackTimeout = 10 * time.Second

// S3 is a Store in a bucket of an S3-compatible server. A file is written to the
// local disk and sent when it is published: a server that is slow for a while
// holds up neither the query nor the encoder.
type S3 struct {
	cfg    S3Config
	client *minio.Client
	spool  string
}

// NewS3 uses a bucket, which must be there and open to the account. spool is a
// local folder for files that are being written.
func NewS3(ctx context.Context, cfg S3Config, spool string) (*S3, error) {
	client, err := cfg.Client()
	if err != nil {
		return nil, err
	}
	// The spool is a store of its own that publishes nothing.
	local, err := NewDir(spool)
	if err != nil {
		return nil, err
	}
	there, err := client.BucketExists(ctx, cfg.Bucket)
	if err != nil {
		return nil, fmt.Errorf("bucket: %s at %s: %w", cfg.Bucket, cfg.Endpoint, err)
	}
	if !there {
		return nil, fmt.Errorf("bucket: %s at %s: no such bucket", cfg.Bucket, cfg.Endpoint)
	}
	return &S3{cfg: cfg, client: client, spool: local.TempDir()}, nil
}

// TempDir is a local folder for what has to be spilled while a file is made.
func (s *S3) TempDir() string { return s.spool }

// RemoteError is what an object store did not do. It tells no address and no
// key: where the server keeps its files is not the client's business.
type RemoteError struct {
	Op     string // "put", "get", "delete", "list"
	Status int    // of HTTP; 0: there was no answer
	Cause  error
}

func (e *RemoteError) Error() string {
	if e.Status == 0 {
		return e.Op + ": no answer"
	}
	return fmt.Sprintf("%s: %d %s", e.Op, e.Status, http.StatusText(e.Status))
}

func (e *RemoteError) Unwrap() error { return e.Cause }

// remote wraps what the client said of a key.
func remote(op, key string, err error) error {
	if err == nil {
		return nil
	}
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	if answer.StatusCode == http.StatusNotFound && answer.Code != minio.NoSuchBucket {
		return fmt.Errorf("store %s: %w", key, ErrNotExist)
	}
	return fmt.Errorf("store %s: %w", key, &RemoteError{Op: op, Status: answer.StatusCode, Cause: err})
}

// Create implements Store. The upload at Publish ends with ctx.
func (s *S3) Create(ctx context.Context, key string) (Writer, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(s.spool, tmpName(key))
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", key, err)
	}
	return &s3Writer{File: f, key: key, send: func(size int64) error { return s.put(ctx, key, f, size) }}, nil
}

// put sends a file. What cannot be seen whole afterwards is taken back.
func (s *S3) put(ctx context.Context, key string, from io.Reader, size int64) error {
	name := s.cfg.Key(key)
	_, err := s.client.PutObject(ctx, s.cfg.Bucket, name, from, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize,
		// MD5 holds every request against what arrived, on servers of any age.
		SendContentMd5: true, DisableContentSha256: true,
	})
	if err != nil {
		s.takeBack(ctx, key)
		return remote("put", key, err)
	}
	got, err := s.client.StatObject(ctx, s.cfg.Bucket, name, minio.StatObjectOptions{})
	if err == nil && got.Size != size {
		err = fmt.Errorf("the object has %d bytes, want %d", got.Size, size)
	}
	if err != nil {
		s.takeBack(ctx, key)
		return remote("put", key, err)
	}
	return nil
}

// takeBack removes what may have arrived of a file nonetheless. Where that
// fails as well, the sweep finds it.
func (s *S3) takeBack(ctx context.Context, key string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), takeBackTimeout)
	defer stop()
	_ = s.client.RemoveObject(ctx, s.cfg.Bucket, s.cfg.Key(key), minio.RemoveObjectOptions{})
}

// Open implements Store.
func (s *S3) Open(ctx context.Context, key string) (File, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	o, err := s.client.GetObject(ctx, s.cfg.Bucket, s.cfg.Key(key), minio.GetObjectOptions{})
	if err != nil {
		return nil, remote("get", key, err)
	}
	info, err := o.Stat()
	if err != nil {
		return nil, errors.Join(remote("get", key, err), o.Close())
	}
	return &s3File{Object: o, size: info.Size, key: key}, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := remote("delete", key, s.client.RemoveObject(ctx, s.cfg.Bucket, s.cfg.Key(key), minio.RemoveObjectOptions{}))
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	return err
}

// List calls fn for every object below the prefix, for uploads that were not
// ended, and for files that are being written here. See Dir.List.
func (s *S3) List(ctx context.Context, fn func(Item) error) error {
	// Stops the listing where fn or a page fails.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	prefix := s.cfg.Key("")
	for o := range s.client.ListObjects(ctx, s.cfg.Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return remote("list", prefix, o.Err)
		}
		key := strings.TrimPrefix(o.Key, prefix)
		if checkKey(key) != nil {
			continue // not one of ours
		}
		if err := fn(Item{Key: key, Changed: o.LastModified}); err != nil {
			return fmt.Errorf("list store: %w", err)
		}
	}
	for u := range s.client.ListIncompleteUploads(ctx, s.cfg.Bucket, prefix, true) {
		if errors.Is(remote("list", prefix, u.Err), ErrNotExist) {
			continue // so some servers say that there are none
		}
		if u.Err != nil {
			return remote("list", prefix, u.Err)
		}
		key := strings.TrimPrefix(u.Key, prefix)
		if err := fn(Item{Key: key, Unfinished: true, Changed: u.Initiated}); err != nil {
			return fmt.Errorf("list store: %w", err)
		}
	}
	return listFolder(ctx, s.spool, func(name string) (Item, bool) { return unfinished(name), true }, fn)
}

// Remove removes what List found. That it is gone already is no error.
func (s *S3) Remove(ctx context.Context, item Item) error {
	switch {
	case item.path != "":
		return removeFile(item.path)
	case !item.Unfinished:
		return s.Delete(ctx, item.Key)
	}
	return remote("delete", item.Key, s.client.RemoveIncompleteUpload(ctx, s.cfg.Bucket, s.cfg.Key(item.Key)))
}

// s3Writer is a file on the local disk that is sent when it is published.
type s3Writer struct {
	*os.File
	key  string
	send func(size int64) error
	once sync.Once
}

func (w *s3Writer) Publish() error {
	err := errors.New("store: already ended")
	w.once.Do(func() { err = w.publish() })
	if err != nil {
		return fmt.Errorf("store %s: %w", w.key, err)
	}
	return nil
}

func (w *s3Writer) publish() error {
	defer os.Remove(w.Name()) // the sweep finds what stays
	size, err := w.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = w.Seek(0, io.SeekStart)
	}
	if err == nil {
		err = w.send(size)
	}
	return cmp.Or(err, w.Close())
}

func (w *s3Writer) Abort() {
	w.once.Do(func() {
		// Nothing can be done about a file that will not go: the sweep finds it.
		_ = w.Close()
		_ = os.Remove(w.Name())
	})
}

// s3File is an open object.
type s3File struct {
	*minio.Object
	size int64
	key  string
}

func (f *s3File) Size() int64 { return f.size }

func (f *s3File) Read(p []byte) (int, error) {
	n, err := f.Object.Read(p)
	return n, f.wrap(err)
}

func (f *s3File) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.Object.ReadAt(p, off)
	return n, f.wrap(err)
}

// wrap leaves the end of a file as it is.
func (f *s3File) wrap(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return remote("get", f.key, err)
}
