package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"exporttask/api"
	"exporttask/internal/auth"
	"exporttask/internal/testkit/servers"
)

const (
	shop  = "shop" // the database of the data source
	items = 20_000 // rows of its table

	readyTimeout = 60 * time.Second
	// drainTimeout is more than the shutdown-grace of the sites and the times that
	// a shutdown needs besides.
	shutdownGrace = 10 * time.Second
	drainTimeout  = shutdownGrace + 15*time.Second
)

// world is the servers that all attacks share.
type world struct {
	dir          string
	maria        *servers.DBServer
	db           *sql.DB // as root
	program      string
	tokens, open *site
}

// site is one exportd process with its own database.
type site struct {
	world    *world
	name     string
	dir      string
	grpcAddr string
	httpAddr string
	cmd      *exec.Cmd
	exited   chan struct{}
	conn     *grpc.ClientConn  // of the second caller
	token    map[string]string // by name; empty without tokens
	victim   api.ExportTaskClient
	inst     int64 // of the running export
}

func newWorld(ctx context.Context) (_ *world, err error) {
	w := &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(false, io.Discard))
		}
	}()
	if w.dir, err = os.MkdirTemp("", "exportd-attack-"); err != nil {
		return nil, err
	}
	w.program = filepath.Join(w.dir, "exportd")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", w.program, "exporttask/cmd/exportd").CombinedOutput(); err != nil { //nolint:gosec // fixed arguments
		return nil, fmt.Errorf("build exportd: %w: %s", err, out)
	}
	cache, err := servers.CacheDir()
	if err != nil {
		return nil, err
	}
	install, err := servers.FindMariaDB(ctx, cache, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return nil, err
	}
	w.maria, err = servers.StartDB(ctx, install, servers.DBOptions{
		Dir: filepath.Join(w.dir, "db"), Volatile: true, Args: []string{"--max-connections=400", "--max-allowed-packet=64M", "--max-statement-time=60"},
	})
	if err != nil {
		return nil, err
	}
	if w.db, err = w.maria.OpenRoot(""); err != nil {
		return nil, err
	}
	err = errors.Join(w.maria.Exec(ctx,
		"CREATE DATABASE "+shop+" CHARACTER SET utf8mb4",
		"CREATE TABLE "+shop+".items (id INT NOT NULL PRIMARY KEY, note VARCHAR(100) NOT NULL)",
		fmt.Sprintf("INSERT INTO %s.items SELECT seq, CONCAT('note-', seq, REPEAT('x', seq %% 50)) FROM %s.seq_1_to_%d", shop, shop, items),
		"CREATE FUNCTION "+shop+".linger(id INT, ms INT) RETURNS INT NO SQL BEGIN DO SLEEP(ms / 1000); RETURN id % 10; END",
	), w.maria.SetAccount(ctx, "reader", "reader", "SELECT ON "+shop+".*", "EXECUTE ON "+shop+".*"))
	if err != nil {
		return nil, err
	}
	if w.tokens, err = w.newSite(ctx, "tokens", "victim", "mallory", "boss"); err != nil {
		return nil, err
	}
	w.open, err = w.newSite(ctx, "open")
	return w, err
}

// newSite starts an exportd, with tokens if any names are given, and an export
// that runs as long as the attacks do.
func (w *world) newSite(ctx context.Context, name string, tokens ...string) (*site, error) {
	s := &site{world: w, name: name, dir: filepath.Join(w.dir, name), exited: make(chan struct{}), token: map[string]string{}}
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return nil, err
	}
	database := "exportd_" + name
	err := errors.Join(
		w.maria.Exec(ctx, "CREATE DATABASE "+database+" CHARACTER SET utf8mb4"),
		w.maria.SetAccount(ctx, database, database, "ALL PRIVILEGES ON "+database+".*"),
	)
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf("sources:\n  default:\n    dsn: %q\n    functions: [linger]\n", w.maria.DSN("reader", "reader", shop))
	args := []string{"-poll=200ms", "-workers=4", "-shutdown-grace=" + shutdownGrace.String(), "-timeout=5h", "-store-dir=" + filepath.Join(s.dir, "store")}
	if len(tokens) > 0 {
		file, err := s.writeTokens(tokens)
		if err != nil {
			return nil, err
		}
		args = append(args, "-tokens-file="+file)
	}
	path := filepath.Join(s.dir, "exportd.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	if err := s.start(ctx, w.program, w.maria.DSN(database, database, database), append(args, "-config="+path)); err != nil {
		return nil, fmt.Errorf("%w; log in %s", err, s.dir)
	}
	return s, s.startExport(ctx)
}

