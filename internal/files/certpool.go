package files

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// LoadCertPool returns the certificate authorities in a PEM file. Without a file
// it returns nil, which stands for the authorities of the system. The error
// names the file, not the option that names the file.
func LoadCertPool(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, err
	}
	pool, err := ParseCertPool(pem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return pool, nil
}

// ParseCertPool returns the certificate authorities in PEM text. Text without a
// certificate is an error.
func ParseCertPool(pem []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in it, want PEM")
	}
	return pool, nil
}
