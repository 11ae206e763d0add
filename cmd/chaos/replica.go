package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"exporttask/api"
)

// readyTimeout bounds the start of one exportd.
const readyTimeout = 30 * time.Second

// replica is one exportd process.
type replica struct {
	cmd    *exec.Cmd
	addr   string
	conn   *grpc.ClientConn
	client api.ExportTaskClient
	exited chan struct{}
}

// start starts an exportd process of the site and waits until it answers.
func (s *site) start(ctx context.Context, args ...string) (*replica, error) {
	return s.startOn(ctx, s.dsn, args...)
}

// startOn is start with another DSN of exportd's own database.
func (s *site) startOn(ctx context.Context, dsn string, args ...string) (*replica, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "exportd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	all := append([]string{"-config=" + s.config, "-grpc-addr=" + addr, "-store-dir=" + s.storeDir, "-lease=" + s.lease.String(), "-http-addr=", "-rate-limit=0"}, s.args...)
	cmd := exec.Command(s.program, append(all, args...)...) //nolint:gosec,noctx // our own binary; faults end it
	cmd.Env = append(os.Environ(), "EXPORTD_DB_DSN="+dsn)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start exportd: %w", err)
	}
	r := &replica{cmd: cmd, addr: addr, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // faults kill it
		close(r.exited)
	}()
	if r.conn, err = grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		return nil, errors.Join(err, r.kill())
	}
	r.client = api.NewExportTaskClient(r.conn)
	return r, r.ready(ctx)
}

func (r *replica) ready(ctx context.Context) error {
	ctx, stop := context.WithTimeoutCause(ctx, readyTimeout, errors.New("exportd does not answer"))
	defer stop()
	_, err := healthpb.NewHealthClient(r.conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return errors.Join(context.Cause(ctx), err, r.kill())
	}
	return nil
}

func (r *replica) pid() int { return r.cmd.Process.Pid }

// kill ends the process like a crash.
func (r *replica) kill() error {
	err := r.signal(syscall.SIGKILL)
	<-r.exited
	if r.conn != nil {
		err = errors.Join(err, r.conn.Close())
	}
	return err
}

// stop shuts the process down.
func (r *replica) stop() error {
	if err := r.signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-r.exited
	return r.conn.Close()
}

func (r *replica) signal(sig syscall.Signal) error {
	if err := r.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
