package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/api"
)

// site is one installation for one fault: a database, a store, replicas.
type site struct {
	w        *world
	name     string
	dir      string
	dsn      string // of exportd's own database, through the proxy by default
	direct   string // the same without the proxy
	storeDir string
	config   string
	program  string
	lease    time.Duration
	args     []string // of every replica
	api      *replica // runs no instances, answers calls, and reaches the database without the proxy
	replicas []*replica
	tpl      int32
	want     map[int64][2]int // the items of each instance
	mu       sync.Mutex
	// root returns a pool of root's connections to the server that has the
	// site's database now, without a proxy.
	root func() *sql.DB
}

// newSite makes an installation with n replicas behind the proxies and with
// additional sections in its configuration.
func (w *world) newSite(ctx context.Context, program string, n int, lease time.Duration, sections ...string) (*site, error) {
	s, err := w.emptySite(program, lease)
	if err != nil {
		return nil, err
	}
	name := s.name
	err = errors.Join(
		w.maria.Exec(ctx, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4"),
		w.maria.SetAccount(ctx, name, name, "ALL PRIVILEGES ON "+name+".*"),
	)
	if err != nil {
		return nil, err
	}
	s.direct = w.maria.DSN(name, name, name)
	if s.dsn, err = through(s.direct, w.own.Listen); err != nil {
		return nil, err
	}
	if err := s.writeConfig(sections...); err != nil {
		return nil, err
	}
	proxied := s.dsn
	s.dsn = s.direct
	if s.api, err = s.start(ctx, "-workers=0"); err != nil {
		return nil, errors.Join(fmt.Errorf("log in %s: %w", s.dir, err), s.close())
	}
	s.dsn = proxied
	for range n {
		r, err := s.start(ctx)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.replicas = append(s.replicas, r)
	}
	s.tpl, err = s.addTpl(ctx, lingerSQL, 20, "from", "to", "ms")
	return s, err
}

// emptySite returns an installation without a database and without replicas.
func (w *world) emptySite(program string, lease time.Duration) (*site, error) {
	name := fmt.Sprintf("site%d", w.sites.Add(1))
	s := &site{
		w: w, name: name, dir: filepath.Join(w.dir, name), program: w.programs[program], lease: lease,
		args: []string{"-poll=200ms", "-workers=4", "-shutdown-grace=20s"}, want: map[int64][2]int{},
		root: func() *sql.DB { return w.db },
	}
	s.storeDir, s.config = filepath.Join(s.dir, "store"), filepath.Join(s.dir, "exportd.yaml")
	return s, os.MkdirAll(s.dir, 0o750)
}

// writeConfig writes the configuration of the replicas: the data source, and
// additional sections.
func (s *site) writeConfig(sections ...string) error {
	source, err := through(s.w.maria.DSN("reader", "reader", shop), s.w.source.Listen)
	if err != nil {
		return err
	}
	yaml := fmt.Sprintf("sources:\n  default:\n    dsn: %q\n    functions: [linger]\n%s", source, strings.Join(sections, ""))
	return os.WriteFile(s.config, []byte(yaml), 0o600)
}

// lingerSQL selects the items :from to :to and takes :ms milliseconds for each.
const lingerSQL = "SELECT id, note, linger(id, :ms) AS p FROM items WHERE id BETWEEN :from AND :to ORDER BY id"

// through returns a DSN with the address of a proxy.
func through(dsn, addr string) (string, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return "", err
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return "", err
	}
	cfg.Addr = addr
	return cfg.FormatDSN(), nil
}

func (s *site) addTpl(ctx context.Context, expr string, attempts int32, ints ...string) (int32, error) {
	return s.addTplOn(ctx, "default", expr, attempts, ints...)
}

// addTplOn creates a template on a data source.
func (s *site) addTplOn(ctx context.Context, source, expr string, attempts int32, ints ...string) (int32, error) {
	req := &api.WshExportTaskCreateTplReq{EtplName: "chaos", EtplSource: source, EtplExpr: expr, OperatorId: 1, EtplMaxAttempts: attempts}
	for _, name := range ints {
		req.EtplParams = append(req.EtplParams, &api.WshExportParamDecl{Name: name, Type: api.WshExportParamType_PARAM_INT})
	}
	res, err := s.api.client.CreateTpl(ctx, req)
	if err := answered(res, err); err != nil {
		return 0, fmt.Errorf("CreateTpl: %w", err)
	}
	return res.GetData().GetEtplId(), nil
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

// job describes an instance: its rows, and the milliseconds for each row.
type job struct {
	rows     int
	ms       int
	operator int32
}

// addAll creates n instances of a job and returns their ids.
func (s *site) addAll(ctx context.Context, n int, j job) ([]int64, error) {
	ids := make([]int64, n)
	errs := make([]error, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range next {
				ids[i], errs[i] = s.add(ctx, i, j)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	return ids, errors.Join(errs...)
}

func (s *site) add(ctx context.Context, i int, j job) (int64, error) {
	from := 1 + i*37%(items-j.rows)
	to := from + j.rows - 1
	res, err := s.api.client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{
		EtplId: s.tpl, OperatorId: max(j.operator, 1), Params: []*api.WshExportParam{
			{Name: "from", Value: strconv.Itoa(from)}, {Name: "to", Value: strconv.Itoa(to)}, {Name: "ms", Value: strconv.Itoa(j.ms)},
		},
	})
	if err := answered(res, err); err != nil {
		return 0, fmt.Errorf("CreateInst: %w", err)
	}
	id := res.GetData().GetEinstId()
	s.mu.Lock()
	s.want[id] = [2]int{from, to}
	s.mu.Unlock()
	return id, nil
}

// count counts rows in the database of the site, without the proxy.
func (s *site) count(ctx context.Context, query string, args ...any) (n int, err error) {
	err = s.root().QueryRowContext(ctx, "SELECT COUNT(*) FROM "+s.name+"."+query, args...).Scan(&n)
	return n, err
}

// until polls a condition every 50 ms until it holds.
func until(ctx context.Context, limit time.Duration, what string, holds func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for {
		ok, err := holds()
		if ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-deadline:
			return fmt.Errorf("%s: not within %s", what, limit)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// untilEnded waits until n instances have ended.
func (s *site) untilEnded(ctx context.Context, n int, limit time.Duration) error {
	return until(ctx, limit, fmt.Sprintf("end of %d instances", n), func() (bool, error) {
		ended, err := s.count(ctx, "welife_export_inst WHERE status IN (2, 3)")
		return ended >= n, err
	})
}

func (s *site) close() error {
	var errs []error
	for _, r := range append(s.replicas, s.api) {
		if r != nil {
			errs = append(errs, r.kill())
		}
	}
	return errors.Join(errs...)
}
