package deliverytest

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
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
	// Bare servers implement no extension of the protocol: a rename does not
	// replace. Their files are in memory.
	Bare bool
	// TakesAway makes a bare server remove each file when it is closed. Taken
	// returns the files.
	TakesAway bool
	// Legacy makes the server offer SHA-1 alone: an RSA host key that signs with
	// ssh-rsa, and the key exchange diffie-hellman-group14-sha1.
	Legacy bool
	// MoreHostKeys gives the server host keys of other types than SFTP.HostKey.
	MoreHostKeys bool
	// Program and Args serve the files, such as OpenSSH's sftp-server; empty: this
	// process does.
	Program string
	Args    []string
}

// SFTP is an SSH server in this process that serves files to the user "exports".
type SFTP struct {
	Addr    string
	HostKey ssh.PublicKey
	Folder  string // the user's start folder, unless the server is bare

	options SFTPOptions
	config  *ssh.ServerConfig
	memory  sftp.Handlers

	mu    sync.Mutex
	taken []TakenFile
	after int64
	fault func(net.Conn)
	conns []net.Conn
	wait  sync.WaitGroup
}

// NewSFTP starts a server.
func NewSFTP(t *testing.T, o SFTPOptions) *SFTP {
	t.Helper()
	host := hostKey(t, o.Legacy)
	s := &SFTP{HostKey: host.PublicKey(), Folder: t.TempDir(), options: o, memory: sftp.InMemHandler()}
	s.memory.FileCmd = plain{s.memory.FileCmd}
	if o.TakesAway {
		s.memory.FilePut = takesAway{FileWriter: s.memory.FilePut, server: s}
	}
	s.config = &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return nil, known(c.User() == "exports" && o.Password != "" && string(password) == o.Password)
		},
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			return nil, known(c.User() == "exports" && o.Key != nil && string(key.Marshal()) == string(o.Key.Marshal()))
		},
	}
	s.config.AddHostKey(host)
	if o.MoreHostKeys {
		addHostKeys(t, s.config)
	}
	if o.Legacy {
		s.config.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1}
	}
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

// hostKey returns a new host key.
func hostKey(t *testing.T, legacy bool) ssh.Signer {
	t.Helper()
	if !legacy {
		signer, err := ssh.NewSignerFromKey(NewPrivateKey(t))
		if err != nil {
			t.Fatal(err)
		}
		return signer
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	all, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		t.Fatalf("%T signs with one algorithm", signer)
	}
	one, err := ssh.NewSignerWithAlgorithms(all, []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// addHostKeys adds an RSA and an ECDSA host key.
func addHostKeys(t *testing.T, config *ssh.ServerConfig) {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []any{rsaKey, ecdsaKey} {
		signer, err := ssh.NewSignerFromKey(key)
		if err != nil {
			t.Fatal(err)
		}
		config.AddHostKey(signer)
	}
}

// TakenFile is a file that a server took away when it was closed.
type TakenFile struct {
	Name    string
	Content []byte
}

// Taken returns the files that the server took away.
func (s *SFTP) Taken() []TakenFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

// takesAway removes each file when it is closed.
type takesAway struct {
	sftp.FileWriter
	server *SFTP
}

// Filewrite implements sftp.FileWriter.
func (d takesAway) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	w, err := d.FileWriter.Filewrite(r)
	return &takenWriter{WriterAt: w, name: r.Filepath, server: d.server}, err
}

type takenWriter struct {
	io.WriterAt
	name   string
	server *SFTP
}

// Close implements io.Closer.
func (w *takenWriter) Close() error {
	get := sftp.NewRequest("Get", w.name)
	get.Flags = 1 // SSH_FXF_READ
	r, err := w.server.memory.FileGet.Fileread(get)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(io.NewSectionReader(r, 0, 1<<30))
	if err != nil {
		return err
	}
	w.server.mu.Lock()
	w.server.taken = append(w.server.taken, TakenFile{w.name, content})
	w.server.mu.Unlock()
	return w.server.memory.FileCmd.Filecmd(sftp.NewRequest("Remove", w.name))
}

// NewPrivateKey returns a key of a server or a user.
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

// Fault calls fn once in each new connection, when it has received that many
// bytes; nil: never.
func (s *SFTP) Fault(after int64, fn func(net.Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after, s.fault = after, fn
}

// Client returns a client that sees the files without SSH and its faults.
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

// session serves one connection with one SFTP session in it.
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

// files serves files until the client closes the channel.
func (s *SFTP) files(rw io.ReadWriteCloser) {
	if s.options.Bare {
		rw = &bare{ReadWriteCloser: rw}
	}
	switch {
	case s.options.Program != "":
		cmd := exec.CommandContext(context.Background(), s.options.Program, s.options.Args...) // ends with its input
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

// plain hides the posix-rename of the handlers in memory.
type plain struct{ sftp.FileCmder }

// bare removes the extensions from a server's first packet.
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

// faulty is a connection with a fault after left bytes.
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
