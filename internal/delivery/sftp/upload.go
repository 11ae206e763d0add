package sftp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/pkg/sftp"

	"exporttask/internal/delivery/payload"
)

// send writes a file under a temporary name of this attempt, in the folder of its
// target, and renames it; or under its own name if the destination is configured
// so.
func (s *Server) send(ctx context.Context, client *sftp.Client, target string, file *payload.File, p *payload.Payload) error {
	if !s.tempName {
		return s.write(ctx, client, target, file)
	}
	dir := path.Dir(target)
	for _, old := range p.OldTempNames() {
		_ = client.Remove(path.Join(dir, old)) // of attempts that were cut off; most left none
	}
	temp := path.Join(dir, p.TempName())
	if err := s.write(ctx, client, temp, file); err != nil {
		_ = client.Remove(temp) // the next attempt removes what stays
		return err
	}
	if err := rename(client, temp, target); err != nil {
		_ = client.Remove(temp)
		return renameError(err)
	}
	return nil
}

// write writes a file and checks that the server has all of it.
func (s *Server) write(ctx context.Context, client *sftp.Client, name string, file *payload.File) error {
	in, err := file.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := create(client, name)
	if err != nil {
		return err
	}
	// The client writes ahead of the replies only if it expects much data. The
	// one byte more than the size makes it look for the end of the file.
	_, err = out.ReadFrom(io.LimitReader(in, file.Bytes+1))
	if err == nil {
		err = fsync(client, out)
	}
	if err = cmp.Or(err, out.Close()); err != nil || !s.verify {
		return err
	}
	return verify(client, name, file.Bytes)
}

// create creates a file, and its folder if it is missing. It needs no permission
// to look at files or folders.
func create(client *sftp.Client, name string) (*sftp.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	out, err := client.OpenFile(name, flags)
	if !errors.Is(err, fs.ErrNotExist) && !failed(err) && status(err) != noSuchPath {
		return out, err
	}
	if err := makeFolder(client, path.Dir(name)); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	return client.OpenFile(name, flags)
}

// makeFolder makes a folder and those above it that are missing.
func makeFolder(client *sftp.Client, dir string) error {
	err := client.Mkdir(dir)
	if errors.Is(err, fs.ErrNotExist) && path.Dir(dir) != dir {
		if err := makeFolder(client, path.Dir(dir)); err != nil {
			return err
		}
		err = client.Mkdir(dir)
	}
	if failed(err) {
		return nil // the reply of most servers for a folder that exists; otherwise creating the file fails
	}
	return err
}

// fsync makes the file durable if the server can.
func fsync(client *sftp.Client, out *sftp.File) error {
	if _, can := client.HasExtension("fsync@openssh.com"); !can {
		return nil
	}
	if err := out.Sync(); !unsupported(err) {
		return err
	}
	return nil
}

// verify compares the size of a file at the server.
func verify(client *sftp.Client, name string, want int64) error {
	info, err := client.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Not Permanent by itself: a clean-up job may have removed the file.
		return fmt.Errorf("the server took the file and no longer has it: %w; for a server that takes files away at once set temp-name: false and verify: false", err)
	case errors.Is(err, fs.ErrPermission), unsupported(err):
		return payload.Permanent(fmt.Errorf("the server took the file and does not allow looking at it: %w; set verify: false", err))
	case err != nil:
		return fmt.Errorf("look at the file: %w", err)
	case info.Size() != want:
		return fmt.Errorf("the server has %d bytes of the file, want %d", info.Size(), want)
	}
	return nil
}

// rename renames a file and replaces the target. If the server has no
// posix-rename, the target is removed first if it exists: for a moment there is
// none.
func rename(client *sftp.Client, from, to string) error {
	if _, can := client.HasExtension("posix-rename@openssh.com"); can {
		if err := client.PosixRename(from, to); !unsupported(err) {
			return err
		}
	}
	err := client.Rename(from, to)
	if err == nil || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || unsupported(err) {
		return err
	}
	if client.Remove(to) != nil {
		return err // the target was not the reason
	}
	return client.Rename(from, to)
}

// renameError explains an error of rename.
func renameError(err error) error {
	const advice = "set temp-name: false to write files under their own names"
	switch {
	case errors.Is(err, fs.ErrPermission), unsupported(err):
		return payload.Permanent(fmt.Errorf("the server took the file and does not allow renaming it: %w; %s", err, advice))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the server took the file and no longer has it when it is renamed: %w; for a server that takes files away at once %s", err, advice)
	}
	return fmt.Errorf("rename to its name: %w", err)
}

// unsupported reports whether the server does not implement an operation.
func unsupported(err error) bool { return status(err) == opUnsupported }

// failed reports whether the server gave no reason for an error.
func failed(err error) bool { return status(err) == failure }

// Status codes of replies (draft-ietf-secsh-filexfer-02 section 7, and -13 section
// 9.1 for noSuchPath).
const (
	failure       = 4
	opUnsupported = 8
	noSuchPath    = 10
)

// status returns the status code of a server's reply that has no error of its own
// in package fs; 0 for other errors.
func status(err error) uint32 {
	if reply, ok := errors.AsType[*sftp.StatusError](err); ok {
		return reply.Code
	}
	return 0
}
