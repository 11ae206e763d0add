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

// etcdServer is the path of etcd in Debian's package etcd-server, below the root.
const etcdServer = "usr/bin/etcd"

// FindPackagedEtcd returns the path of an etcd that needs no compiler: etcd on
// PATH, the one that FindEtcd built into cacheDir, or etcd of the distribution's
// package etcd-server, which is downloaded and unpacked into cacheDir without
// root. Its version is that of the distribution (3.4 in Debian 12); tests call
// FindEtcd.
func FindPackagedEtcd(ctx context.Context, cacheDir string, log *slog.Logger) (string, error) {
	if path, err := lookPath("etcd"); err == nil {
		return path, nil
	}
	if built := filepath.Join(cacheDir, "bin", "etcd"); exists(built) {
		return filepath.Abs(built)
	}
	set := debs{name: "etcd-server", pkgs: []string{"etcd-server"}}
	found, err := findUnpacked(ctx, set, cacheDir, log, func(u unpacked) (program, error) { return u.program(etcdServer) })
	if err != nil {
		return "", fmt.Errorf("no etcd on PATH and its package cannot be unpacked: %w", err)
	}
	return found.path, nil
}

// FindEtcd returns the path of etcd in cacheDir, at the version that tools/go.mod
// pins. If cacheDir has none, FindEtcd builds it from the source tree that the
// current directory belongs to, which needs the go command and a few minutes. Of
// several processes one builds and the others wait.
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
