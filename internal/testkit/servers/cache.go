package servers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// CacheEnv is the environment variable that names another cache folder.
const CacheEnv = "EXPORTD_CACHE"

// CacheDir is the folder downloads and built tools are kept in: $EXPORTD_CACHE,
// or .cache beside the go.mod of the module the current directory lies in.
func CacheDir() (string, error) {
	if dir := os.Getenv(CacheEnv); dir != "" {
		return filepath.Abs(dir)
	}
	root, err := moduleRoot()
	if err != nil {
		return "", fmt.Errorf("cache folder: %w; set %s to a folder", err, CacheEnv)
	}
	return filepath.Join(root, ".cache"), nil
}

// moduleRoot is the nearest folder, from the current directory upwards, that
// holds a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod in the current directory or above it")
		}
		dir = parent
	}
}
