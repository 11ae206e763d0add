package main

import (
	"context"
	"strings"

	"exporttask/internal/export"
	"exporttask/internal/store"
)

// fileStore is the store as this process uses it.
type fileStore interface {
	store.Store
	export.SweepStore
	VerifyID(ctx context.Context, recorded string) (id string, err error)
	TempDir() string
}

// storeConfig selects where finished files are kept: in a bucket where one is
// named, else in a folder.
type storeConfig struct {
	dir string
	s3  store.S3Config
}

func (c *storeConfig) define(o *options) {
	f := o.flags
	f.StringVar(&c.dir, "store-dir", "exportd-files", "`folder` of finished files, the same for all replicas; with store-s3-bucket the local folder of unfinished files")
	f.StringVar(&c.s3.Bucket, "store-s3-bucket", "", "S3 `bucket` of finished files; none: store-dir")
	f.StringVar(&c.s3.Endpoint, "store-s3-endpoint", "", "`URL` of the S3 server, https://HOST[:PORT]")
	f.StringVar(&c.s3.Region, "store-s3-region", "", "region of the bucket, if the server has regions")
	f.StringVar(&c.s3.Prefix, "store-s3-prefix", "", "prefix of object names, such as exports/shop")
	f.BoolVar(&c.s3.VirtualHost, "store-s3-virtual-host", false, "address the bucket by host name (BUCKET.HOST) instead of path")
	f.StringVar(&c.s3.CAFile, "store-s3-ca-file", "", "PEM `file` of certificate authorities that verify the S3 server; none: the system's")
	f.StringVar(&c.s3.SSE, "store-s3-sse", "", "server-side encryption to ask for with each upload: `AES256` or aws:kms; none: the bucket's default")
	f.StringVar(&c.s3.SSEKMSKey, "store-s3-sse-kms-key", "", "`id` of the key of store-s3-sse=aws:kms; none: the bucket's")
	o.secret(&c.s3.AccessKey, "store-s3-access-key", "the account's access key")
	o.secret(&c.s3.SecretKey, "store-s3-secret-key", "the account's secret key")
}

func (c *storeConfig) validate(bad func(option, format string, args ...any)) {
	if c.dir == "" {
		bad("store-dir", "empty, want a folder")
	}
	if c.s3.Bucket == "" && c.s3.Endpoint != "" {
		bad("store-s3-bucket", "empty, want a bucket where store-s3-endpoint is given")
	}
	if c.s3.Bucket == "" {
		return
	}
	if err := c.s3.Check(); err != nil {
		key, what, _ := strings.Cut(err.Error(), ": ")
		bad("store-s3-"+key, "%s", what)
	}
}

// open opens the configured store.
func (c *storeConfig) open(ctx context.Context) (fileStore, error) {
	if c.s3.Bucket != "" {
		return store.NewS3(ctx, c.s3, c.dir)
	}
	return store.NewDir(c.dir)
}
