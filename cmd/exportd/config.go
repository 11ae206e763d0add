package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"exporttask/internal/auth"
	"exporttask/internal/delivery"
	"exporttask/internal/listener"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// config is what the program was told, validated.
type config struct {
	dbDSN        string
	readerDSN    string
	sources      map[string]sourceConfig
	destinations delivery.Destinations
	migrate      bool

	grpcAddr        string
	reflection      bool
	edge            listener.Limits
	tls             listener.TLS
	rate            auth.Rate
	tokensFile      string
	insecure        bool
	callTimeout     time.Duration
	http            httpConfig
	etcd            etcdConfig
	store           storeConfig
	workers         int
	deliveryWorkers int
	poll            time.Duration
	lease           time.Duration
	maxRunning      int
	maxRunningSrc   int
	sweepEvery      time.Duration
	sweepForce      bool
	settings        task.Settings
	zone            string
	location        *time.Location
	shutdownGrace   time.Duration
	trace           traceConfig
	log             logConfig

	values map[string]string // every option's value by name, secrets included
}

// define lists every option with its default.
func (c *config) define(o *options) {
	f := o.flags
	o.secret(&c.dbDSN, "db-dsn", `the service's own database, "user:password@tcp(host:port)/database"`)
	o.secret(&c.readerDSN, "reader-dsn", `the DSN of the data source "default", where sources name none: an account that may only read`)
	f.BoolVar(&c.migrate, "migrate", true, "bring the schema up to date at start")
	f.StringVar(&c.grpcAddr, "grpc-addr", "127.0.0.1:50051", "`HOST:PORT` that gRPC listens on")
	f.BoolVar(&c.reflection, "reflection", true, "let clients such as grpcurl ask for the contract")
	c.edge.Define(f)
	c.tls.Define(f)
	c.rate.Define(f)
	f.StringVar(&c.tokensFile, "tokens-file", "", "YAML `file` of who may call; none: everybody may do everything")
	f.BoolVar(&c.insecure, "insecure", false, "let other machines call without tokens, or with tokens in plain text")
	f.DurationVar(&c.callTimeout, "call-timeout", time.Minute, "how long a unary call may take whose client set no deadline; 0: for ever")
	c.http.define(o)
	c.etcd.define(o)
	c.store.define(o)
	f.IntVar(&c.workers, "workers", 4, "instances that run at once in this process; 0: none, it only answers")
	f.IntVar(&c.deliveryWorkers, "delivery-workers", 4, "deliveries of finished files that are sent at once in this process; 0: none")
	f.DurationVar(&c.poll, "poll", time.Second, "how often the queue is looked at for instances made elsewhere")
	f.DurationVar(&c.lease, "lease", model.Lease, "how long an instance waits for a worker that stopped answering; the same for all replicas")
	f.IntVar(&c.maxRunning, "max-running-per-operator", 0, "instances of an operator that run at once, over all replicas; 0: no bound")
	f.IntVar(&c.maxRunningSrc, "max-running-per-source", 0, "instances that run at once on a data source that names no max-running, over all replicas; 0: no bound")
	f.DurationVar(&c.sweepEvery, "sweep-every", time.Hour, "how often the store is searched for files that no instance names")
	f.BoolVar(&c.sweepForce, "sweep-force", false, "let that search remove more than a fifth of the store's files at once")
	f.DurationVar(&c.settings.Timeout, "timeout", 30*time.Minute, "longest attempt, where the template names none")
	f.DurationVar(&c.settings.MaxTimeout, "max-timeout", 6*time.Hour, "longest attempt that a template may ask for")
	f.IntVar(&c.settings.MaxAttempts, "max-attempts", 3, "attempts of an instance, where the template names none")
	f.DurationVar(&c.settings.Retention, "retention", 7*24*time.Hour, "how long files are kept, where the template names no time")
	f.IntVar(&c.settings.MaxWaiting, "max-waiting", 10_000, "instances that may wait for each operator")
	f.StringVar(&c.zone, "zone", "UTC", "time `zone` of :today and the like")
	f.DurationVar(&c.shutdownGrace, "shutdown-grace", 30*time.Second, "how long running exports may go on after SIGTERM")
	c.trace.define(o)
	c.log.define(o)
}