// writeTokens writes a tokens file. Each name has an operator of its own, and
// "boss" is an admin.
func (s *site) writeTokens(names []string) (path string, err error) {
	var text strings.Builder
	for i, name := range names {
		scopes := []string{"read", "run"}
		if name == "boss" {
			scopes = []string{"admin"}
		}
		token, lines, err := auth.NewEntry(name, fmt.Sprint(i+7), scopes)
		if err != nil {
			return "", err
		}
		s.token[name] = token
		text.WriteString(lines)
	}
	path = filepath.Join(s.dir, "tokens.yaml")
	return path, os.WriteFile(path, []byte(text.String()), 0o600)
}

func (s *site) start(ctx context.Context, program, dsn string, args []string) (err error) {
	if s.grpcAddr, err = freeAddr(ctx); err != nil {
		return err
	}
	if s.httpAddr, err = freeAddr(ctx); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.dir, "exportd.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(program, append(args, "-grpc-addr="+s.grpcAddr, "-http-addr="+s.httpAddr)...) //nolint:gosec,noctx // our own binary; close ends it
	s.cmd.Env = append(os.Environ(), "EXPORTD_DB_DSN="+dsn, "GOMEMLIMIT=512MiB")
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	if s.conn, err = grpc.NewClient(s.grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		return err
	}
	s.victim = api.NewExportTaskClient(s.conn)
	ctx, stop := context.WithTimeout(ctx, readyTimeout)
	defer stop()
	_, err = healthpb.NewHealthClient(s.conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	return err
}

// as returns the context of a call with a token of the site.
func (s *site) as(ctx context.Context, name string) context.Context {
	if token := s.token[name]; token != "" {
		return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	return ctx
}

// startExport starts the export that must keep its lease.
func (s *site) startExport(ctx context.Context) error {
	calls := s.as(ctx, "victim")
	tpl, err := s.victim.CreateTpl(calls, &api.WshExportTaskCreateTplReq{
		EtplName: "long", EtplExpr: "SELECT id, linger(id, 400) AS p FROM items ORDER BY id", EtplMaxAttempts: 1, EtplTimeoutSec: 4 * 3600,
	})
	if err := answered(tpl, err); err != nil {
		return fmt.Errorf("CreateTpl: %w", err)
	}
	inst, err := s.victim.CreateInst(calls, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId()})
	if err := answered(inst, err); err != nil {
		return fmt.Errorf("CreateInst: %w", err)
	}
	s.inst = inst.GetData().GetEinstId()
	for range 100 {
		if err := s.checkExport(ctx); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond) //nolint:forbidigo // polls until the export runs
	}
	return s.checkExport(ctx)
}

// checkExport returns an error unless the export runs in its first attempt.
func (s *site) checkExport(ctx context.Context) error {
	ctx, stop := context.WithTimeout(s.as(ctx, "victim"), 10*time.Second)
	defer stop()
	res, err := s.victim.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: s.inst})
	if err := answered(res, err); err != nil {
		return fmt.Errorf("the running export: %w", err)
	}
	if in := res.GetData(); in.GetState() != api.WshExportInstState_STATE_RUNNING || in.GetAttempt() != 1 {
		return fmt.Errorf("the running export is %s, attempt %d, %s", in.GetState(), in.GetAttempt(), in.GetErrMsg())
	}
	return nil
}

// drain opens streams, ends the process with SIGTERM and returns how long that
// took.
func (s *site) drain(ctx context.Context) (time.Duration, error) {
	a, err := newAttacker(s)
	if err != nil {
		return 0, err
	}
	defer a.close()
	for range 50 {
		if _, err := a.openSilently(s.as(ctx, "mallory"), "/exporttask.ExportTask/WatchInst"); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-s.exited:
		return time.Since(began), nil
	case <-time.After(drainTimeout):
		return time.Since(began), fmt.Errorf("the process did not end within %s of SIGTERM", drainTimeout)
	}
}

// answered returns the error of a call: its status, or the error in the envelope.
func answered(res interface {
	GetErrCode() string
	GetErrMsg() string
}, err error,
) error {
	if err != nil {
		return err
	}
	if res.GetErrCode() != "" {
		return fmt.Errorf("errCode %s: %s", res.GetErrCode(), res.GetErrMsg())
	}
	return nil
}

func freeAddr(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// close ends all processes. With keep the logs stay.
func (w *world) close(keep bool, out io.Writer) error {
	var errs []error
	for _, s := range []*site{w.tokens, w.open} {
		if s == nil || s.cmd == nil || s.cmd.Process == nil {
			continue
		}
		_ = s.cmd.Process.Kill()
		<-s.exited
		if s.conn != nil {
			errs = append(errs, s.conn.Close())
		}
	}
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	if w.maria != nil {
		errs = append(errs, w.maria.Kill())
	}
	if keep {
		fmt.Fprintln(out, "logs are kept in", w.dir)
		return errors.Join(append(errs, os.RemoveAll(filepath.Join(w.dir, "db")))...)
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}
