// Package files reads and watches local files.
// others by its configuration's ca-file calls it; files that are followed while
// the process runs are the business of internal/edge.
package files

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// LoadCertPool reads a PEM file of authorities; no file is nil, which stands for those
// of the system. The error does not name the option.
func LoadCertPool(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate, want PEM", file)
	}
	return pool, nil
}
