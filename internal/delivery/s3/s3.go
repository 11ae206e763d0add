// Package s3 delivers files to a bucket of an S3-compatible server. An object
// becomes visible when it is complete: large files are sent as a multipart
// upload, which the server joins at the end.
package s3

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
	"exporttask/internal/store"
)

// sumKey is the object metadata (x-amz-meta-sha256) that holds a file's SHA-256 in
// hexadecimal.
const sumKey = "Sha256"

// Config are the keys of a destination of the kind "s3".
type Config struct {
	store.S3Config `yaml:",inline"`

	AccessKeyFile string `yaml:"access-key-file"`
	SecretKeyFile string `yaml:"secret-key-file"`
	// WriteOnly is for an account that may not read the object's metadata: the
	// object is then not compared with the file that was sent.
	WriteOnly bool `yaml:"write-only"`
}

// Bucket is a destination.
type Bucket struct {
	cfg    Config
	client *minio.Client
}

// New returns a destination. The error begins with the key that is wrong.
func New(c Config) (*Bucket, error) {
	client, err := c.Client()
	if err != nil {
		return nil, err
	}
	return &Bucket{cfg: c, client: client}, nil
}

// Kind implements payload.Destination.
func (b *Bucket) Kind() string { return "s3" }

// Place returns the address below which objects are written.
func (b *Bucket) Place() string {
	return path.Join(strings.ToLower(b.cfg.Endpoint), b.cfg.Bucket, b.cfg.Prefix)
}

// Check implements payload.Destination.
func (b *Bucket) Check(to model.DeliverTo) error { return payload.NoMail(to) }

// Send implements payload.Destination.
func (b *Bucket) Send(ctx context.Context, p *payload.Payload) (payload.Receipt, error) {
	var receipt payload.Receipt
	for i := range p.Files {
		key := b.cfg.Key(p.Files[i].Path)
		if err := b.send(ctx, key, &p.Files[i], p); err != nil {
			return payload.Receipt{}, fmt.Errorf("s3://%s/%s: %w", b.cfg.Bucket, key, classify(err))
		}
		receipt.Location = cmp.Or(receipt.Location, "s3://"+b.cfg.Bucket+"/"+key)
	}
	return receipt, nil
}

func (b *Bucket) send(ctx context.Context, key string, file *payload.File, p *payload.Payload) error {
	sum := hex.EncodeToString(file.SHA256)
	in, err := file.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	// Servers of any age compare the body with a Content-MD5. With a known size
	// the client sends large files part by part and aborts the upload if one part
	// fails.
	_, err = b.client.PutObject(ctx, b.cfg.Bucket, key, in, file.Bytes, minio.PutObjectOptions{
		ContentType: file.ContentType, SendContentMd5: true, DisableContentSha256: true, ServerSideEncryption: b.cfg.Encryption(),
		UserMetadata: map[string]string{sumKey: sum, "Exportd-Event": p.EventID},
	})
	if err != nil {
		return err
	}
	if b.cfg.WriteOnly {
		return nil
	}
	got, err := b.client.StatObject(ctx, b.cfg.Bucket, key, minio.StatObjectOptions{})
	switch {
	case status(err) == http.StatusForbidden:
		return payload.Permanent(errors.New("the object was sent, but the account may not read its metadata: allow s3:GetObject, or set write-only"))
	case err != nil:
		return fmt.Errorf("read the metadata of the object: %w", err)
	case got.Size != file.Bytes || got.UserMetadata[sumKey] != sum:
		return fmt.Errorf("the object has %d bytes and the SHA-256 %q, want %d and %q", got.Size, got.UserMetadata[sumKey], file.Bytes, sum)
	}
	return nil
}

// classify makes client errors (4xx) Permanent, except those that ask for another
// attempt.
func classify(err error) error {
	switch s := status(err); {
	case s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusTooManyRequests:
	case s >= 400 && s < 500:
		return payload.Permanent(err)
	}
	return err
}

// status returns the HTTP status of the server's reply; 0: there was none.
func status(err error) int {
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	return answer.StatusCode
}
