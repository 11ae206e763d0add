// Package sftp delivers files to a server over SSH. A file is written under a
// temporary name and renamed when it is complete. The server's host key must be
// configured: there is no trust on first use.
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
	// Host is "HOST" or "HOST:PORT"; the default port is 22.
	Host string `yaml:"host"`
	User string `yaml:"user"`
	// Folder is the folder that paths are relative to; empty: the one that the
	// server puts the user into.
	Folder string `yaml:"folder"`

	// KnownHosts is a file in OpenSSH's format, HostKey a fingerprint as
	// ssh-keygen -l shows it: "SHA256:…". Exactly one of them is required.
	KnownHosts string `yaml:"known-hosts"`
	HostKey    string `yaml:"host-key"`
	// LegacyAlgorithms permits algorithms that are no longer secure, for old
	// servers: host keys signed by ssh-rsa with SHA-1, key exchange with SHA-1,
	// CBC ciphers.
	LegacyAlgorithms bool `yaml:"legacy-algorithms"`

	// TempName writes a file under a temporary name and renames it when it is
	// complete (nil: true). false is for servers that forbid renaming or take
	// files away when they are closed: readers may then see part of a file.
	TempName *bool `yaml:"temp-name"`
	// Verify compares the size of the written file (nil: true). false is for
	// servers that forbid looking at files or take them away.
	Verify *bool `yaml:"verify"`

	KeyFile           string `yaml:"key-file"`
	KeyPassphraseFile string `yaml:"key-passphrase-file"`
	PasswordFile      string `yaml:"password-file"`

	Key           string `yaml:"-"`
	KeyPassphrase string `yaml:"-"`
	Password      string `yaml:"-"`
}

// New returns a destination. The error begins with the key that is wrong.
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
		return nil, errors.New("known-hosts, host-key: want one of them; without it any machine could pose as the server")
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
	if c.LegacyAlgorithms {
		permitLegacy(cfg)
	}
	return &Server{
		addr: addr, folder: cmp.Or(c.Folder, "."), ssh: cfg,
		tempName: c.TempName == nil || *c.TempName, verify: c.Verify == nil || *c.Verify,
	}, nil
}

// permitLegacy appends the algorithms that are no longer secure, so that they are
// used only if the server has no others.
func permitLegacy(cfg *ssh.ClientConfig) {
	secure, legacy := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	cfg.KeyExchanges = slices.Concat(secure.KeyExchanges, legacy.KeyExchanges)
	cfg.Ciphers = slices.Concat(secure.Ciphers, legacy.Ciphers)
	cfg.MACs = slices.Concat(secure.MACs, legacy.MACs)
	switch {
	case len(cfg.HostKeyAlgorithms) == 0:
		cfg.HostKeyAlgorithms = slices.Concat(secure.HostKeys, legacy.HostKeys)
	case slices.Contains(cfg.HostKeyAlgorithms, ssh.KeyAlgoRSASHA256): // the known host has an RSA key
		cfg.HostKeyAlgorithms = append(cfg.HostKeyAlgorithms, ssh.KeyAlgoRSA)
	}
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
		// Some servers ask for the password by keyboard-interactive (RFC 4256).
		methods = append(methods, ssh.Password(c.Password), ssh.KeyboardInteractive(
			func(_, _ string, questions []string, _ []bool) ([]string, error) {
				return slices.Repeat([]string{c.Password}, len(questions)), nil
			}))
	}
	return methods, nil
}

// hostKeyError is returned if the server's host key is not the configured one.
type hostKeyError struct {
	shown       string // fingerprint
	keyType     string
	fingerprint bool  // the configured one is a fingerprint
	cause       error // nil for a fingerprint
}

func (e *hostKeyError) Error() string {
	text := fmt.Sprintf("the server's host key is not the configured one: %s (%s)", e.shown, e.keyType)
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *hostKeyError) Unwrap() error { return e.cause }

func isHostKeyError(err error) bool {
	_, is := errors.AsType[*hostKeyError](err)
	return is
}

// without returns host key algorithms, nil being the default ones, without those
// of one type of key.
func without(algorithms []string, keyType string) []string {
	if algorithms == nil {
		algorithms = append(ssh.SupportedAlgorithms().HostKeys, ssh.KeyAlgoRSA)
	}
	return slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool {
		return a == keyType || keyType == ssh.KeyAlgoRSA && (a == ssh.KeyAlgoRSASHA256 || a == ssh.KeyAlgoRSASHA512)
	})
}

func fingerprint(want string) (ssh.HostKeyCallback, error) {
	if !strings.HasPrefix(want, "SHA256:") || len(want) < 50 {
		return nil, fmt.Errorf("host-key: %q, want a fingerprint such as ssh-keygen -l shows: SHA256:…", want)
	}
	return func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if got := ssh.FingerprintSHA256(key); got != strings.TrimRight(want, "=") {
			return &hostKeyError{shown: got, keyType: key.Type(), fingerprint: true}
		}
		return nil
	}, nil
}

// known reads a known_hosts file. It returns the algorithms of the keys that the
// file has for the server: the client has to ask the server for one of these.
func known(file, addr string) (ssh.HostKeyCallback, []string, error) {
	check, err := knownhosts.New(file)
	if err != nil {
		return nil, nil, fmt.Errorf("known-hosts: %w", err)
	}
	// Checking a key that no server has returns the keys of the file.
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
			return &hostKeyError{shown: ssh.FingerprintSHA256(key), keyType: key.Type(), cause: err}
		}
		return nil
	}, algorithms, nil
}

// noKey is a key that no server has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
