package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// maxSocketPath is the longest path of a unix socket, in bytes (sun_path of
// struct sockaddr_un holds 108 on Linux and 104 elsewhere, with a final zero).
const maxSocketPath = 103

// DBOptions says how StartDB runs a server.
type DBOptions struct {
	// Dir is the folder that holds all of the server: data, log, lock, socket
	// and root's password. It is created unless it exists.
	Dir string
	// Port is the preferred loopback port. If it is 0 or in use, a free port is
	// used.
	Port int
	// Volatile trades safety for speed: commits are not synced and pages not
	// written twice. A killed server keeps its data, a killed machine may not.
	Volatile bool
	// Args are further options of the server, put after the package's own.
	Args []string
}

// DBServer is a private MariaDB or MySQL. Its address, accounts and data stay
// the same over Stop, Kill and Restart. Its methods may be called from several
// goroutines.
type DBServer struct {
	install  Install
	opts     DBOptions
	dir      string // absolute
	password string // root's
	port     int
	socket   string
	shortDir string // holds the socket where dir's path is too long for one

	mu   sync.Mutex
	lock *lockFile // nil when stopped
	proc *process
}

// StartDB starts a server and returns when it answers. ctx bounds the start
// only. The error of a server that ends at its start contains the end of its log;
// the error of a folder in which another process runs a server names both.
func StartDB(ctx context.Context, install Install, opts DBOptions) (*DBServer, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", install.Flavor, err)
	}
	s := &DBServer{install: install, opts: opts, dir: dir}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", install.Flavor, errors.Join(err, s.close()))
	}
	return s, nil
}

// open takes the folder, sets it up if it is new, and starts the server.
func (s *DBServer) open(ctx context.Context) error {
	ctx, cancel := startContext(ctx)
	defer cancel()
	if err := s.takeDir(); err != nil {
		return err
	}
	if err := s.bootstrap(ctx); err != nil {
		return err
	}
	var err error
	for range startAttempts {
		if s.port, err = pickPort(ctx, s.opts.Port); err != nil {
			return err
		}
		if err = s.launch(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil || portFree(ctx, s.port) { // the port is not the reason
			return err
		}
	}
	return err
}

// takeDir makes and locks the folder and finds or makes what lies in it.
func (s *DBServer) takeDir() error {
	if err := os.MkdirAll(filepath.Join(s.dir, "tmp"), 0o700); err != nil {
		return err
	}
	if err := os.Chmod(s.dir, 0o700); err != nil { // it holds a password and a socket
		return err
	}
	lock, err := lockDir(s.dir)
	if err != nil {
		return err
	}
	s.lock = lock
	if s.password, err = keepPassword(filepath.Join(s.dir, "root.password")); err != nil {
		return err
	}
	if s.socket != "" {
		return nil
	}
	s.socket = filepath.Join(s.dir, "sock")
	if len(s.socket) <= maxSocketPath {
		return nil
	}
	if s.shortDir, err = os.MkdirTemp("", "exportd-"); err != nil {
		return err
	}
	s.socket = filepath.Join(s.shortDir, "sock")
	return nil
}

// launch starts the server on s.port and waits until it answers there.
func (s *DBServer) launch(ctx context.Context) error {
	// Not bound to ctx: the server outlives its start.
	cmd := s.install.server.command(context.WithoutCancel(ctx), s.runArgs()...)
	cmd.Dir = s.dir
	proc, err := startProcess(string(s.install.Flavor), cmd, s.LogFile())
	if err != nil {
		return err
	}
	// The root password is random, so a foreign server on the port does not pass
	// for this one.
	if err := proc.waitReady(ctx, s.ping); err != nil {
		return errors.Join(err, proc.kill())
	}
	s.proc = proc
	return nil
}

// runArgs are the options of a run that serves.
func (s *DBServer) runArgs() []string {
	args := s.args(s.dataDir(),
		"--bind-address="+loopback,
		fmt.Sprintf("--port=%d", s.port),
		"--socket="+s.socket,
		"--pid-file="+filepath.Join(s.dir, "pid"),
		"--skip-name-resolve",
		"--character-set-server=utf8mb4",
	)
	return append(args, s.opts.Args...)
}

// runOnce runs the server for a task that ends by itself, its output in the log.
func (s *DBServer) runOnce(ctx context.Context, name string, cmd *exec.Cmd) error {
	cmd.Dir = s.dir
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	proc, err := startProcess(name, cmd, s.LogFile())
	if err != nil {
		return err
	}
	<-proc.done // ctx ends the command as well
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	if proc.exit != nil {
		return proc.death()
	}
	return nil
}

// Stop ends the server in order, or after 15 s by force, which is an error, and
// releases its folder. Stopping a stopped server is no error.
func (s *DBServer) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.close()
}

func (s *DBServer) close() error {
	var errs []error
	if s.proc != nil {
		errs = append(errs, s.proc.stop(stopGrace))
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
		s.lock = nil
	}
	if s.shortDir != "" {
		errs = append(errs, os.RemoveAll(s.shortDir))
		s.shortDir, s.socket = "", ""
	}
	return errors.Join(errs...)
}

// Kill ends the server at once, as a crash would (SIGKILL), and returns when it
// is gone. Its folder stays taken until Stop.
func (s *DBServer) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return nil
	}
	return s.proc.kill()
}

// Restart starts the server again on the same data and the same port, after
// ending it in order if it runs.
func (s *DBServer) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := startContext(ctx)
	defer cancel()
	if s.proc != nil && s.proc.running() {
		if err := s.proc.stop(stopGrace); err != nil {
			return fmt.Errorf("restart %s: %w", s.install.Flavor, err)
		}
	}
	if s.lock == nil {
		if err := s.takeDir(); err != nil {
			return fmt.Errorf("restart %s: %w", s.install.Flavor, err)
		}
	}
	if err := s.launch(ctx); err != nil {
		return fmt.Errorf("restart %s: %w", s.install.Flavor, err)
	}
	return nil
}

// Pid is the process id of the server's last run.
func (s *DBServer) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc.pid()
}

// Exited is closed when the server's current process has ended for any reason. Restart
// begins a run with a channel of its own.
func (s *DBServer) Exited() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc.done
}

// Install is the program the server runs.
func (s *DBServer) Install() Install { return s.install }

// Port is the server's loopback port.
func (s *DBServer) Port() int { return s.port }

// Addr is the server's host:port.
func (s *DBServer) Addr() string { return hostPort(s.port) }

// Socket is the path of the server's unix socket.
func (s *DBServer) Socket() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket
}

// LogFile is the path of the server's log, which every start adds to.
func (s *DBServer) LogFile() string { return filepath.Join(s.dir, "server.log") }

func (s *DBServer) dataDir() string { return filepath.Join(s.dir, "data") }

// keepPassword reads the password in the file at path, or makes one.
func keepPassword(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	return password, os.WriteFile(path, []byte(password+"\n"), 0o600)
}
