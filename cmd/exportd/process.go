package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"exporttask/internal/delivery"
	"exporttask/internal/export"
	"exporttask/internal/schedule"
	"exporttask/internal/server"
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

// process is what runs, and knows in which order it is to stop.
type process struct {
	app        *app
	log        *slog.Logger
	grace      time.Duration
	door       *door
	web        *web // nil: no HTTP
	tasks      *server.Server
	pool       *export.Pool
	deliveries *delivery.Pool
	sources    sources
	// schedules makes instances when they come due, in every process.
	schedules *schedule.Runner
	sweeper   *export.Sweeper
	registry  *announcer
	// traceFiles are those for the collector of traces.
	traceFiles []watched
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
	working, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	var claims, workers, beats, registration sync.WaitGroup
	workers.Go(func() { p.pool.Run(claiming, working) })
	workers.Go(func() { p.deliveries.Run(claiming, working) })
	claims.Go(func() { p.sweeper.Run(claiming) })
	claims.Go(func() { p.schedules.Run(claiming) })
	claims.Go(func() { p.sources.warnOfGrants(claiming, p.log) })
	registration.Go(func() {
		if err := p.registry.Run(beating); err != nil {
			p.log.Error("registration", "error", err)
		}
	})
	for _, f := range p.files() {
		beats.Go(func() { f.Run(beating) })
	}
	served := make(chan error, 3)
	go func() { served <- p.door.grpc.Serve(listener) }()
	if p.web != nil {
		go func() { served <- p.door.inside.Serve(p.web.inside) }()
		go func() { served <- p.web.serve() }()
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	addrs := []any{"grpc", listener.Addr().String()}
	if p.web != nil {
		addrs = append(addrs, "http", p.web.listen.Addr().String())
	}
	p.log.Info("listening", addrs...)

	err := p.attend(ctx, served, hangup)

	p.log.Info("shutting down", "grace", p.grace)
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), p.grace)
	defer stop()
	p.door.health.Shutdown()
	if p.web != nil {
		p.web.ready.Store(false)
	}
	stopClaiming()
	p.leave(grace)
	if err == nil {
		wait(grace, lameDuck)
		p.tasks.Drain()
		p.drain(grace)
	}
	claims.Wait()
	context.AfterFunc(grace, abort)
	workers.Wait()
	stopBeating()
	beats.Wait()
	registration.Wait()
	p.log.Info("stopped")
	return err
}

// files are those that may change while the process runs.
func (p *process) files() []watched {
	files := append(p.door.files(), p.traceFiles...)
	if p.web != nil && p.web.links.signer != nil {
		files = append(files, p.web.links.signer)
	}
	return files
}

// attend waits until ctx ends or serving fails, and reads the configuration
// again at each SIGHUP.
func (p *process) attend(ctx context.Context, served <-chan error, hangup <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-served:
			return err
		case <-hangup:
			p.reload()
		}
	}
}

func (p *process) leave(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, leaveTime)
	defer stop()
	if err := p.registry.Deregister(ctx); err != nil {
		p.log.Warn("leave etcd: the lease will run out instead", "error", err)
	}
}

// drain lets calls end by themselves for a while, then ends them.
func (p *process) drain(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, drainTime)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if p.web != nil {
			p.web.shutdown(ctx)
			p.door.inside.Stop() // nobody is left who calls it
		}
		p.door.grpc.GracefulStop()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		p.door.grpc.Stop()
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
