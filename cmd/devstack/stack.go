package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"exporttask/internal/testkit/servers"
)

// Times.
const (
	readyTimeout = 30 * time.Second // until exportd answers
	stopTimeout  = 45 * time.Second // until exportd has stopped; its own grace is 30 s
)

// etcdPort is the wanted port of the private etcd.
const etcdPort = 52379

// stack is everything that runs, and what devstack knows of it.
type stack struct {
	dir       string // absolute, holds all data of this database
	readerDSN string // of the tables that are exported
	sample    *sample
	files     []string // that were exported

	grpcAddr, httpAddr string
	logFile            string
	notes              []string // lines to print at the end, such as how to log in

	maria  *servers.DBServer // nil with a database of the user's
	etcd   *servers.Etcd     // nil where there is none
	server *exec.Cmd
	exited chan struct{} // closed when exportd has ended
}

// start starts everything, what others need first.
func start(ctx context.Context, opt settings, out *console) (_ *stack, err error) {
	st := &stack{exited: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.stop())
		}
	}()
	cache, err := servers.CacheDir()
	if err != nil {
		return nil, err
	}
	var env []string
	if opt.dsn != "" {
		env, err = st.useDatabase(ctx, opt, out)
	} else {
		env, err = st.startDatabase(ctx, opt, cache, out)
	}
	if err != nil {
		return nil, err
	}
	st.logFile = filepath.Join(st.dir, "exportd.log")
	if err := st.startEtcd(ctx, opt, cache, out); err != nil {
		return nil, err
	}
	return st, st.startExportd(ctx, opt, env, out)
}

// makeDir creates the folder for all data: the folder of the flag, or one in it.
func (st *stack) makeDir(parts ...string) (err error) {
	if st.dir, err = filepath.Abs(filepath.Join(parts...)); err != nil {
		return err
	}
	return os.MkdirAll(st.dir, 0o750)
}

// startEtcd starts a private etcd. Where none can be had, exportd runs without:
// nothing but discovery needs etcd.
func (st *stack) startEtcd(ctx context.Context, opt settings, cache string, out *console) error {
	return out.step("Starting etcd, which is downloaded once", func() (string, error) {
		program, err := servers.FindPackagedEtcd(ctx, cache, opt.log)
		if err != nil {
			return "Running without etcd, because " + err.Error(), nil //nolint:nilerr // the first run works without etcd
		}
		// Nothing but registrations is kept in etcd, and the data of another
		// version of etcd may be unreadable.
		dir := filepath.Join(st.dir, "etcd")
		if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
			return "", err
		}
		st.etcd, err = servers.StartEtcd(ctx, program, servers.EtcdOptions{Dir: dir, Port: etcdPort})
		if err != nil {
			return "", err
		}
		st.portNote("etcd", etcdPort, st.etcd.Port())
		return "Started etcd on " + st.etcd.Endpoint(), nil
	})
}

// startExportd starts the exportd program and waits until it answers.
func (st *stack) startExportd(ctx context.Context, opt settings, env []string, out *console) error {
	return out.step("Starting exportd", func() (string, error) {
		port, err := freePort(ctx, opt.grpcPort)
		if err != nil {
			return "", err
		}
		wantedHTTP := 0
		if opt.grpcPort != 0 {
			wantedHTTP = opt.grpcPort + 1
		}
		httpPort, err := freePort(ctx, wantedHTTP)
		if err != nil {
			return "", err
		}
		st.portNote("gRPC", opt.grpcPort, port)
		st.portNote("HTTP", wantedHTTP, httpPort)
		st.grpcAddr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		st.httpAddr = net.JoinHostPort("127.0.0.1", strconv.Itoa(httpPort))
		if err := st.launch(opt.exportd, env); err != nil {
			return "", err
		}
		ctx, stop := context.WithTimeout(ctx, readyTimeout)
		defer stop()
		if err := st.waitReady(ctx); err != nil {
			return "", fmt.Errorf("exportd: %w; %s ends with:\n%s", err, st.logFile, tail(st.logFile))
		}
		return fmt.Sprintf("Started exportd: gRPC on %s, HTTP on http://%s", st.grpcAddr, st.httpAddr), nil
	})
}

// launch starts the process.
func (st *stack) launch(program string, env []string) error {
	log, err := os.OpenFile(st.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-grpc-addr=" + st.grpcAddr, "-http-addr=" + st.httpAddr, "-store-dir=" + filepath.Join(st.dir, "files")}
	if st.etcd != nil {
		args = append(args, "-etcd-endpoints="+st.etcd.Endpoint())
	}
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // our own binary; it is stopped in order, not by a context
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A process group of its own: Ctrl-C is for devstack, which stops exportd
	// before the servers that exportd needs.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start exportd: %w", err)
	}
	st.server = cmd
	go func() {
		_ = cmd.Wait() // the log says why it ended
		close(st.exited)
	}()
	return nil
}

func (st *stack) waitReady(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-st.exited:
			stop(errors.New("the process ended"))
		case <-ctx.Done():
		}
	}()
	conn, err := st.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (st *stack) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient(st.grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// stop ends everything, in the opposite order of start.
func (st *stack) stop() error {
	var errs []error
	if st.server != nil {
		if err := st.server.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, err)
		}
		select {
		case <-st.exited:
		case <-time.After(stopTimeout):
			errs = append(errs, errors.New("exportd did not stop in time"), st.server.Process.Kill())
		}
	}
	if st.etcd != nil {
		errs = append(errs, st.etcd.Stop())
	}
	if st.maria != nil {
		errs = append(errs, st.maria.Stop())
	}
	return errors.Join(errs...)
}

// portNote notes that another port than the wanted one is used; 0 wants any.
func (st *stack) portNote(name string, wanted, got int) {
	if wanted != 0 && got != wanted {
		st.notes = append(st.notes, fmt.Sprintf("PORT %d IS IN USE BY ANOTHER PROGRAM: %s LISTENS ON PORT %d INSTEAD.", wanted, strings.ToUpper(name), got))
	}
}

// freePort returns port if it is free, else another one that is.
func freePort(ctx context.Context, port int) (int, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		if l, err = listen.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return 0, err
		}
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(fmt.Errorf("address %v has no port", l.Addr()), l.Close())
	}
	return addr.Port, l.Close()
}
