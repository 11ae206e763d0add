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

// minMemory is the least memory-limit: a few exports at once, and a row of some MiB.
const minMemory = 64 << 20

// config holds the validated options of `exportd` and `exportd migrate`.
type config struct {
	dbDSN        string
	readerDSN    string
	sources      map[string]sourceConfig
	destinations delivery.Destinations
	shares       map[int32]model.Share // of operators
	migrate      bool

	grpcAddr   string
	reflection bool
	edge       listener.Limits
	tls        listener.TLS
	rate       auth.Rate
	tokensFile string
	insecure   bool
	// ownDBSource permits data sources on the service's own database where
	// callers have tokens.
	ownDBSource     bool
	callTimeout     time.Duration
	http            httpConfig
	oidc            oidcConfig
	etcd            etcdConfig
	store           storeConfig
	memory          int64 // bytes; 0: derived
	workers         int
	deliveryWorkers int
	poll            time.Duration
	lease           time.Duration
	maxRunning      int
	maxRunningSrc   int
	sweepEvery      time.Duration
	history         time.Duration
	auditKeep       time.Duration
	sweepForce      bool
	settings        task.Settings
	zone            string
	location        *time.Location
	shutdownGrace   time.Duration
	trace           traceConfig
	log             logConfig

	values map[string]string // every option's value by name, secrets included
}

// define defines every option with its default.
func (c *config) define(o *options) {
	f := o.flags
	o.secret(&c.dbDSN, "db-dsn", `the DSN of the service's own database, "user:password@tcp(host:port)/database"`)
	o.secret(&c.readerDSN, "reader-dsn", `the DSN of the data source "default", unless the section sources defines it: an account that may only read`)
	f.BoolVar(&c.migrate, "migrate", true, "migrate the schema of the service's own database at start")
	f.StringVar(&c.grpcAddr, "grpc-addr", "127.0.0.1:50051", "`HOST:PORT` on which gRPC listens")
	f.BoolVar(&c.reflection, "reflection", true, "serve gRPC reflection, which grpcurl needs to list and describe calls")
	c.edge.Define(f)
	c.tls.Define(f)
	c.rate.Define(f)
	f.StringVar(&c.tokensFile, "tokens-file", "", "YAML `file` of tokens, see docs/security.md; none: every caller has full access")
	f.BoolVar(&c.ownDBSource, "own-database-source", false, "permit data sources on the service's own database though callers have tokens; every operator can then read the SQL, parameters and file names of all others")
	f.BoolVar(&c.insecure, "insecure", false, "permit calls from other machines without tokens or without TLS")
	f.DurationVar(&c.callTimeout, "call-timeout", time.Minute, "longest time of a unary call; an earlier deadline of the client holds; 0: none")
	c.http.define(o)
	f.StringVar(&c.http.metricsTokenFile, "metrics-token-file", "", "`file` with the token that /metrics requires; none: /metrics requires no token")
	c.oidc.define(o)
	c.etcd.define(o)
	c.store.define(o)
	f.Int64Var(&c.memory, "memory-limit", 0, "memory of all exports and deliveries of this process together, in `bytes`; an export waits for its share. 0: half of GOMEMLIMIT or of 90 % of the cgroup's limit, or 1 GiB without both")
	f.IntVar(&c.workers, "workers", 4, "instances that this process runs at the same time; 0: none")
	f.IntVar(&c.deliveryWorkers, "delivery-workers", 4, "deliveries that this process sends at the same time; 0: none")
	f.DurationVar(&c.poll, "poll", 1400*time.Millisecond, "queue poll interval, for instances created by other replicas")
	f.DurationVar(&c.lease, "lease", model.Lease, "lease of a claim, after which another worker may take the instance; the same for all replicas")
	f.IntVar(&c.maxRunning, "max-running-per-operator", 0, "instances of one operator that run at the same time, over all replicas; 0: no limit")
	f.IntVar(&c.maxRunningSrc, "max-running-per-source", 0, "instances that run at the same time on a data source without max-running, over all replicas; 0: no limit")
	f.DurationVar(&c.sweepEvery, "sweep-every", time.Hour, "interval of the sweep, which removes files that no instance owns")
	f.BoolVar(&c.sweepForce, "sweep-force", false, "let the sweep remove more than a fifth of the stored files at once")
	f.DurationVar(&c.settings.Timeout, "timeout", 30*time.Minute, "time limit of an attempt, unless the template sets one")
	f.DurationVar(&c.settings.MaxTimeout, "max-timeout", 6*time.Hour, "maximum time limit of an attempt")
	f.IntVar(&c.settings.MaxAttempts, "max-attempts", 3, "attempts of an instance, unless the template sets them, 1 to 20")
	f.DurationVar(&c.settings.Retention, "retention", 7*24*time.Hour, "time for which files are kept, unless the template sets one")
	f.DurationVar(&c.history, "history-retention", 400*24*time.Hour, "time after its end for which an instance is kept with its events and deliveries; 0: for ever")
	f.DurationVar(&c.auditKeep, "audit-retention", 0, "time for which rows of the audit log are kept; 0: for ever")
	f.IntVar(&c.settings.MaxWaiting, "max-waiting", 10_000, "waiting instances of each operator; further ones are refused")
	f.StringVar(&c.zone, "zone", "UTC", "IANA time `zone` of the service: of data sources, schedules and file names without another one")
	f.DurationVar(&c.shutdownGrace, "shutdown-grace", 30*time.Second, "time for running exports to end after SIGTERM")
	c.trace.define(o)
	c.log.define(o)
}

