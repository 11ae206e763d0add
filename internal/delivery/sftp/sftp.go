package sftp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

// dialTimeout bounds the way to a session: connecting, keys, login.
const dialTimeout = 30 * time.Second

// Server is a destination.
type Server struct {
	addr   string
	folder string
	ssh    *ssh.ClientConfig
}

// Kind implements payload.Destination.
func (s *Server) Kind() string { return "sftp" }

// Check implements payload.Destination.
func (s *Server) Check(to model.DeliverTo) error { return payload.NoMail(to) }

// Send implements payload.Destination.
func (s *Server) Send(ctx context.Context, p *payload.Payload) (location string, err error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return "", fmt.Errorf("sftp://%s: %w", s.addr, classify(err))
	}
	defer conn.Close()
	// The protocol knows no contexts: a session ends with its connection.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	client, err := sftp.NewClient(conn, sftp.UseConcurrentWrites(true))
	if err != nil {
		return "", fmt.Errorf("sftp://%s: %w", s.addr, cmp.Or(context.Cause(ctx), err))
	}
	defer client.Close()
	for i := range p.Files {
		target := path.Join(s.folder, p.Files[i].Path)
		at := s.location(target)
		if err := send(ctx, client, target, &p.Files[i], p); err != nil {
			return "", fmt.Errorf("%s: %w", at, cmp.Or(context.Cause(ctx), classify(err)))
		}
		location = cmp.Or(location, at)
	}
	return location, nil
}

// location is the address of a file; "~" is where the server puts the user.
func (s *Server) location(target string) string {
	if !path.IsAbs(target) {
		target = "/~/" + target
	}
	return "sftp://" + s.addr + target
}

// dial opens a session with the server whose key is known.
func (s *Server) dial(ctx context.Context) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, s.addr, s.ssh)
	if err != nil {
		stop()
		return nil, errors.Join(cmp.Or(context.Cause(ctx), err), closed(conn))
	}
	if !stop() {
		return nil, errors.Join(context.Cause(ctx), closed(c))
	}
	return ssh.NewClient(c, channels, requests), nil
}

// closed closes what another error is told of already.
func closed(c interface{ Close() error }) error {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// send writes a file beside its place, under a name of this attempt's own, and
// renames it.
func send(ctx context.Context, client *sftp.Client, target string, file *payload.File, p *payload.Payload) error {
	dir := path.Dir(target)
	if err := client.MkdirAll(dir); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	for _, old := range p.OldTempNames() {
		_ = client.Remove(path.Join(dir, old)) // of attempts that were cut off; most left none
	}
	tmp := path.Join(dir, p.TempName())
	if err := write(ctx, client, tmp, file); err != nil {
		_ = client.Remove(tmp) // the next attempt removes what stays
		return err
	}
	if err := rename(client, tmp, target); err != nil {
		_ = client.Remove(tmp)
		return fmt.Errorf("rename to its name: %w", err)
	}
	return nil
}

func write(ctx context.Context, client *sftp.Client, tmp string, file *payload.File) error {
	in, err := file.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := client.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	// The library writes ahead of the answers where it knows that much is to
	// come. The one byte more than that makes it look for the end.
	_, err = out.ReadFrom(io.LimitReader(in, file.Bytes+1))
	if _, can := client.HasExtension("fsync@openssh.com"); err == nil && can {
		err = out.Sync()
	}
	if err = cmp.Or(err, out.Close()); err != nil {
		return err
	}
	info, err := client.Stat(tmp)
	if err == nil && info.Size() != file.Bytes {
		err = fmt.Errorf("the server holds %d bytes, want %d", info.Size(), file.Bytes)
	}
	return err
}

// rename puts a file in the place of one that was there. Where the server does
// not know OpenSSH's way, the old one is removed first: for a moment there is
// none.
func rename(client *sftp.Client, from, to string) error {
	if _, can := client.HasExtension("posix-rename@openssh.com"); can {
		return client.PosixRename(from, to)
	}
	err := client.Rename(from, to)
	if err == nil {
		return nil
	}
	if _, there := client.Stat(to); there != nil {
		return err
	}
	if err := client.Remove(to); err != nil {
		return err
	}
	return client.Rename(from, to)
}

// classify marks what another attempt cannot mend: a key that is not the known
// one, a login or a file that is refused.
func classify(err error) error {
	switch {
	case errors.Is(err, errHostKey), errors.Is(err, fs.ErrPermission),
		err != nil && strings.Contains(err.Error(), "ssh: unable to authenticate"): // the library has no type for it
		return payload.Permanent(err)
	}
	return err
}
