package servers

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
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

// sshdPath is where Debian keeps OpenSSH's server, below the root.
const sshdPath = "usr/sbin/sshd"

// SSHDCommand returns the command of OpenSSH's server with arguments: the one that
// is installed, or that of the distribution's package, which is downloaded and
// unpacked into cacheDir. It ends with ctx.
func SSHDCommand(ctx context.Context, cacheDir string, log *slog.Logger, args ...string) (*exec.Cmd, error) {
	if info, err := os.Stat("/" + sshdPath); err == nil && info.Mode()&0o111 != 0 {
		return program{path: "/" + sshdPath}.command(ctx, args...), nil
	}
	set := debs{name: "sshd", pkgs: []string{"openssh-server"}}
	found, err := findUnpacked(ctx, set, cacheDir, log, func(u unpacked) (program, error) { return u.program(sshdPath) })
	if err != nil {
		return nil, fmt.Errorf("no sshd: %w", err)
	}
	return found.command(ctx, args...), nil
}
