package servers

import (
	"context"
	"fmt"
	"log/slog"
	"os"
)

// sftpServer is where Debian keeps OpenSSH's sftp-server, below the root.
const sftpServer = "usr/lib/openssh/sftp-server"

// FindSFTPServer looks for OpenSSH's sftp-server, the program that serves files
// to one session: where Debian keeps it, in cacheDir, and at last in the
// distribution's package, which it downloads (66 kB) and unpacks into cacheDir.
// It returns the program's path.
func FindSFTPServer(ctx context.Context, cacheDir string, log *slog.Logger) (string, error) {
	if info, err := os.Stat("/" + sftpServer); err == nil && info.Mode()&0o111 != 0 {
		return "/" + sftpServer, nil
	}
	set := debs{name: "sftp-server", pkgs: []string{"openssh-sftp-server"}}
	found, err := findUnpacked(ctx, set, cacheDir, log, func(u unpacked) (program, error) { return u.program(sftpServer) })
	if err != nil {
		return "", fmt.Errorf("no sftp-server: %w", err)
	}
	return found.path, nil
}
