package servers

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// MariaDBClient is the `mariadb` command line client.
type MariaDBClient struct {
	client  program
	plugins string // where its authentication plugins are; empty leaves it to the client
}

// FindMariaDBClient looks for the client on PATH, in cacheDir, and at last in
// the distribution's mariadb-client-core package, which it downloads and
// unpacks into cacheDir.
func FindMariaDBClient(ctx context.Context, cacheDir string, log *slog.Logger) (MariaDBClient, error) {
	if path, err := lookPath("mariadb"); err == nil {
		return MariaDBClient{client: program{path: path}}, nil
	}
	set := debs{name: "mariadb-client", pkgs: []string{"mariadb-client-core"}}
	client, err := findUnpacked(ctx, set, cacheDir, log, func(u unpacked) (MariaDBClient, error) {
		client, err := u.program("usr/bin/mariadb")
		if err != nil {
			return MariaDBClient{}, err
		}
		_, err = runTool(ctx, "run "+client.path, client.command(ctx, "--no-defaults", "--version"))
		found, _ := filepath.Glob(filepath.Join(u.root, "usr/lib/*/libmariadb3/plugin")) // the pattern is well-formed
		return MariaDBClient{client: client, plugins: strings.Join(found, "")}, err
	})
	if err != nil {
		return MariaDBClient{}, fmt.Errorf("no mariadb client: mariadb is not on PATH and its package "+
			"can't be unpacked; install MariaDB's client: %w", err)
	}
	return client, nil
}

// Command is the client with args, connected as dsn says over TCP, in UTF-8 and
// without any configuration file. The password goes through the environment.
func (c MariaDBClient) Command(ctx context.Context, dsn string, args ...string) (*exec.Cmd, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("mariadb client: %w", err)
	}
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("mariadb client: %w", err)
	}
	base := []string{
		"--no-defaults", "--protocol=tcp", "--host=" + host, "--port=" + port,
		"--user=" + cfg.User, "--default-character-set=utf8mb4",
	}
	if c.plugins != "" {
		base = append(base, "--plugin-dir="+c.plugins)
	}
	if cfg.DBName != "" {
		base = append(base, "--database="+cfg.DBName)
	}
	cmd := c.client.command(ctx, append(base, args...)...)
	cmd.Env = append(cmd.Env, "MYSQL_PWD="+cfg.Passwd)
	return cmd, nil
}
