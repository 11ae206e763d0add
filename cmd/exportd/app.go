package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"time"

	"exporttask/cmd/internal/version"
	"exporttask/internal/audit"
	"exporttask/internal/delivery"
	"exporttask/internal/export"
	"exporttask/internal/model"
	"exporttask/internal/schedule"
	"exporttask/internal/server"
	"exporttask/internal/task"
	"exporttask/internal/telemetry/metrics"
	"exporttask/migrations"
)

// app builds the parts of a process from its configuration.
type app struct {
	cfg   *config
	log   *slog.Logger
	level *slog.LevelVar
	load  func() (*config, error) // reads the configuration again

	memory budgets
}

// migrate brings the schema of the service's database up to date.
func migrate(ctx context.Context, a *app) error {
	db, err := model.Open(ctx, a.cfg.dbDSN)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer db.Close()
	schema, err := migrations.Up(ctx, db.SQL(), a.log)
	if err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	a.log.Info("schema is up to date", "version", schema)
	return nil
}

// serve builds the process and runs it until ctx ends or serving fails.
func serve(ctx context.Context, a *app) error {
	p, err := a.build(ctx)
	if err != nil {
		return err
	}
	defer p.close(ctx)
	return p.run(ctx)
}

// build makes every part of the process and gives each what it needs. It listens,
// but serves nothing yet.
func (a *app) build(ctx context.Context) (_ *process, err error) {
	p := &process{app: a, log: a.log, grace: a.cfg.shutdownGrace}
	defer func() {
		if err != nil {
			p.close(ctx)
		}
	}()
	a.memory = newBudgets(a.cfg.memory, a.log)
	if p.db, err = a.openDatabase(ctx); err != nil {
		return nil, err
	}
	if p.sources, err = openSources(a.cfg.sources, a.cfg.location, a.log); err != nil {
		return nil, fmt.Errorf("data sources: %w", err)
	}
	files, storeID, err := a.openStore(ctx, p.db)
	if err != nil {
		return nil, err
	}
	owner, err := ownerName()
	if err != nil {
		return nil, err
	}
	if p.traces, p.traceFiles, err = a.traces(ctx, owner); err != nil {
		return nil, err
	}
	destinations := slices.Sorted(maps.Keys(a.cfg.destinations))
	m := metrics.New(metrics.Config{Version: version.Get().Version, Sources: slices.Sorted(maps.Keys(a.cfg.sources)), Destinations: destinations})
	work := p.db.Workers() // callers must not be able to keep the process from its own work
	m.AddQueue(work)
	m.AddDeliveries(work, destinations)
	m.AddHistory(p.db.Losses)
	if err := p.listen(ctx, a); err != nil {
		return nil, err
	}
	a.memory.register(m)
	p.exports = a.exports(owner, p, files, m)
	p.historian = &export.Historian{DB: work, Log: a.log.With("worker", owner)}
	p.deliveries = a.deliveries(owner, p, files, m)
	p.sweeper = a.sweeper(work, files, storeID)
	p.audit = audit.NewKeeper(audit.Config{Keep: a.cfg.auditKeep, CutEvery: a.cfg.sweepEvery}, work, a.log)
	config := task.Config{
		DB: p.db, Sources: p.sources, Files: files, Exports: p.exports, Deliveries: p.deliveries,
		Settings: a.cfg.settings, Now: func() time.Time { return time.Now().In(a.cfg.location) },
	}
	tasks := task.New(config)
	config.DB = work
	p.schedules = schedule.New(schedule.Config{Zone: a.cfg.location, Every: 2 * a.cfg.poll, Tracer: p.traces.Tracer()},
		work, task.New(config), p.exports.Wake, a.log)
	p.handlers = server.New(server.Config{
		DB: p.db, Tasks: tasks, Destinations: p.deliveries, Links: linksOrNil(p.links),
		MaxTimeout: a.cfg.settings.MaxTimeout, Caller: caller, Version: version.Get().Version, Zone: a.cfg.location,
	})
	if p.rpc, err = a.newRPCServer(p.db, p.handlers, m, p.traces, p.audit); err != nil {
		return nil, err
	}
	if p.httpListener != nil {
		if p.http, err = a.newHTTPServer(p.httpListener, p.rpc, tasks, p.links, work, m); err != nil {
			return nil, err
		}
	}
	if p.registry, err = announce(&a.cfg.etcd, p.grpcListener.Addr().String(), a.log); err != nil {
		return nil, err
	}
	limited := a.cfg.edge.Listen(p.grpcListener, a.log)
	p.grpcListener = limited
	m.AddConnections("grpc", limited.Open)
	m.AddRegistration(registrationStates, func() string { return string(p.registry.State()) })
	return p, nil
}

// openDatabase opens the service's own database and brings its schema up to date,
// or only checks the schema where migrate is off.
func (a *app) openDatabase(ctx context.Context) (*model.DB, error) {
	db, err := model.Open(ctx, a.cfg.dbDSN)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if a.cfg.migrate {
		_, err = migrations.Up(ctx, db.SQL(), a.log)
	} else {
		err = migrations.Check(ctx, db.SQL())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("schema of the database: %w", err), db.Close())
	}
	return db.WithQueueSettings(a.queue()).WithLargeReads(chargeRead), nil
}

