package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"
)

// AgreeOn is Dir.AgreeOn for a bucket.
func (s *S3) AgreeOn(ctx context.Context, kept string) (string, error) { return agreeOn(ctx, s, kept) }

func (s *S3) place() string { return "store-s3-bucket: s3://" + s.cfg.Bucket + "/" + s.cfg.Prefix }

// maxMark bounds what is read of an object that should be a mark.
const maxMark = 1 << 10

// ID is the store's id, empty where it has none.
func (s *S3) ID(ctx context.Context) (string, error) {
	o, err := s.client.GetObject(ctx, s.cfg.Bucket, s.cfg.Key(markerFile), minio.GetObjectOptions{})
	if err != nil {
		return "", remote("get", markerFile, err)
	}
	defer o.Close()
	text, err := io.ReadAll(io.LimitReader(o, maxMark))
	err = remote("get", markerFile, err)
	if errors.Is(err, ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(text))
	if id == "" {
		return "", fmt.Errorf("store: %s/%s is empty; remove it and start again", s.place(), markerFile)
	}
	return id, nil
}

// mark writes the store's id.
func (s *S3) mark(ctx context.Context, id string) error {
	text := []byte(id + "\n")
	return s.put(ctx, markerFile, bytes.NewReader(text), int64(len(text)))
}
