package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"exporttask/api"
	"exporttask/internal/testkit/servers"
)

const (
	watchers = 2000
	watched  = 100 // instances that they watch
	// counted is the time for which statements are counted, settling the time
	// before that, in which the pool closes the connections of the start.
	counted, settling = 40 * time.Second, 15 * time.Second

	maxIdle, maxWatched = 2.0, 20.0 // statements a second
)

// traffic prints the statements a second that a process sends to its own database:
// idle, with default settings, and with watchers of waiting instances.
func traffic(ctx context.Context, maria *servers.DBServer, dir string) (ok bool, err error) {
	program := filepath.Join(dir, "exportd")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "exporttask/cmd/exportd")
	if out, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("build exportd: %w: %s", err, out)
	}
	err = errors.Join(
		maria.Exec(ctx, "CREATE DATABASE traffic CHARACTER SET utf8mb4", "CREATE DATABASE traffic_source", "CREATE TABLE traffic_source.item (id INT PRIMARY KEY)"),
		maria.SetAccount(ctx, "traffic", "traffic", "SELECT ON traffic_source.*"),
	)
	if err != nil {
		return false, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return false, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return false, err
	}
	start := func(args ...string) (stop func(), err error) {
		args = append([]string{"-grpc-addr=" + addr, "-http-addr=", "-store-dir=" + filepath.Join(dir, "store"), "-rate-limit=0", "-max-streams=4000"}, args...)
		cmd := exec.Command(program, args...) //nolint:gosec,noctx // stop ends it
		cmd.Env = append(os.Environ(), "EXPORTD_DB_DSN="+maria.RootDSN("traffic"), "EXPORTD_READER_DSN="+maria.DSN("traffic", "traffic", "traffic_source"))
		cmd.Stderr = os.Stderr
		cmd.Env = append(cmd.Env, "EXPORTD_LOG_LEVEL=error")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, cmd.Start()
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return false, err
	}
	defer conn.Close()
	ready := func() error {
		ctx, stop := context.WithTimeout(ctx, time.Minute)
		defer stop()
		_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		return err
	}
	report := func(name string, bound float64) error {
		rate, err := statements(ctx, maria)
		mark := ""
		if rate > bound {
			ok, mark = false, "  FALLS SHORT"
		}
		fmt.Fprintf(os.Stdout, "statements a second, %s: %.2f (wanted <= %.0f)%s\n", name, rate, bound, mark)
		return err
	}
	ok = true

	stop, err := start()
	if err != nil {
		return false, err
	}
	err = ready()
	if err == nil {
		err = report("an idle replica", maxIdle)
	}
	stop()
	if err != nil {
		return false, err
	}
	if stop, err = start("-workers=0"); err != nil {
		return false, err
	}
	defer stop()
	if err := ready(); err != nil {
		return false, err
	}
	watching, end := context.WithCancel(ctx)
	defer end()
	if err := watch(watching, api.NewExportTaskClient(conn)); err != nil {
		return false, err
	}
	return ok, report(fmt.Sprintf("%d watchers of %d instances", watchers, watched), maxWatched)
}

// watch creates instances and opens the streams of their watchers, until ctx ends.
func watch(ctx context.Context, client api.ExportTaskClient) error {
	tpl, err := client.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{EtplName: "traffic", EtplExpr: "SELECT id FROM item", OperatorId: 1})
	if err != nil || tpl.GetErrCode() != "" {
		return fmt.Errorf("CreateTpl: %w %s", err, tpl.GetErrMsg())
	}
	var ids []int64
	for range watched {
		in, err := client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId(), OperatorId: 1})
		if err != nil || in.GetErrCode() != "" {
			return fmt.Errorf("CreateInst: %w %s", err, in.GetErrMsg())
		}
		ids = append(ids, in.GetData().GetEinstId())
	}
	for i := range watchers {
		stream, err := client.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: ids[i%watched]})
		if err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil { // its state now
			return fmt.Errorf("watcher %d: %w", i+1, err)
		}
	}
	return nil
}

// statements returns the statements a second that the server gets, without those
// of this function.
func statements(ctx context.Context, maria *servers.DBServer) (float64, error) {
	db, err := maria.OpenRoot("")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := sleep(ctx, settling); err != nil {
		return 0, err
	}
	before, err := questions(ctx, db)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := sleep(ctx, counted); err != nil {
		return 0, err
	}
	after, err := questions(ctx, db)
	return float64(after-before-1) / time.Since(began).Seconds(), err
}

func questions(ctx context.Context, db *sql.DB) (n int64, err error) {
	var name string
	err = db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Questions'").Scan(&name, &n)
	return n, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
