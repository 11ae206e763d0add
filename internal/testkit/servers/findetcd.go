package servers

import (
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
)

// etcdPackage is etcd's main package, at the version the tools module pins.
const etcdPackage = "go.etcd.io/etcd/server/v3"

// FindEtcd returns the path of etcd's program in cacheDir. If it is not there
// it is built from the tools module of the source tree the current directory
// lies in, which needs the go command and a few minutes. Of several processes
// one builds and the others wait.
func FindEtcd(ctx context.Context, cacheDir string, log *slog.Logger) (string, error) {
	cacheDir, err := filepath.Abs(cacheDir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(cacheDir, "bin", "etcd")
	err = makeOnce(ctx, path, func(part string) error {
		root, err := moduleRoot()
		if err != nil {
			return err
		}
		log.InfoContext(ctx, "building etcd", "into", path)
		cmd := exec.CommandContext(ctx, "go", "build", "-o", part, etcdPackage)
		cmd.Dir = filepath.Join(root, "tools")
		cmd.SysProcAttr = childAttr()
		_, err = runTool(ctx, "go build "+etcdPackage, cmd)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("no etcd in the cache folder and none can be built: %w", err)
	}
	return path, nil
}
