package store

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/minio/minio-go/v7"
)

// VerifyID is Dir.VerifyID for a bucket.
func (s *S3) VerifyID(ctx context.Context, recorded string) (id string, err error) {
	return verifyID(ctx, s, recorded)
}

func (s *S3) location() string { return "store-s3-bucket: s3://" + s.cfg.Bucket + "/" + s.cfg.Prefix }

// maxID bounds what is read of the object that holds the id, in bytes.
const maxID = 1 << 10

// ID returns the store's id, or "" if the store has none.
func (s *S3) ID(ctx context.Context) (string, error) {
	o, err := s.client.GetObject(ctx, s.cfg.Bucket, s.cfg.Key(idFile), minio.GetObjectOptions{})
	if err != nil {
		return "", remote("get", idFile, err)
	}
	defer o.Close()
	text, err := io.ReadAll(io.LimitReader(o, maxID))
	err = remote("get", idFile, err)
	if errors.Is(err, ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return parseID(string(text), s.location()+"/"+idFile)
}

func (s *S3) writeID(ctx context.Context, id string) error {
	text := []byte(id + "\n")
	return s.put(ctx, idFile, bytes.NewReader(text), int64(len(text)))
}
