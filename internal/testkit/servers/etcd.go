package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// EtcdOptions says how StartEtcd runs etcd.
type EtcdOptions struct {
	// Dir is the folder for data, log and lock. It is created unless it exists.
	Dir string
	// Port is the preferred loopback port for clients. If it is 0 or in use, a
	// free port is used.
	Port int
	// Volatile leaves out syncing to disk: a killed etcd keeps its data, a
	// killed machine may not.
	Volatile bool
}

// Etcd is a private etcd of one member. Its ports stay the same over Stop, Kill
// and Restart. Its methods may be called from several goroutines.
type Etcd struct {
	program  string
	opts     EtcdOptions
	dir      string // absolute
	port     int
	peerPort int

	mu   sync.Mutex
	lock *lockFile // nil when stopped
	proc *process
}

// StartEtcd starts the etcd whose program is given (see FindEtcd) and returns
// when it answers. ctx bounds the start only. The errors are as StartDB's.
func StartEtcd(ctx context.Context, program string, opts EtcdOptions) (*Etcd, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	e := &Etcd{program: program, opts: opts, dir: dir}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.open(ctx); err != nil {
		return nil, fmt.Errorf("start etcd: %w", errors.Join(err, e.close()))
	}
	return e, nil
}

// open takes the folder, picks ports and starts etcd.
func (e *Etcd) open(ctx context.Context) error {
	ctx, cancel := startContext(ctx)
	defer cancel()
	if err := e.takeDir(); err != nil {
		return err
	}
	var err error
	for range startAttempts {
		if e.port, err = pickPort(ctx, e.opts.Port); err != nil {
			return err
		}
		if e.peerPort, err = pickPort(ctx, 0); err != nil {
			return err
		}
		if err = e.launch(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil || portFree(ctx, e.port) && portFree(ctx, e.peerPort) { // no port is the reason
			return err
		}
	}
	return err
}

func (e *Etcd) takeDir() error {
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return err
	}
	lock, err := lockDir(e.dir)
	if err != nil {
		return err
	}
	e.lock = lock
	return nil
}

// launch starts etcd on its ports and waits until it answers.
func (e *Etcd) launch(ctx context.Context) error {
	client, peer := "http://"+hostPort(e.port), "http://"+hostPort(e.peerPort)
	args := []string{
		"--name=default",
		"--data-dir=" + e.dataDir(),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		"--log-level=error",
		"--log-outputs=stderr", // startProcess writes it to the file
	}
	if e.opts.Volatile {
		args = append(args, "--unsafe-no-fsync")
	}
	// Not bound to ctx: etcd outlives its start.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), e.program, args...)
	cmd.Dir = e.dir
	proc, err := startProcess("etcd", cmd, e.LogFile())
	if err != nil {
		return err
	}
	if err := proc.waitReady(ctx, e.healthy); err != nil {
		return errors.Join(err, proc.kill())
	}
	e.proc = proc
	return nil
}

// healthy asks etcd for its health, which it has once it can read and write.
func (e *Etcd) healthy(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.Endpoint()+"/health", http.NoBody)
	if err != nil {
		return err
	}
	// A transport of its own, because the default one may use a proxy of the
	// environment or a connection to an earlier process.
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, logTail))
		return fmt.Errorf("health: %s: %s", res.Status, body)
	}
	return nil
}

// Stop ends etcd with SIGTERM, or after 15 s with SIGKILL, which is an error, and
// releases its folder. Stopping a stopped etcd is no error; a paused one is resumed
// first.
func (e *Etcd) Stop() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.close()
}

func (e *Etcd) close() error {
	var errs []error
	if e.proc != nil {
		errs = append(errs, e.stopRun())
	}
	if e.lock != nil {
		errs = append(errs, e.lock.release())
		e.lock = nil
	}
	return errors.Join(errs...)
}

func (e *Etcd) stopRun() error {
	return errors.Join(e.proc.signal(syscall.SIGCONT), e.proc.stop(stopGrace))
}

// Kill ends etcd at once, as a crash would (SIGKILL), and returns when it is
// gone. Its folder stays taken until Stop.
func (e *Etcd) Kill() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.proc == nil {
		return nil
	}
	return e.proc.kill()
}

// Restart starts etcd again on the same data and the same ports, after ending
// it in order if it runs.
func (e *Etcd) Restart(ctx context.Context) error { return e.restart(ctx, false) }

// RestartEmpty is Restart with all data lost, the members and leases included.
func (e *Etcd) RestartEmpty(ctx context.Context) error { return e.restart(ctx, true) }

func (e *Etcd) restart(ctx context.Context, empty bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx, cancel := startContext(ctx)
	defer cancel()
	if e.proc != nil && e.proc.running() {
		if err := e.stopRun(); err != nil {
			return fmt.Errorf("restart etcd: %w", err)
		}
	}
	if e.lock == nil {
		if err := e.takeDir(); err != nil {
			return fmt.Errorf("restart etcd: %w", err)
		}
	}
	if empty {
		if err := os.RemoveAll(e.dataDir()); err != nil {
			return fmt.Errorf("restart etcd: %w", err)
		}
	}
	if err := e.launch(ctx); err != nil {
		return fmt.Errorf("restart etcd: %w", err)
	}
	return nil
}

// Pause freezes etcd (SIGSTOP): connections stay open and nothing answers. It
// returns once etcd stands still.
func (e *Etcd) Pause() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.proc.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	if err := awaitStopped(e.proc.pid()); err != nil && !errors.Is(err, syscall.ECHILD) {
		return fmt.Errorf("pause etcd: %w", err)
	}
	return nil
}

// Resume lets a paused etcd go on.
func (e *Etcd) Resume() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.proc.signal(syscall.SIGCONT)
}

// Endpoint is the host:port for clients.
func (e *Etcd) Endpoint() string { return hostPort(e.port) }

// Port is the loopback port for clients.
func (e *Etcd) Port() int { return e.port }

// Pid is the process id of etcd's last run.
func (e *Etcd) Pid() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.proc.pid()
}

// Exited is closed when etcd's current process has ended for any reason. Restart begins
// a run with a channel of its own.
func (e *Etcd) Exited() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.proc.done
}

// LogFile is the path of etcd's log of errors, which every start adds to.
func (e *Etcd) LogFile() string { return filepath.Join(e.dir, "etcd.log") }

func (e *Etcd) dataDir() string { return filepath.Join(e.dir, "data") }
