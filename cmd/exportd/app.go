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
	"exporttask/internal/delivery"
	"exporttask/internal/export"
	"exporttask/internal/model"
	"exporttask/internal/schedule"
	"exporttask/internal/server"
	"exporttask/internal/store"
	"exporttask/internal/telemetry/metrics"
	"exporttask/internal/telemetry/tracing"
	"exporttask/migrations"
)

// app is the wiring of one process: serve makes every part, hands each what it
// needs, and stops them in order.
type app struct {
	cfg   *config
	log   *slog.Logger
	level *slog.LevelVar
	load  func() (*config, error) // reads the configuration again
}

func migrate(ctx context.Context, a *app) error {
	db, err := model.Open(ctx, a.cfg.dbDSN)
	if err != nil {
		return err
	}
	defer db.Close()
	schema, err := migrations.Up(ctx, db.SQL(), a.log)
	if err != nil {
		return err
	}
	a.log.Info("schema is up to date", "version", schema)
	return nil
}

func serve(ctx context.Context, a *app) error {
	db, err := model.Open(ctx, a.cfg.dbDSN)
	if err != nil {
		return err
	}
	defer db.Close()
	if a.cfg.migrate {
		_, err = migrations.Up(ctx, db.SQL(), a.log)
	} else {
		err = migrations.Check(ctx, db.SQL())
	}
	if err != nil {
		return err
	}
	srcs, err := openSources(a.cfg.sources, a.log)
	if err != nil {
		return err
	}
	files, err := a.cfg.store.open(ctx)
	if err != nil {
		return err
	}
	err = db.VerifyStoreID(ctx, func(kept string) (string, error) { return files.AgreeOn(ctx, kept) })
	if err != nil {
		return err
	}
	storeID, err := files.ID(ctx)
	if err != nil {
		return err
	}
	db = db.WithQueueSettings(a.queue())
	owner, err := ownerName()
	if err != nil {
		return err
	}
	traces, traceFiles, err := a.traces(ctx, owner)
	if err != nil {
		return err
	}
	defer traces.Stop(ctx)
	figures := metrics.New(version.Get().Version)
	figures.AddQueue(db)
	figures.AddDeliveries(db, slices.Sorted(maps.Keys(a.cfg.destinations)))
	pool := export.NewPool(export.Config{
		Observer: figures, Tracer: traces.Tracer(),
		Owner: owner, Workers: a.cfg.workers, Lease: a.cfg.lease, Poll: a.cfg.poll, Backoff: 2 * time.Second, MaxBackoff: 5 * time.Minute,
	}, db, &export.Runner{Sources: srcs, Store: files, TempDir: files.TempDir()}, a.log)
	sweeper := export.NewSweeper(export.SweepConfig{
		ExpireEvery: min(time.Minute, a.cfg.sweepEvery), SweepEvery: a.cfg.sweepEvery, StoreID: storeID,
		Force: a.cfg.sweepForce, SpillAge: spillAge(a.cfg.limits.MaxTimeout),
	}, db, files, a.log, time.Now)
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", a.cfg.grpcAddr)
	if err != nil {
		return fmt.Errorf("grpc-addr: %w", err)
	}
	defer listener.Close()
	httpListener, fileLinks, err := a.listenHTTP(ctx)
	if err != nil {
		return err
	}
	now := func() time.Time { return time.Now().In(a.cfg.location) }
	deliveries := a.deliveries(owner, db, files, fileLinks, figures, traces)
	tasks := server.New(db, srcs, files, pool, deliveries, a.cfg.limits, linksOrNone(fileLinks), now)

	door, err := a.door(db, tasks, figures, traces)
	if err != nil {
		return err
	}
	var port *web
	if httpListener != nil {
		defer httpListener.Close()
		ready := func(ctx context.Context) error { return db.Ping(ctx) }
		if port, err = a.web(httpListener, door, tasks, fileLinks, ready, figures.Handler()); err != nil {
			return err
		}
	}
	reg, err := announce(&a.cfg.etcd, listener.Addr().String(), a.log)
	if err != nil {
		return err
	}

	limited := a.cfg.edge.Listen(listener, a.log)
	figures.AddConnections("grpc", limited.Open)
	figures.AddRegistration(registrationStates, func() string { return string(reg.State()) })
	schedules := schedule.New(schedule.Config{
		Zone: a.cfg.location, Every: a.cfg.poll, MaxWaiting: a.cfg.limits.MaxWaiting, Tracer: traces.Tracer(),
	}, db, tasks, pool.Wake, a.log)
	p := &process{
		app: a, log: a.log, grace: a.cfg.shutdownGrace, door: door, web: port, tasks: tasks, pool: pool, deliveries: deliveries, schedules: schedules, sources: srcs, sweeper: sweeper, registry: reg, traceFiles: traceFiles,
	}
	return p.run(ctx, limited)
}

// listenHTTP listens for HTTP where that is wanted.
func (a *app) listenHTTP(ctx context.Context) (net.Listener, *links, error) {
	if a.cfg.http.addr == "" {
		return nil, nil, nil
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", a.cfg.http.addr)
	if err != nil {
		return nil, nil, fmt.Errorf("http-addr: %w", err)
	}
	l, err := a.cfg.http.openLinks(listener.Addr().String(), a.cfg.tls.On(), a.log)
	if err != nil {
		return nil, nil, errors.Join(err, listener.Close())
	}
	return listener, l, nil
}

// Waits before attempts of deliveries: a receiver that is down for three hours
// gets its file with the usual number of attempts.
const (
	deliveryBackoff    = 10 * time.Second
	deliveryMaxBackoff = time.Hour
)

// deliveries makes the pool that sends finished files on.
func (a *app) deliveries(owner string, db *model.DB, files store.Store, l *links, figures *metrics.Metrics, traces *tracing.Provider) *delivery.Pool {
	var signed delivery.Links
	if l != nil {
		signed = l
	}
	return delivery.New(delivery.Config{
		Owner: owner, Workers: a.cfg.senders, Lease: a.cfg.lease, Poll: a.cfg.poll,
		Backoff: deliveryBackoff, MaxBackoff: deliveryMaxBackoff, Observer: figures, Tracer: traces.Tracer(),
	}, a.cfg.destinations, db, files, signed, a.log)
}

// linksOrNone keeps a nil pointer from becoming an interface that is not nil.
func linksOrNone(l *links) server.Links {
	if l == nil {
		return nil
	}
	return l
}

// queue are the settings of the model's queue.
func (a *app) queue() model.QueueSettings {
	q := model.QueueSettings{
		Lease: a.cfg.lease, MaxRunning: a.cfg.maxRunning, MaxRunningSource: a.cfg.maxRunningSrc,
		SourceMaxRunning: map[string]int{},
	}
	for name, s := range a.cfg.sources {
		if s.MaxRunning > 0 {
			q.SourceMaxRunning[name] = s.MaxRunning
		}
	}
	return q
}

// spillAge is older than any temporary file that an attempt still uses.
func spillAge(maxTimeout time.Duration) time.Duration { return maxTimeout + time.Hour }

// ownerName names this start of this process for good: host, process id and
// chance.
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
