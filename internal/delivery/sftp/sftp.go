package sftp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

// dialTimeout bounds connecting, key exchange and login.
const dialTimeout = 30 * time.Second

// Server is a destination.
type Server struct {
	addr     string
	folder   string
	ssh      *ssh.ClientConfig
	tempName bool // write under a temporary name and rename
	verify   bool // compare the size of the file at the server
}

// Kind implements payload.Destination.
func (s *Server) Kind() string { return "sftp" }

// Place returns the folder below which files are written, as an address. A relative
// folder is below the user's home.
func (s *Server) Place() string {
	if path.IsAbs(s.folder) {
		return "sftp://" + s.addr + path.Clean(s.folder)
	}
	return path.Join("sftp://"+s.ssh.User+"@"+s.addr, s.folder)
}

// Check implements payload.Destination.
func (s *Server) Check(to model.DeliverTo) error { return payload.NoMail(to) }

// Send implements payload.Destination.
func (s *Server) Send(ctx context.Context, p *payload.Payload) (payload.Receipt, error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return payload.Receipt{}, fmt.Errorf("sftp://%s: %w", s.addr, classify(err))
	}
	defer conn.Close()
	// The SFTP client takes no context: closing the connection ends the session.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	client, err := sftp.NewClient(conn, sftp.UseConcurrentWrites(true))
	if err != nil {
		return payload.Receipt{}, fmt.Errorf("sftp://%s: %w", s.addr, cmp.Or(context.Cause(ctx), err))
	}
	defer client.Close()
	var receipt payload.Receipt
	for i := range p.Files {
		target := path.Join(s.folder, p.Files[i].Path)
		at := s.location(target)
		if err := s.send(ctx, client, target, &p.Files[i], p); err != nil {
			return payload.Receipt{}, fmt.Errorf("%s: %w", at, cmp.Or(context.Cause(ctx), classify(err)))
		}
		receipt.Location = cmp.Or(receipt.Location, at)
	}
	return receipt, nil
}

// location returns the URL of a file; "~" is the folder that the server puts the
// user into.
func (s *Server) location(target string) string {
	if !path.IsAbs(target) {
		target = "/~/" + target
	}
	return "sftp://" + s.addr + target
}

// dial connects to the server, checks its host key and logs in.
//
// A server has host keys of several types and shows the one whose algorithm the
// client prefers. A fingerprint does not tell its key's type, so if another key is
// shown, dial asks for the other types in turn.
func (s *Server) dial(ctx context.Context) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	cfg := *s.ssh
	client, first := s.connect(ctx, &cfg)
	for err := first; err != nil; {
		other, ok := errors.AsType[*hostKeyError](err)
		if !ok || !other.fingerprint {
			return nil, first
		}
		cfg.HostKeyAlgorithms = without(cfg.HostKeyAlgorithms, other.keyType)
		if len(cfg.HostKeyAlgorithms) == 0 {
			return nil, first
		}
		client, err = s.connect(ctx, &cfg)
	}
	return client, nil
}

// connect is one connection of dial.
func (s *Server) connect(ctx context.Context, cfg *ssh.ClientConfig) (*ssh.Client, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, s.addr, cfg)
	if _, none := errors.AsType[*ssh.AlgorithmNegotiationError](err); none {
		err = fmt.Errorf("%w; legacy-algorithms: true permits algorithms of old servers", err)
	}
	if err != nil {
		stop()
		return nil, errors.Join(cmp.Or(context.Cause(ctx), err), closed(conn))
	}
	if !stop() {
		return nil, errors.Join(context.Cause(ctx), closed(c))
	}
	return ssh.NewClient(c, channels, requests), nil
}

// closed closes a connection after an error. That it is closed already is not
// another error.
func closed(c interface{ Close() error }) error {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// classify marks errors that another attempt cannot avoid: an unexpected host
// key, a refused login, a refused file.
func classify(err error) error {
	switch {
	case isHostKeyError(err), errors.Is(err, fs.ErrPermission),
		err != nil && strings.Contains(err.Error(), "ssh: unable to authenticate"): // x/crypto/ssh has no type for it
		return payload.Permanent(err)
	}
	return err
}
