// Package s3 sends files to a bucket of an S3-compatible server. An object
// appears once it is whole, as the protocol has it: large ones are sent in parts
// that are put together at the end.
package s3

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
	"exporttask/internal/store"
)

// sumKey is the metadata that holds a file's SHA-256, which readers see as
// x-amz-meta-sha256.
const sumKey = "Sha256"

// Config are the keys of a destination of the kind "s3".
type Config struct {
	store.S3Config `yaml:",inline"`

	AccessKeyFile string `yaml:"access-key-file"`
	SecretKeyFile string `yaml:"secret-key-file"`
	// WriteOnly is for an account that may not look at what it wrote: then what
	// arrived is not compared with what was sent.
	WriteOnly bool `yaml:"write-only"`
}

// Bucket is a destination.
type Bucket struct {
	cfg    Config
	client *minio.Client
}

// New makes a destination; an error begins with the key that is wrong.
func New(c Config) (*Bucket, error) {
	client, err := c.Client()
	if err != nil {
		return nil, err
	}
	return &Bucket{cfg: c, client: client}, nil
}

// Kind implements payload.Destination.
func (b *Bucket) Kind() string { return "s3" }

// Check implements payload.Destination.
func (b *Bucket) Check(to model.DeliverTo) error { return payload.NoMail(to) }

// Send implements payload.Destination.
func (b *Bucket) Send(ctx context.Context, p *payload.Payload) (string, error) {
	location := ""
	for i := range p.Files {
		key := b.cfg.Key(p.Files[i].Path)
		if err := b.send(ctx, key, &p.Files[i], p); err != nil {
			return "", fmt.Errorf("s3://%s/%s: %w", b.cfg.Bucket, key, classify(err))
		}
		location = cmp.Or(location, "s3://"+b.cfg.Bucket+"/"+key)
	}
	return location, nil
}

func (b *Bucket) send(ctx context.Context, key string, file *payload.File, p *payload.Payload) error {
	sum := hex.EncodeToString(file.SHA256)
	in, err := file.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	// MD5 holds every request against what arrived, on servers of any age. The
	// size is known, so that large files go in parts one after the other,
	// and are taken back where one cannot be sent.
	_, err = b.client.PutObject(ctx, b.cfg.Bucket, key, in, file.Bytes, minio.PutObjectOptions{
		ContentType: file.ContentType, SendContentMd5: true, DisableContentSha256: true,
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
		return payload.Permanent(errors.New("the object was sent, but the account may not look at it: allow s3:GetObject, or set write-only"))
	case err != nil:
		return fmt.Errorf("look at what was sent: %w", err)
	case got.Size != file.Bytes || got.UserMetadata[sumKey] != sum:
		return fmt.Errorf("the object there holds %d bytes with the SHA-256 %q, want %d with %q", got.Size, got.UserMetadata[sumKey], file.Bytes, sum)
	}
	return nil
}

// classify marks what another attempt cannot mend: the server's refusals, but
// for those that ask to come again.
func classify(err error) error {
	switch s := status(err); {
	case s == http.StatusRequestTimeout, s == http.StatusConflict, s == http.StatusTooManyRequests:
	case s >= 400 && s < 500:
		return payload.Permanent(err)
	}
	return err
}

// status is the server's answer that an error came of; 0: none.
func status(err error) int {
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	return answer.StatusCode
}
