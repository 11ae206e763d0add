package main

import (
	"context"
	"crypto/rand"
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

// Names and ports of the private servers; the ports are taken if they are free.
const (
	ownDatabase  = "exportd"
	shopDatabase = "shop"
	mariaPort    = 53306
	etcdPort     = 52379
)

// Times.
const (
	readyTimeout = 30 * time.Second // until exportd answers
	stopTimeout  = 45 * time.Second // until exportd has stopped; its own grace is 30 s
)

// stack is everything that runs.
type stack struct {
	dir      string
	shopDSN  string // of the sample shop, with the right to read
	grpcAddr string
	httpAddr string
	logFile  string
	filesDir string

	maria  *servers.DBServer // nil where a DSN was given
	etcd   *servers.Etcd
	server *exec.Cmd
	exited chan struct{} // closed when exportd ended
}

// start brings everything up, from the bottom.
func start(ctx context.Context, opt settings, say func(string, ...any)) (_ *stack, err error) {
	dir, err := filepath.Abs(opt.dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	st := &stack{dir: dir, logFile: filepath.Join(dir, "exportd.log"), filesDir: filepath.Join(dir, "files"), exited: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.stop())
		}
	}()
	cache, err := servers.CacheDir()
	if err != nil {
		return nil, err
	}
	env, err := st.startDatabase(ctx, opt, cache, say)
	if err != nil {
		return nil, err
	}
	if err := st.startEtcd(ctx, opt, cache, say); err != nil {
		return nil, err
	}
	return st, st.startExportd(ctx, opt, env, say)
}

// startDatabase makes sure of a database for exportd and of the sample shop,
// and returns the environment that tells exportd of them.
func (st *stack) startDatabase(ctx context.Context, opt settings, cache string, say func(string, ...any)) ([]string, error) {
	if opt.dsn != "" {
		say("Using the database that was given; the sample shop goes there too.")
		st.shopDSN = opt.dsn
		return []string{"EXPORTD_DB_DSN=" + opt.dsn, "EXPORTD_READER_DSN=" + opt.dsn}, fillShop(ctx, opt.dsn, say)
	}
	say("Looking for MariaDB; where there is none, it is downloaded into %s once.", cache)
	install, err := servers.FindMariaDB(ctx, cache, opt.log)
	if err != nil {
		return nil, err
	}
	st.maria, err = servers.StartDB(ctx, install, servers.DBOptions{Dir: filepath.Join(st.dir, "mariadb"), Port: mariaPort})
	if err != nil {
		return nil, err
	}
	say("MariaDB runs privately on %s.", st.maria.Addr())
	for _, db := range []string{ownDatabase, shopDatabase} {
		if err := st.maria.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+db+" CHARACTER SET utf8mb4"); err != nil {
			return nil, err
		}
	}
	password, err := st.password()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		st.maria.SetAccount(ctx, "exportd", password, "ALL PRIVILEGES ON "+ownDatabase+".*"),
		st.maria.SetAccount(ctx, "exportd_reader", password, "SELECT ON "+ownDatabase+".*", "SELECT ON "+shopDatabase+".*"),
	)
	if err != nil {
		return nil, err
	}
	if err := fillShop(ctx, st.maria.RootDSN(shopDatabase), say); err != nil {
		return nil, err
	}
	st.shopDSN = st.maria.DSN("exportd_reader", password, shopDatabase)
	// The reading account's database is exportd's own, as it is for every
	// installation that configures no sources; the shop is a source beside it.
	config := filepath.Join(st.dir, "exportd.yaml")
	yaml := fmt.Sprintf("sources:\n  default:\n    dsn: %q\n  shop:\n    dsn: %q\n",
		st.maria.DSN("exportd_reader", password, ownDatabase), st.shopDSN)
	if err := os.WriteFile(config, []byte(yaml), 0o600); err != nil {
		return nil, err
	}
	return []string{
		"EXPORTD_CONFIG=" + config,
		"EXPORTD_DB_DSN=" + st.maria.DSN("exportd", password, ownDatabase),
	}, nil
}

// password is the private accounts' password, made at the first start.
func (st *stack) password() (string, error) {
	file := filepath.Join(st.dir, "password")
	text, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	return password, os.WriteFile(file, []byte(password+"\n"), 0o600)
}

func (st *stack) startEtcd(ctx context.Context, opt settings, cache string, say func(string, ...any)) error {
	say("Looking for etcd; where there is none, it is built once, which takes a minute or two.")
	program, err := servers.FindEtcd(ctx, cache, opt.log)
	if err != nil {
		return err
	}
	st.etcd, err = servers.StartEtcd(ctx, program, servers.EtcdOptions{Dir: filepath.Join(st.dir, "etcd"), Port: etcdPort})
	if err != nil {
		return err
	}
	say("etcd runs privately on %s.", st.etcd.Endpoint())
	return nil
}

// startExportd starts the real binary and waits until it answers.
func (st *stack) startExportd(ctx context.Context, opt settings, env []string, say func(string, ...any)) error {
	port, err := freePort(ctx, opt.grpcPort)
	if err != nil {
		return err
	}
	httpPort, err := freePort(ctx, opt.grpcPort+1)
	if err != nil {
		return err
	}
	st.grpcAddr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	st.httpAddr = net.JoinHostPort("127.0.0.1", strconv.Itoa(httpPort))
	log, err := os.OpenFile(st.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(opt.exportd, "-grpc-addr="+st.grpcAddr, "-http-addr="+st.httpAddr, "-etcd-endpoints="+st.etcd.Endpoint(), "-store-dir="+st.filesDir) //nolint:gosec,noctx // our own binary; it is stopped in order, not by a context
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A process group of its own: Ctrl-C is for devstack, which stops exportd
	// before what exportd needs.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start exportd: %w", err)
	}
	st.server = cmd
	go func() {
		_ = cmd.Wait() // its log says why it ended
		close(st.exited)
	}()
	ctx, stop := context.WithTimeout(ctx, readyTimeout)
	defer stop()
	if err := st.waitReady(ctx); err != nil {
		return fmt.Errorf("exportd does not answer (%w); its log is %s", err, st.logFile)
	}
	say("exportd serves gRPC on %s and HTTP on http://%s.", st.grpcAddr, st.httpAddr)
	return nil
}

func (st *stack) waitReady(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-st.exited:
			stop(errors.New("it ended"))
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

// stop ends everything, from the top.
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

// freePort is port if it is free, or else another one that is.
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
