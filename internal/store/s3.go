package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"exporttask/internal/files"
)

// partSize is the size of the parts of a multipart upload, and the memory that an
// upload takes. S3 allows 10,000 parts, so a file may have 78 GiB.
const partSize = 8 << 20

// undoTimeout bounds the removal of an object whose upload failed.
const undoTimeout = 10 * time.Second

// S3 is a Store in a bucket of an S3-compatible server. A file is written to the
// local disk and uploaded by Publish, so that a slow server delays neither the
// query nor the encoder.
type S3 struct {
	cfg    S3Config
	client *minio.Client
	spool  *Dir // files that are being written; it publishes nothing
}

// NewS3 returns a store in a bucket that exists and that the account may use.
// spool is a local folder for files that are being written.
func NewS3(ctx context.Context, cfg S3Config, spool string) (*S3, error) {
	client, err := cfg.Client()
	if err != nil {
		return nil, err
	}
	local, err := NewDir(spool)
	if err != nil {
		return nil, err
	}
	exists, err := client.BucketExists(ctx, cfg.Bucket)
	if err != nil {
		return nil, fmt.Errorf("bucket: %s at %s: %w", cfg.Bucket, cfg.Endpoint, err)
	}
	if !exists {
		return nil, fmt.Errorf("bucket: %s at %s: no such bucket", cfg.Bucket, cfg.Endpoint)
	}
	return &S3{cfg: cfg, client: client, spool: local}, nil
}

// TempDir returns a local folder for temporary data of an export.
func (s *S3) TempDir() string { return s.spool.TempDir() }

// RemoteError is a failed request to an object store. Its text holds neither
// address nor key, since clients of the service see it.
type RemoteError struct {
	Op     string // "put", "get", "delete", "list"
	Status int    // HTTP status; 0: the server did not answer
	Cause  error
}

func (e *RemoteError) Error() string {
	if e.Status == 0 {
		return e.Op + ": no answer"
	}
	return fmt.Sprintf("%s: %d %s", e.Op, e.Status, http.StatusText(e.Status))
}

func (e *RemoteError) Unwrap() error { return e.Cause }

// remote turns an error of the S3 client into a RemoteError of a key, or into
// ErrNotExist.
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

// Create implements Store. The end of ctx stops the upload of Publish.
func (s *S3) Create(ctx context.Context, key string) (Writer, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	temp, err := s.spool.temp(key)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", key, err)
	}
	return &s3Writer{Temp: temp, key: key, put: func(size int64) error { return s.put(ctx, key, temp, size) }}, nil
}

// put uploads a file and compares the size of the object. After an error it
// removes the object.
func (s *S3) put(ctx context.Context, key string, from io.Reader, size int64) error {
	name := s.cfg.Key(key)
	_, err := s.client.PutObject(ctx, s.cfg.Bucket, name, from, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize, ServerSideEncryption: s.cfg.Encryption(),
		// Servers of any age compare the body with a Content-MD5.
		SendContentMd5: true, DisableContentSha256: true,
	})
	if err != nil {
		s.undo(ctx, key)
		return remote("put", key, err)
	}
	got, err := s.client.StatObject(ctx, s.cfg.Bucket, name, minio.StatObjectOptions{})
	if err == nil && got.Size != size {
		err = fmt.Errorf("the object has %d bytes, want %d", got.Size, size)
	}
	if err != nil {
		s.undo(ctx, key)
		return remote("put", key, err)
	}
	return nil
}

// undo removes an object whose upload failed. What it cannot remove, the sweep
// removes later.
func (s *S3) undo(ctx context.Context, key string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
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

// List calls fn for every object below the prefix, for unfinished multipart
// uploads, and for local files that are being written. See Dir.List.
func (s *S3) List(ctx context.Context, fn func(Item) error) error {
	// Ends the listing's goroutine when fn or a page fails.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	prefix := s.cfg.Key("")
	for o := range s.client.ListObjects(ctx, s.cfg.Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return remote("list", prefix, o.Err)
		}
		key := strings.TrimPrefix(o.Key, prefix)
		if checkKey(key) != nil {
			continue // the store did not make it
		}
		if err := fn(Item{Key: key, Changed: o.LastModified}); err != nil {
			return fmt.Errorf("list store: %w", err)
		}
	}
	for u := range s.client.ListIncompleteUploads(ctx, s.cfg.Bucket, prefix, true) {
		if errors.Is(remote("list", prefix, u.Err), ErrNotExist) {
			continue // the answer of some servers when there are none
		}
		if u.Err != nil {
			return remote("list", prefix, u.Err)
		}
		key := strings.TrimPrefix(u.Key, prefix)
		if err := fn(Item{Key: key, Unfinished: true, Changed: u.Initiated}); err != nil {
			return fmt.Errorf("list store: %w", err)
		}
	}
	return listFolder(ctx, s.spool.TempDir(), func(name string) (Item, bool) { return unfinished(name), true }, fn)
}

// Remove removes a file that List returned. A file that is gone already is not
// an error.
func (s *S3) Remove(ctx context.Context, item Item) error {
	switch {
	case item.path != "":
		return removeFile(item.path)
	case !item.Unfinished:
		return s.Delete(ctx, item.Key)
	}
	return remote("delete", item.Key, s.client.RemoveIncompleteUpload(ctx, s.cfg.Bucket, s.cfg.Key(item.Key)))
}

// s3Writer is a file on the local disk that Publish uploads.
type s3Writer struct {
	*files.Temp
	key   string
	put   func(size int64) error
	ended bool
}

// Publish implements Writer.
func (w *s3Writer) Publish() error {
	err := errEnded
	if !w.ended {
		w.ended = true
		err = w.upload()
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", w.key, err)
	}
	return nil
}

func (w *s3Writer) upload() error {
	defer w.Discard()
	size, err := w.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := w.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return w.put(size)
}

// Abort implements Writer. A file that cannot be removed is removed by a sweep.
func (w *s3Writer) Abort() {
	w.ended = true
	w.Discard()
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

// wrap turns errors other than io.EOF into a RemoteError.
func (f *s3File) wrap(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return remote("get", f.key, err)
}
