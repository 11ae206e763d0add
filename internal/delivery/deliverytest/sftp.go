package deliverytest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os/exec"
	"slices"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// SFTPOptions choose what a server does. The user may log in by either of the
// first two.
type SFTPOptions struct {
	Password string
	Key      ssh.PublicKey
	ReadOnly bool
	// Bare servers know the protocol and no extension of it: a rename does not
	// replace. Their files are in memory.
	Bare bool
	// Program serves the files, such as OpenSSH's sftp-server; empty: this process
	// does.
	Program string
}

// SFTP is an SSH server in this process that serves files, as the user
// "exports" sees them.
type SFTP struct {
	Addr    string
	HostKey ssh.PublicKey
	Folder  string // where the user begins, unless the server is bare

	options SFTPOptions
	config  *ssh.ServerConfig
	memory  sftp.Handlers

	mu    sync.Mutex
	after int64
	fault func(net.Conn)
	conns []net.Conn
	wait  sync.WaitGroup
}

// NewSFTP starts a server.
func NewSFTP(t *testing.T, o SFTPOptions) *SFTP {
	t.Helper()
	host, err := ssh.NewSignerFromKey(NewPrivateKey(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &SFTP{HostKey: host.PublicKey(), Folder: t.TempDir(), options: o, memory: sftp.InMemHandler()}
	s.memory.FileCmd = plain{s.memory.FileCmd}
	s.config = &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return nil, known(c.User() == "exports" && o.Password != "" && string(password) == o.Password)
		},
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			return nil, known(c.User() == "exports" && o.Key != nil && string(key.Marshal()) == string(o.Key.Marshal()))
		},
	}
	s.config.AddHostKey(host)
	l := listen(t)
	s.Addr = l.Addr().String()
	s.wait.Go(func() { s.accept(l) })
	t.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		conns := slices.Clone(s.conns)
		s.mu.Unlock()
		for _, conn := range conns {
			conn.Close()
		}
		s.wait.Wait()
	})
	return s
}

// NewPrivateKey makes a key of a server or a user.
func NewPrivateKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func known(is bool) error {
	if !is {
		return errors.New("unknown")
	}
	return nil
}

// Fault calls fn once in each connection from now on, when that many bytes came
// in by it; nil: never.
func (s *SFTP) Fault(after int64, fn func(net.Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.fault = after, fn
}

// Client sees the files past SSH and its faults.
func (s *SFTP) Client(t *testing.T) *sftp.Client {
	t.Helper()
	here, there := net.Pipe()
	s.wait.Go(func() { s.files(there) })
	client, err := sftp.NewClientPipe(here, here)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func (s *SFTP) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		if s.fault != nil {
			conn = &faulty{Conn: conn, left: s.after, fault: s.fault}
		}
		s.mu.Unlock()
		s.wait.Go(func() { s.session(conn) })
	}
}

// session is one connection, with one user of files in it.
func (s *SFTP) session(conn net.Conn) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	s.wait.Go(func() { ssh.DiscardRequests(requests) })
	for c := range channels {
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		for r := range requests {
			is := r.Type == "subsystem"
			if err := r.Reply(is, nil); err != nil {
				return
			}
			if is {
				s.wait.Go(func() { ssh.DiscardRequests(requests) })
				s.files(channel)
				channel.Close()
				break
			}
		}
	}
}

// files serves files until the other side goes away, in whatever way.
func (s *SFTP) files(rw io.ReadWriteCloser) {
	if s.options.Bare {
		rw = &bare{ReadWriteCloser: rw}
	}
	switch {
	case s.options.Program != "":
		cmd := exec.CommandContext(context.Background(), s.options.Program) // ends with its input
		if s.options.ReadOnly {
			cmd.Args = append(cmd.Args, "-R")
		}
		cmd.Dir, cmd.Stdin, cmd.Stdout = s.Folder, rw, rw
		_ = cmd.Run()
	case s.options.Bare:
		_ = sftp.NewRequestServer(rw, s.memory).Serve()
	default:
		options := []sftp.ServerOption{sftp.WithServerWorkingDirectory(s.Folder)}
		if s.options.ReadOnly {
			options = append(options, sftp.ReadOnly())
		}
		if server, err := sftp.NewServer(rw, options...); err == nil {
			_ = server.Serve()
		}
	}
}

// plain hides what a rename could do beyond the protocol.
type plain struct{ sftp.FileCmder }

// bare leaves the extensions out of a server's first packet.
type bare struct {
	io.ReadWriteCloser
	first []byte
	past  bool
}

func (b *bare) Write(p []byte) (int, error) {
	if b.past {
		return b.ReadWriteCloser.Write(p)
	}
	b.first = append(b.first, p...)
	if len(b.first) < 4 || uint32(len(b.first)-4) < binary.BigEndian.Uint32(b.first) {
		return len(p), nil
	}
	b.past = true
	_, err := b.ReadWriteCloser.Write([]byte{0, 0, 0, 5, 2, 0, 0, 0, 3}) // SSH_FXP_VERSION: 3
	return len(p), err
}

// faulty is a connection that something happens to.
type faulty struct {
	net.Conn
	left  int64
	fault func(net.Conn)
}

func (f *faulty) Read(p []byte) (int, error) {
	if f.left == 0 && f.fault != nil {
		f.fault(f.Conn)
		f.fault = nil
	}
	if f.fault != nil {
		p = p[:min(int64(len(p)), f.left)]
	}
	n, err := f.Conn.Read(p)
	f.left -= int64(n)
	return n, err
}
