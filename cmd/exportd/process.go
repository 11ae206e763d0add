package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"exporttask/internal/audit"
	"exporttask/internal/delivery"
	"exporttask/internal/export"
	"exporttask/internal/model"
	"exporttask/internal/schedule"
	"exporttask/internal/server"
	"exporttask/internal/telemetry/tracing"
)

// Times of a shutdown. What they leave of shutdown-grace is for running exports.
const (
	// lameDuck is how long the service answers calls after it has left etcd, so
	// that clients can notice.
	lameDuck = 2 * time.Second
	// drainTime bounds how long calls in progress may take to end.
	drainTime = 10 * time.Second
	// stopTime bounds how long a server may take to stop after that.
	stopTime = 5 * time.Second
	// leaveTime bounds the deregistration from etcd; without it the lease
	// expires.
	leaveTime = 2 * time.Second
)

// process holds the parts of a running exportd and stops them in order.
type process struct {
	app   *app
	log   *slog.Logger
	grace time.Duration

	db      *model.DB
	sources sources
	traces  *tracing.Provider
	// traceFiles are the TLS files of the trace exporter.
	traceFiles []watched

	grpcListener net.Listener
	httpListener net.Listener // nil: no HTTP
	links        *links       // nil: no HTTP
	handlers     *server.Server
	rpc          *rpcServer
	http         *httpServer // nil: no HTTP

	exports    *export.Pool
	historian  *export.Historian
	deliveries *delivery.Pool
	schedules  *schedule.Runner
	sweeper    *export.Sweeper
	audit      *audit.Keeper
	registry   *announcer
}

// run serves until ctx ends or serving fails, then stops everything:
//
//	NOT_SERVING, no new claims ─▶ leave etcd ─▶ lame duck ─▶ end streams and
//	calls ─▶ let running exports end ─▶ release the rest ─▶ close
func (p *process) run(ctx context.Context) error {
	// The parts stop at different times and so have contexts of their own.
	claiming, stopClaiming := context.WithCancel(context.WithoutCancel(ctx))
	defer stopClaiming()
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBeating()
	working, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	var workers, claims, beats sync.WaitGroup
	workers.Go(func() { p.exports.Run(claiming, working) })
	workers.Go(func() { p.deliveries.Run(claiming, working) })
	beats.Go(func() { p.historian.Run(beating) })
	claims.Go(func() { p.sweeper.Run(claiming) })
	claims.Go(func() { p.schedules.Run(claiming) })
	claims.Go(func() { p.sources.inspect(claiming, p.log) })
	beats.Go(func() { p.audit.Run(beating) })
	beats.Go(func() {
		if err := p.registry.Run(beating); err != nil {
			p.log.Error("registration in etcd", "error", err)
		}
	})
	beats.Go(func() { p.rpc.requests.Run(beating) })
	for _, f := range p.files() {
		beats.Go(func() { f.Run(beating) })
	}

	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	failed := p.serve()
	p.log.Info("listening", p.addresses()...)
	err := p.wait(ctx, failed, hangup)

	p.log.Info("shutting down", "grace", p.grace)
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), p.grace)
	defer stop()
	p.rpc.health.Shutdown()
	if p.http != nil {
		p.http.ready.Store(false)
	}
	stopClaiming()
	p.leave(grace)
	if err == nil { // a server that failed has no clients to wait for
		pause(grace, lameDuck)
	}
	p.handlers.Drain()
	p.drain(grace)
	claims.Wait()
	context.AfterFunc(grace, abort)
	workers.Wait()
	stopBeating()
	beats.Wait()
	p.log.Info("stopped")
	return err
}

// serve starts the servers and returns the channel of their errors.
func (p *process) serve() <-chan error {
	failed := make(chan error, 3)
	start := func(what string, serve func() error) {
		go func() {
			if err := serve(); err != nil {
				failed <- fmt.Errorf("serve %s: %w", what, err)
			}
		}()
	}
	start("gRPC", func() error { return p.rpc.grpc.Serve(p.grpcListener) })
	if p.http != nil {
		start("in-process gRPC", func() error { return p.rpc.inProcess.Serve(p.http.calls) })
		start("HTTP", p.http.serve)
	}
	return failed
}

// addresses returns the listen addresses as attributes of a log record.
func (p *process) addresses() []any {
	addrs := []any{"grpc", p.grpcListener.Addr().String()}
	if p.http != nil {
		addrs = append(addrs, "http", p.http.listen.Addr().String())
	}
	return addrs
}

// files returns the files that may change while the process runs.
func (p *process) files() []watched {
	files := append(p.rpc.files(), p.traceFiles...)
	if p.http != nil && p.http.links.signer != nil {
		files = append(files, p.http.links.signer)
	}
	if p.http != nil && p.http.metricsToken != nil {
		files = append(files, p.http.metricsToken)
	}
	return files
}

// wait returns when ctx ends, or with the error of a server that failed. It
// reloads the configuration at each SIGHUP.
func (p *process) wait(ctx context.Context, failed <-chan error, hangup <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-hangup:
			p.reload()
		}
	}
}

// leave removes the registration from etcd.
func (p *process) leave(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, leaveTime)
	defer stop()
	if err := p.registry.Deregister(ctx); err != nil {
		p.log.Warn("leave etcd: the lease will expire instead", "error", err)
	}
}

// drain waits for calls in progress, for at most drainTime, and then closes their
// connections. It returns after another stopTime even where a connection hangs.
func (p *process) drain(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, drainTime)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if p.http != nil {
			p.http.shutdown(ctx)
			p.rpc.inProcess.Stop() // only the HTTP port calls it
		}
		p.rpc.grpc.GracefulStop()
	}()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		p.rpc.grpc.Stop()
		<-done
	}()
	select {
	case <-stopped:
	case <-time.After(stopTime):
		p.log.Error("the servers did not stop and are abandoned", "after", drainTime+stopTime)
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
