package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"exporttask/api"
	"exporttask/internal/export"
	"exporttask/internal/model"
	"exporttask/internal/registry"
	"exporttask/internal/server"
	"exporttask/internal/store"
	"exporttask/migrations"
)

// Times of a shutdown; what they leave of shutdown-grace is for the exports
// that run.
const (
	// lameDuck is how long the service goes on answering after it left etcd:
	// clients need a moment to hear of it.
	lameDuck = 2 * time.Second
	// drainTime is how long calls that are under way may take to end.
	drainTime = 10 * time.Second
	// leaveTime bounds leaving etcd; the lease ends by itself otherwise.
	leaveTime = 2 * time.Second
)

// app is the wiring of one process: serve makes every part, hands each what it
// needs, and stops them in order.
type app struct {
	cfg *config
	log *slog.Logger
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
	files, err := store.NewDir(a.cfg.storeDir)
	if err != nil {
		return err
	}
	err = db.AgreeOnStore(ctx, func(kept string) (string, error) { return files.AgreeOn(ctx, kept) })
	if err != nil {
		return err
	}
	storeID, err := files.ID()
	if err != nil {
		return err
	}
	db = db.WithQueue(a.queue())
	owner, err := ownerName()
	if err != nil {
		return err
	}
	pool := export.NewPool(export.Config{
		Owner: owner, Workers: a.cfg.workers, Lease: a.cfg.lease, Poll: a.cfg.poll, Backoff: 2 * time.Second, MaxBackoff: 5 * time.Minute,
	}, db, &export.Runner{Sources: srcs, Store: files, TempDir: files.TempDir()}, a.log)
	sweeper := export.NewSweeper(export.SweepConfig{
		ExpireEvery: min(time.Minute, a.cfg.sweepEvery), SweepEvery: a.cfg.sweepEvery, StoreID: storeID,
		Force: a.cfg.sweepForce, SpillAge: spillAge(a.cfg.limits.MaxTimeout),
	}, db, files, a.log, time.Now)
	now := func() time.Time { return time.Now().In(a.cfg.location) }
	tasks := server.New(db, srcs, files, pool, a.cfg.limits, now)

	grpcServer := grpc.NewServer(
		grpc.MaxRecvMsgSize(a.cfg.grpcMaxRecv),
		grpc.ForceServerCodecV2(server.Codec()),
		grpc.UnaryInterceptor(server.UnaryErrors(a.log)),
		grpc.StreamInterceptor(server.StreamErrors(a.log)),
	)
	api.RegisterExportTaskServer(grpcServer, tasks)
	healthServer := health.NewServer()
	healthServer.SetServingStatus(api.ExportTask_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(grpcServer, healthServer)
	if a.cfg.reflection {
		reflection.Register(grpcServer)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", a.cfg.grpcAddr)
	if err != nil {
		return fmt.Errorf("grpc-addr: %w", err)
	}
	reg, err := a.registry(listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}

	p := &process{
		log: a.log, grace: a.cfg.shutdownGrace, grpc: grpcServer, health: healthServer, tasks: tasks, pool: pool, sources: srcs, sweeper: sweeper, registry: reg,
	}
	return p.run(ctx, listener)
}

// queue are the settings of the model's queue.
func (a *app) queue() model.Queue {
	q := model.Queue{
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

// registry announces addr in etcd; without an etcd it says so once and does
// nothing.
func (a *app) registry(addr string) (*registry.Registry, error) {
	if a.cfg.advertise != "" {
		addr = a.cfg.advertise
	}
	reg, err := registry.New(registry.Config{
		Endpoints: a.cfg.endpoints(), Service: a.cfg.etcdService, Addr: addr, TTL: a.cfg.etcdTTL,
		Username: a.cfg.etcdUsername, Password: a.cfg.etcdPassword, Logger: a.log,
	})
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return reg, nil
}

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

// process is what runs, and knows in which order it is to stop.
type process struct {
	log      *slog.Logger
	grace    time.Duration
	grpc     *grpc.Server
	health   *health.Server
	tasks    *server.Server
	pool     *export.Pool
	sources  sources
	sweeper  *export.Sweeper
	registry *registry.Registry
}

// run serves until ctx ends or serving fails, then stops everything:
//
//	NOT_SERVING, no new claims ─▶ leave etcd ─▶ answer on for a moment ─▶ end
//	streams and calls ─▶ let exports finish ─▶ give back the rest ─▶ close
func (p *process) run(ctx context.Context, listener net.Listener) error {
	// The parts have contexts of their own, since they stop at different times.
	claiming, stopClaiming := context.WithCancel(context.WithoutCancel(ctx))
	defer stopClaiming()
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBeating()
	var claims, beats, registration sync.WaitGroup
	claims.Go(func() { p.pool.Run(claiming) })
	claims.Go(func() { p.sweeper.Run(claiming) })
	claims.Go(func() { p.sources.warnOfGrants(claiming, p.log) })
	beats.Go(func() { p.pool.Beat(beating) })
	registration.Go(func() {
		if err := p.registry.Run(beating); err != nil {
			p.log.Error("registration", "error", err)
		}
	})
	served := make(chan error, 1)
	go func() { served <- p.grpc.Serve(listener) }()
	p.log.Info("listening", "grpc", listener.Addr().String())

	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
	}

	p.log.Info("shutting down", "grace", p.grace)
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), p.grace)
	defer stop()
	p.health.Shutdown()
	stopClaiming()
	p.leave(grace)
	if err == nil {
		wait(grace, lameDuck)
		p.tasks.Drain()
		p.drain(grace)
	}
	claims.Wait()
	p.pool.Shutdown(grace)
	stopBeating()
	beats.Wait()
	registration.Wait()
	p.log.Info("stopped")
	return err
}

func (p *process) leave(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, leaveTime)
	defer stop()
	if err := p.registry.Leave(ctx); err != nil {
		p.log.Warn("leave etcd: the lease will run out instead", "error", err)
	}
}

// drain lets calls end by themselves for a while, then ends them.
func (p *process) drain(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, drainTime)
	defer stop()
	done := make(chan struct{})
	go func() {
		p.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		p.grpc.Stop()
		<-done
	}
}

// wait lets d pass, or less if ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
