package sftp

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/servers"
)

// OpenSSH's own server with its default algorithms and limits: login by key, and
// files below an absolute folder, since the user has no home.
func TestServer_Send_sshd(t *testing.T) {
	t.Parallel()
	s, folder := startSSHD(t)
	for _, text := range [][]byte{[]byte("first"), bytes.Repeat([]byte("0123456789abcdef"), 4<<16), nil} {
		if _, err := s.Send(t.Context(), deliverytest.Payload(text, "daily/订单/a 1.csv")); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(folder, "daily/订单/a 1.csv"))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes, %v; want the %d that were sent", len(got), err, len(text))
		}
	}
	left, err := os.ReadDir(filepath.Join(folder, "daily/订单"))
	if err != nil || len(left) != 1 {
		t.Errorf("files %v, %v; want the one alone", left, err)
	}
}

// startSSHD starts sshd for the user of this process or, as root, for nobody:
// only root's sshd needs folders of the system. It returns a destination that
// logs in with a key, and the folder of its files.
func startSSHD(t *testing.T) (*Server, string) {
	t.Helper()
	account, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if account.Uid == "0" {
		if account, err = user.Lookup("nobody"); err != nil {
			t.Fatal(err)
		}
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		t.Fatal(err)
	}
	dir, folder := t.TempDir(), t.TempDir()
	for _, path := range []string{filepath.Dir(dir), dir, folder} {
		if err := os.Chmod(path, 0o755); err != nil { //nolint:gosec // nobody reads it
			t.Fatal(err)
		}
	}
	host, client := deliverytest.NewPrivateKey(t), deliverytest.NewPrivateKey(t)
	pemOf := func(key any) string {
		block, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(block))
	}
	signer, err := ssh.NewSignerFromKey(client)
	if err != nil {
		t.Fatal(err)
	}
	hostSigner, err := ssh.NewSignerFromKey(host)
	if err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	_, port, _ := strings.Cut(addr, ":")
	files := map[string]string{
		"host":       pemOf(host),
		"authorized": string(ssh.MarshalAuthorizedKey(signer.PublicKey())),
		// StrictModes refuses keys below /tmp, where others may write.
		"config": fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %[2]s/host\nAuthorizedKeysFile %[2]s/authorized\n"+
			"PidFile none\nStrictModes no\nUsePAM yes\nSubsystem sftp internal-sftp\n", port, dir),
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(folder, uid, gid); err != nil {
		t.Fatal(err)
	}
	cache, err := servers.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := servers.SSHDCommand(t.Context(), cache, slog.New(slog.DiscardHandler), "-D", "-e", "-f", filepath.Join(dir, "config"))
	if err != nil {
		t.Fatal(err)
	}
	log := new(bytes.Buffer)
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log)
		}
	})
	testkit.Eventually(t, "sshd listens", func() bool {
		conn, err := net.Dial("tcp", addr) //nolint:noctx // on this machine
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	s, err := New(Config{
		Host: addr, User: account.Username, Key: pemOf(client), Folder: folder,
		HostKey: ssh.FingerprintSHA256(hostSigner.PublicKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, folder
}

// freeAddr returns an address of this machine that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // on this machine
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
