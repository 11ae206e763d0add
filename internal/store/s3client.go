package store

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"exporttask/internal/files"
)

// s3Retries is the largest number of times that one request is sent while the
// server answers 5xx or does not answer. Exports and deliveries are retried
// besides.
const s3Retries = 4

// S3Config is a bucket of an S3-compatible server and an account that may use it.
type S3Config struct {
	// Endpoint is "https://HOST[:PORT]", or "http://HOST[:PORT]" for a server in
	// a trusted network: files are then sent unencrypted.
	Endpoint string `yaml:"endpoint"`
	Region   string `yaml:"region"`
	Bucket   string `yaml:"bucket"`
	// Prefix begins every object's name, "" or a path such as "exports/shop".
	Prefix string `yaml:"prefix"`
	// VirtualHost addresses the bucket as BUCKET.HOST instead of HOST/BUCKET.
	VirtualHost bool   `yaml:"virtual-host"`
	CAFile      string `yaml:"ca-file"`
	// SSE asks the server to encrypt objects at rest, as some buckets require of
	// each upload: "AES256", "aws:kms", or "" for no request. It is the value of
	// the header x-amz-server-side-encryption.
	SSE string `yaml:"sse"`
	// SSEKMSKey is the id of the key of "aws:kms"; empty: the bucket's.
	SSEKMSKey string `yaml:"sse-kms-key"`

	AccessKey string `yaml:"-"`
	SecretKey string `yaml:"-"`
}

// Check returns the first error in the settings. It begins with the key.
func (c S3Config) Check() error {
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.User != nil:
		return fmt.Errorf("endpoint: %q, want https://HOST or https://HOST:PORT", c.Endpoint)
	case c.Bucket == "":
		return errors.New("bucket: empty, want a bucket's name")
	case c.Prefix != "" && checkKey(c.Prefix) != nil:
		return fmt.Errorf("prefix: %q, want a path without empty parts, without / at its ends", c.Prefix)
	case c.SSE != "" && c.SSE != sseS3 && c.SSE != sseKMS:
		return fmt.Errorf("sse: %q, want AES256, aws:kms or nothing", c.SSE)
	case c.SSEKMSKey != "" && c.SSE != sseKMS:
		return fmt.Errorf("sse-kms-key: given, but sse is %q, want aws:kms", c.SSE)
	case c.AccessKey == "":
		return errors.New("access-key-file: no access key")
	case c.SecretKey == "":
		return errors.New("secret-key-file: no secret key")
	}
	return nil
}

// Values of SSE.
const (
	sseS3  = "AES256"
	sseKMS = "aws:kms"
)

// Encryption returns the server-side encryption of uploads; nil: none is asked
// for. Check must have returned nil.
func (c S3Config) Encryption() encrypt.ServerSide {
	switch c.SSE {
	case sseS3:
		return encrypt.NewSSE()
	case sseKMS:
		sse, _ := encrypt.NewSSEKMS(c.SSEKMSKey, nil) // fails for a context that is not JSON
		return sse
	}
	return nil
}

// Client returns a client of the bucket's server. It does not connect.
func (c S3Config) Client() (*minio.Client, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	transport, err := s3Transport(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca-file: %w", err)
	}
	lookup := minio.BucketLookupPath
	if c.VirtualHost {
		lookup = minio.BucketLookupDNS
	}
	region := c.Region
	if region == "" {
		region = "us-east-1" // servers without regions take it; without a region the client asks for it first
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: u.Scheme == "https",
		Transport: transport, Region: region, BucketLookup: lookup, MaxRetries: s3Retries,
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	return client, nil
}

// Key returns the name of the object of a store key.
func (c S3Config) Key(key string) string {
	if c.Prefix == "" {
		return key
	}
	return c.Prefix + "/" + key
}

// s3Transport returns a transport that trusts the system's certificate
// authorities, or those in caFile alone.
func s3Transport(caFile string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       time.Minute,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		ExpectContinueTimeout: 10 * time.Second,
		DisableCompression:    true, // a stored gzip file must not be decompressed
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	var err error
	t.TLSClientConfig.RootCAs, err = files.LoadCertPool(caFile)
	return t, err
}