// openStore opens the store and verifies that it is the one that the database
// records, so that replicas with different stores do not share a queue.
func (a *app) openStore(ctx context.Context, db *model.DB) (files fileStore, id string, err error) {
	if files, err = a.cfg.store.open(ctx); err != nil {
		return nil, "", fmt.Errorf("open the store: %w", err)
	}
	err = db.VerifyStoreID(ctx, func(recorded string) (string, error) { return files.VerifyID(ctx, recorded) })
	if err != nil {
		return nil, "", fmt.Errorf("verify the store: %w", err)
	}
	if id, err = files.ID(ctx); err != nil {
		return nil, "", fmt.Errorf("read the store's id: %w", err)
	}
	return files, id, nil
}

// exports returns the pool of workers that run instances.
func (a *app) exports(owner string, p *process, files fileStore, m *metrics.Metrics) *export.Pool {
	return export.NewPool(export.Config{
		Observer: m, Tracer: p.traces.Tracer(),
		Owner: owner, Workers: a.cfg.workers, Lease: a.cfg.lease, Poll: a.cfg.poll, Backoff: 2 * time.Second, MaxBackoff: 5 * time.Minute,
		OutageWait: a.outageWaits(),
	}, p.db.Workers(), &export.Runner{Sources: p.sources, Store: files, TempDir: files.TempDir(), Memory: a.memory.work, Program: program()}, a.log)
}

// outageWaits returns the outage-wait of the data sources.
func (a *app) outageWaits() map[string]time.Duration {
	waits := map[string]time.Duration{}
	for name, s := range a.cfg.sources {
		waits[name] = s.OutageWait
	}
	return waits
}

// Back-off of deliveries. With the default number of attempts a receiver may be
// down for three hours.
const (
	deliveryBackoff    = 10 * time.Second
	deliveryMaxBackoff = time.Hour
)

// deliveries returns the pool of workers that send files to destinations.
func (a *app) deliveries(owner string, p *process, files fileStore, m *metrics.Metrics) *delivery.Pool {
	var signed delivery.Links
	if p.links != nil {
		signed = p.links
	}
	return delivery.New(delivery.Config{
		Owner: owner, Workers: a.cfg.deliveryWorkers, Lease: a.cfg.lease, Poll: a.cfg.poll,
		Backoff: deliveryBackoff, MaxBackoff: deliveryMaxBackoff, Observer: m, Tracer: p.traces.Tracer(), Memory: a.memory.work,
	}, a.cfg.destinations, p.db.Workers(), files, signed, a.log)
}

// sweeper returns what removes expired files and files that no instance names.
func (a *app) sweeper(db *model.DB, files fileStore, storeID string) *export.Sweeper {
	return export.NewSweeper(export.SweepConfig{
		ExpireEvery: min(time.Minute, a.cfg.sweepEvery), SweepEvery: a.cfg.sweepEvery, StoreID: storeID,
		Force: a.cfg.sweepForce, KeepHistory: a.cfg.history, SpillAge: spillAge(a.cfg.settings.MaxTimeout),
	}, db, files, a.log, time.Now)
}

// linksOrNil returns a nil interface for a nil pointer.
func linksOrNil(l *links) server.Links {
	if l == nil {
		return nil
	}
	return l
}

// queue returns the settings of the queue.
func (a *app) queue() model.QueueSettings {
	q := model.QueueSettings{
		Lease: a.cfg.lease, MaxRunning: a.cfg.maxRunning, MaxRunningSource: a.cfg.maxRunningSrc,
		SourceMaxRunning: map[string]int{}, Shares: a.cfg.shares,
	}
	for name, s := range a.cfg.sources {
		if s.MaxRunning > 0 {
			q.SourceMaxRunning[name] = s.MaxRunning
		}
	}
	return q
}

// spillAge returns the age from which no attempt uses a temporary file any more.
func spillAge(maxTimeout time.Duration) time.Duration { return maxTimeout + time.Hour }

// ownerName returns the name under which this process claims work: host name,
// process id and random digits, so that no two processes ever share one.
func ownerName() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("host name: %w", err)
	}
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("worker name: %w", err)
	}
	return fmt.Sprintf("%.64s-%d-%s", host, os.Getpid(), hex.EncodeToString(b[:])), nil
}

// listen opens the listeners of gRPC and, where it is configured, of HTTP.
func (p *process) listen(ctx context.Context, a *app) error {
	var listen net.ListenConfig
	var err error
	if p.grpcListener, err = listen.Listen(ctx, "tcp", a.cfg.grpcAddr); err != nil {
		return fmt.Errorf("grpc-addr: %w", err)
	}
	if a.cfg.http.addr == "" {
		return nil
	}
	if p.httpListener, err = listen.Listen(ctx, "tcp", a.cfg.http.addr); err != nil {
		return fmt.Errorf("http-addr: %w", err)
	}
	p.links, err = a.cfg.http.openLinks(p.httpListener.Addr().String(), a.cfg.tls.On(), a.log)
	return err
}

// close closes what build opened.
func (p *process) close(ctx context.Context) {
	for _, l := range []net.Listener{p.grpcListener, p.httpListener} {
		if l != nil {
			_ = l.Close() // the server has closed it already, where one served
		}
	}
	if p.traces != nil {
		p.traces.Stop(ctx)
	}
	if p.db != nil {
		_ = p.db.Close()
	}
}