// loadConfig reads and validates the configuration. The error names the
// option, what it is and what it may be.
func loadConfig(args []string, getenv func(string) string, out io.Writer) (*config, error) {
	c := &config{}
	o := newOptions(out)
	c.define(o)
	sections, err := o.load(args, getenv)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.loadSources(sections["sources"], getenv), c.loadDestinations(sections["destinations"])); err != nil {
		return nil, err
	}
	c.values = o.values(sections)
	return c, c.validate()
}

func (c *config) validate() error {
	var errs []error
	bad := func(option, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", option, fmt.Sprintf(format, args...)))
	}
	if c.dbDSN == "" {
		bad("db-dsn-file", `empty, want a file with "user:password@tcp(host:port)/database" (or %s)`, envName("db-dsn"))
	}
	if len(c.sources) == 0 {
		bad("reader-dsn-file", `empty, and no sources are configured: want the DSN of an account that may only read, made for example by
  CREATE USER exportd_reader@'%%' IDENTIFIED BY '...'; GRANT SELECT ON exportd.* TO exportd_reader@'%%';`)
	}
	host, port, err := net.SplitHostPort(c.grpcAddr)
	if err != nil || port == "" {
		bad("grpc-addr", "%q, want HOST:PORT", c.grpcAddr)
	}
	c.http.validate(bad)
	c.etcd.validate(host, bad)
	least := func(option string, n, least int64) {
		if n < least {
			bad(option, "%d, want %d or more", n, least)
		}
	}
	least("workers", int64(c.workers), 0)
	least("delivery-workers", int64(c.deliveryWorkers), 0)
	least("max-waiting", int64(c.settings.MaxWaiting), 1)
	least("max-running-per-operator", int64(c.maxRunning), 0)
	least("max-running-per-source", int64(c.maxRunningSrc), 0)
	for name, s := range c.sources {
		least("sources."+name+".max-running", int64(s.MaxRunning), 0)
		least("sources."+name+".max-rows", s.MaxRows, 0)
		least("sources."+name+".max-bytes", s.MaxBytes, 0)
		least("sources."+name+".max-seconds", s.MaxSeconds, 0)
	}
	if c.settings.MaxAttempts < 1 || c.settings.MaxAttempts > 20 {
		bad("max-attempts", "%d, want 1..20", c.settings.MaxAttempts)
	}
	atLeast := func(option string, d, least time.Duration) {
		if d < least {
			bad(option, "%s, want %s or more", d, least)
		}
	}
	atLeast("poll", c.poll, 10*time.Millisecond)
	atLeast("lease", c.lease, 2*time.Second)
	atLeast("sweep-every", c.sweepEvery, time.Second)
	atLeast("timeout", c.settings.Timeout, time.Second)
	atLeast("max-timeout", c.settings.MaxTimeout, c.settings.Timeout)
	atLeast("retention", c.settings.Retention, time.Second)
	atLeast("shutdown-grace", c.shutdownGrace, 0)
	c.store.validate(bad)
	if c.location, err = time.LoadLocation(c.zone); err != nil || c.zone == "" {
		bad("zone", "%q, want a name such as Asia/Shanghai", c.zone)
	}
	c.trace.validate(bad)
	c.log.validate(bad)
	atLeast("call-timeout", c.callTimeout, 0)
	errs = append(errs, c.edge.Validate(), c.tls.Validate(), c.rate.Validate(), c.exposure("grpc-addr", c.grpcAddr), c.exposure("http-addr", c.http.addr))
	return errors.Join(errs...)
}

// exposure refuses an address that other machines reach without saying who
// they are, unless that is wanted.
func (c *config) exposure(option, addr string) error {
	if c.insecure || addr == "" {
		return nil
	}
	return listener.Exposure{
		Option: option, Addr: addr, Tokens: c.tokensFile != "", TLS: c.tls.On(), MutualTLS: c.tls.ClientCAFile != "",
	}.Check()
}
