// Package sftp sends files to a server over SSH. A file is written beside its
// place and renamed once it is whole. The server's key must be known beforehand:
// the first key that comes is never believed.
package sftp

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Config are the keys of a destination of the kind "sftp".
type Config struct {
	// Host is "HOST" or "HOST:PORT"; the usual port is 22.
	Host string `yaml:"host"`
	User string `yaml:"user"`
	// Folder is where paths begin; empty: where the server puts the user.
	Folder string `yaml:"folder"`

	// KnownHosts is a file in OpenSSH's format, HostKey a fingerprint as
	// ssh-keygen -l shows it: "SHA256:…". One of them is needed.
	KnownHosts string `yaml:"known-hosts"`
	HostKey    string `yaml:"host-key"`

	KeyFile           string `yaml:"key-file"`
	KeyPassphraseFile string `yaml:"key-passphrase-file"`
	PasswordFile      string `yaml:"password-file"`

	Key           string `yaml:"-"`
	KeyPassphrase string `yaml:"-"`
	Password      string `yaml:"-"`
}

// New makes a destination; an error begins with the key that is wrong.
func New(c Config) (*Server, error) {
	host, port, err := net.SplitHostPort(c.Host)
	if err != nil {
		host, port = strings.Trim(c.Host, "[]"), "22"
	}
	_, err = strconv.ParseUint(port, 10, 16)
	switch {
	case host == "" || strings.ContainsAny(host, "/@ ") || err != nil:
		return nil, fmt.Errorf("host: %q, want HOST or HOST:PORT", c.Host)
	case c.User == "":
		return nil, errors.New("user: empty, want a user's name")
	case (c.KnownHosts == "") == (c.HostKey == ""):
		return nil, errors.New("known-hosts, host-key: want one of them; without it anybody could take the server's place")
	case c.Key == "" && c.Password == "":
		return nil, errors.New("key-file, password-file: want one of them")
	case strings.ContainsAny(c.Folder, "\x00\r\n"):
		return nil, fmt.Errorf("folder: %q, want a path", c.Folder)
	}
	addr := net.JoinHostPort(host, port)
	cfg := &ssh.ClientConfig{User: c.User}
	if cfg.Auth, err = c.auth(); err != nil {
		return nil, err
	}
	if c.HostKey != "" {
		cfg.HostKeyCallback, err = fingerprint(c.HostKey)
	} else {
		cfg.HostKeyCallback, cfg.HostKeyAlgorithms, err = known(c.KnownHosts, addr)
	}
	if err != nil {
		return nil, err
	}
	return &Server{addr: addr, folder: cmp.Or(c.Folder, "."), ssh: cfg}, nil
}

func (c Config) auth() ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if c.Key != "" {
		signer, err := ssh.ParsePrivateKey([]byte(c.Key))
		if c.KeyPassphrase != "" {
			signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(c.Key), []byte(c.KeyPassphrase))
		}
		if err != nil {
			return nil, fmt.Errorf("key-file: %w", err)
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	if c.Password != "" {
		// Some servers ask for a password as for an answer to a question.
		methods = append(methods, ssh.Password(c.Password), ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				return slices.Repeat([]string{c.Password}, len(questions)), nil
			}))
	}
	return methods, nil
}

// errHostKey is a server that shows another key than the one that is known.
var errHostKey = errors.New("the server shows a key that is not the known one")

func fingerprint(want string) (ssh.HostKeyCallback, error) {
	if !strings.HasPrefix(want, "SHA256:") || len(want) < 50 {
		return nil, fmt.Errorf("host-key: %q, want a fingerprint such as ssh-keygen -l shows: SHA256:…", want)
	}
	return func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if got := ssh.FingerprintSHA256(key); got != strings.TrimRight(want, "=") {
			return fmt.Errorf("%w: %s (%s)", errHostKey, got, key.Type())
		}
		return nil
	}, nil
}

// known reads a file of known hosts, and which kinds of key it has of a server:
// the server must be asked for one of these.
func known(file, addr string) (ssh.HostKeyCallback, []string, error) {
	check, err := knownhosts.New(file)
	if err != nil {
		return nil, nil, fmt.Errorf("known-hosts: %w", err)
	}
	// A key that nobody has makes the file say which ones it wants.
	var unknown *knownhosts.KeyError
	err = check(addr, &net.TCPAddr{}, noKey{})
	if !errors.As(err, &unknown) || len(unknown.Want) == 0 {
		return nil, nil, fmt.Errorf("known-hosts: %s has no key of %s", file, knownhosts.Normalize(addr))
	}
	var algorithms []string
	for _, k := range unknown.Want {
		if t := k.Key.Type(); t == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		} else {
			algorithms = append(algorithms, t)
		}
	}
	return func(host string, remote net.Addr, key ssh.PublicKey) error {
		if err := check(host, remote, key); err != nil {
			return fmt.Errorf("%w: %s (%s): %w", errHostKey, ssh.FingerprintSHA256(key), key.Type(), err)
		}
		return nil
	}, algorithms, nil
}

// noKey is a key of no server.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errHostKey }