// loadConfig reads and validates the configuration. An error names the option, the
// value that was given and the values that are allowed.
func loadConfig(args []string, getenv func(string) string, out io.Writer) (*config, error) {
	c := &config{}
	o := newOptions(out)
	c.define(o)
	sections, err := o.load(args, getenv)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(
		c.loadSources(sections["sources"], getenv), c.loadDestinations(sections["destinations"]), c.loadOperators(sections["operators"]),
		c.oidc.loadOIDCRoles(sections["oidc-roles"]),
	); err != nil {
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
  CREATE USER exportd_reader@'%%' IDENTIFIED BY '...'; GRANT SELECT ON shop.* TO exportd_reader@'%%';`)
	}
	c.validateTenants(bad)
	host, port, err := net.SplitHostPort(c.grpcAddr)
	if err != nil || port == "" {
		bad("grpc-addr", "%q, want HOST:PORT", c.grpcAddr)
	}
	c.http.validate(bad)
	c.oidc.validate(&c.http, c.tokensFile != "", bad)
	c.etcd.validate(host, bad)
	least := func(option string, n, least int64) {
		if n < least {
			bad(option, "%d, want %d or more", n, least)
		}
	}
	if c.memory != 0 {
		least("memory-limit", c.memory, minMemory)
	}
	least("workers", int64(c.workers), 0)
	least("delivery-workers", int64(c.deliveryWorkers), 0)
	least("max-waiting", int64(c.settings.MaxWaiting), 1)
	least("max-running-per-operator", int64(c.maxRunning), 0)
	least("max-running-per-source", int64(c.maxRunningSrc), 0)
	for name, s := range c.sources {
		least("sources."+name+".max-running", int64(s.MaxRunning), 0)
		least("sources."+name+".max-rows", s.MaxRows, 0)
		least("sources."+name+".max-bytes", s.maxBytes(), 0)
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
	if c.history != 0 {
		atLeast("history-retention", c.history, 24*time.Hour)
	}
	if c.auditKeep != 0 {
		atLeast("audit-retention", c.auditKeep, 24*time.Hour)
	}
	atLeast("shutdown-grace", c.shutdownGrace, 0)
	c.store.validate(bad)
	if c.location, err = time.LoadLocation(c.zone); err != nil || c.zone == "" || c.zone == "Local" || c.zone == "localtime" {
		bad("zone", "%q, want a name such as Asia/Shanghai", c.zone)
	}
	c.trace.validate(bad)
	c.log.validate(bad)
	atLeast("call-timeout", c.callTimeout, 0)
	errs = append(errs, c.edge.Validate(), c.tls.Validate(), c.rate.Validate(), c.exposure("grpc-addr", c.grpcAddr), c.exposure("http-addr", c.http.addr))
	return errors.Join(errs...)
}

// exposure returns an error for a listen address that other machines can reach
// without a token or without TLS, unless the option insecure permits it.
func (c *config) exposure(option, addr string) error {
	if c.insecure || addr == "" {
		return nil
	}
	return listener.Exposure{
		Option: option, Addr: addr, Tokens: c.tokensFile != "", TLS: c.tls.On(), MutualTLS: c.tls.ClientCAFile != "",
	}.Check()
}
