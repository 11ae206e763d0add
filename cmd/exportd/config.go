package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"exporttask/internal/model"
	"exporttask/internal/server"
)

// config is what the program was told, validated.
type config struct {
	dbDSN     string
	readerDSN string
	sources   map[string]sourceConfig
	migrate   bool

	grpcAddr      string
	grpcMaxRecv   int
	reflection    bool
	advertise     string
	etcdEndpoints string
	etcdService   string
	etcdTTL       time.Duration
	etcdUsername  string
	etcdPassword  string
	storeDir      string
	workers       int
	poll          time.Duration
	lease         time.Duration
	maxRunning    int
	maxRunningSrc int
	sweepEvery    time.Duration
	sweepForce    bool
	limits        server.Limits
	zone          string
	location      *time.Location
	shutdownGrace time.Duration
	logLevel      slog.Level
	logFormat     string
}

// sourceConfig is one data source.
type sourceConfig struct {
	DSN       string   `yaml:"dsn"`
	DSNFile   string   `yaml:"dsn-file"`
	Dialect   string   `yaml:"dialect"`   // "mariadb" or "mysql": lets templates call functions that this server alone has
	Schemas   []string `yaml:"schemas"`   // that templates may name, beside the DSN's own database
	Functions []string `yaml:"functions"` // stored functions that templates may call
	CAFile    string   `yaml:"ca-file"`
	MaxRows   int64    `yaml:"max-rows"`
	MaxBytes  int64    `yaml:"max-bytes"`
	// MaxSeconds bounds a statement, from its start to its last row.
	MaxSeconds int64 `yaml:"max-seconds"`
	// Snapshot reads every export from one consistent snapshot.
	Snapshot bool `yaml:"snapshot"`
	// MaxRunning bounds the instances that run on it at once, over all
	// replicas; 0: max-running-per-source.
	MaxRunning int `yaml:"max-running"`
}

// define lists every option with its default.
func (c *config) define(o *options) {
	f := o.flags
	o.secret(&c.dbDSN, "db-dsn", `the service's own database, "user:password@tcp(host:port)/database"`)
	o.secret(&c.readerDSN, "reader-dsn", `the DSN of the data source "default", where sources name none: an account that may only read`)
	f.BoolVar(&c.migrate, "migrate", true, "bring the schema up to date at start")
	f.StringVar(&c.grpcAddr, "grpc-addr", "127.0.0.1:50051", "`HOST:PORT` that gRPC listens on")
	f.IntVar(&c.grpcMaxRecv, "grpc-max-recv", 16<<20, "largest request taken, in `bytes`")
	f.BoolVar(&c.reflection, "reflection", true, "let clients such as grpcurl ask for the contract")
	f.StringVar(&c.advertise, "advertise", "", "`HOST:PORT` that clients are told to dial (default: where gRPC listens)")
	f.StringVar(&c.etcdEndpoints, "etcd-endpoints", "", "etcd members, `HOST:PORT,...`; none: the service is not registered")
	f.StringVar(&c.etcdService, "etcd-service", "exporttask", "`name` under which clients look for the service in etcd")
	f.DurationVar(&c.etcdTTL, "etcd-ttl", 10*time.Second, "how long etcd keeps the keys of a process that crashed")
	f.StringVar(&c.etcdUsername, "etcd-username", "", "`user` of an etcd with authentication")
	o.secret(&c.etcdPassword, "etcd-password", "that user's password")
	f.StringVar(&c.storeDir, "store-dir", "exportd-files", "`folder` for finished files, the same for all replicas")
	f.IntVar(&c.workers, "workers", 4, "instances that run at once in this process; 0: none, it only answers")
	f.DurationVar(&c.poll, "poll", time.Second, "how often the queue is looked at for instances made elsewhere")
	f.DurationVar(&c.lease, "lease", model.Lease, "how long an instance waits for a worker that stopped answering; the same for all replicas")
	f.IntVar(&c.maxRunning, "max-running-per-operator", 0, "instances of an operator that run at once, over all replicas; 0: no bound")
	f.IntVar(&c.maxRunningSrc, "max-running-per-source", 0, "instances that run at once on a data source that names no max-running, over all replicas; 0: no bound")
	f.DurationVar(&c.sweepEvery, "sweep-every", time.Hour, "how often the store is searched for files that no instance names")
	f.BoolVar(&c.sweepForce, "sweep-force", false, "let that search remove more than a fifth of the store's files at once")
	f.DurationVar(&c.limits.Timeout, "timeout", 30*time.Minute, "longest attempt, where the template names none")
	f.DurationVar(&c.limits.MaxTimeout, "max-timeout", 6*time.Hour, "longest attempt that a template may ask for")
	f.IntVar(&c.limits.MaxAttempts, "max-attempts", 3, "attempts of an instance, where the template names none")
	f.DurationVar(&c.limits.Retention, "retention", 7*24*time.Hour, "how long files are kept, where the template names no time")
	f.IntVar(&c.limits.MaxWaiting, "max-waiting", 10_000, "instances that may wait for each operator")
	f.StringVar(&c.zone, "zone", "UTC", "time `zone` of :today and the like")
	f.DurationVar(&c.shutdownGrace, "shutdown-grace", 30*time.Second, "how long running exports may go on after SIGTERM")
	f.TextVar(&c.logLevel, "log-level", slog.LevelInfo, "`level` from which on to log: debug, info, warn, error")
	f.StringVar(&c.logFormat, "log-format", "auto", "`text`, json, or auto: text on a terminal")
}

// loadConfig reads and validates the configuration. The error names the
// option, what it is and what it may be.
func loadConfig(args []string, getenv func(string) string, out io.Writer) (*config, error) {
	c := &config{}
	o := newOptions(out)
	c.define(o)
	sources, err := o.load(args, getenv)
	if err != nil {
		return nil, err
	}
	if err := c.loadSources(sources, getenv); err != nil {
		return nil, err
	}
	return c, c.validate()
}

// sourceName is what a data source may be called.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// loadSources reads the sources of the YAML file, with DSNs from files or from
// the environment: EXPORTD_SOURCE_SHOP_DSN.
func (c *config) loadSources(node yaml.Node, getenv func(string) string) error {
	c.sources = map[string]sourceConfig{}
	if !node.IsZero() {
		text, err := yaml.Marshal(&node)
		if err != nil {
			return fmt.Errorf("sources: %w", err)
		}
		dec := yaml.NewDecoder(strings.NewReader(string(text)))
		dec.KnownFields(true)
		if err := dec.Decode(&c.sources); err != nil {
			return fmt.Errorf("sources: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.sources)) {
		s := c.sources[name]
		if !sourceName.MatchString(name) {
			return fmt.Errorf("sources: %q, want a name of a-z, 0-9, _ and - that begins with a letter", name)
		}
		env := envName("source-" + name + "-dsn")
		s.DSN = cmp.Or(getenv(env), s.DSN)
		if s.DSNFile != "" {
			if s.DSN != "" {
				return fmt.Errorf("sources.%s: dsn and dsn-file are both given, want one", name)
			}
			text, err := readSecret(s.DSNFile)
			if err != nil {
				return fmt.Errorf("sources.%s.dsn-file: %w", name, err)
			}
			s.DSN = text
		}
		if _, ok := dialects[s.Dialect]; !ok {
			return fmt.Errorf("sources.%s.dialect: %q, want mariadb, mysql or nothing", name, s.Dialect)
		}
		if s.DSN == "" {
			return fmt.Errorf("sources.%s: no DSN, want dsn-file, dsn or %s", name, env)
		}
		c.sources[name] = s
	}
	if _, named := c.sources["default"]; c.readerDSN != "" && !named {
		c.sources["default"] = sourceConfig{DSN: c.readerDSN}
	}
	return nil
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
	if c.etcdEndpoints != "" && c.advertise == "" && isWildcard(host) {
		bad("advertise", "empty, want the HOST:PORT that clients dial, since gRPC listens on all addresses (%s)", c.grpcAddr)
	}
	least := func(option string, n, least int64) {
		if n < least {
			bad(option, "%d, want %d or more", n, least)
		}
	}
	least("grpc-max-recv", int64(c.grpcMaxRecv), 64<<10)
	least("workers", int64(c.workers), 0)
	least("max-waiting", int64(c.limits.MaxWaiting), 1)
	least("max-running-per-operator", int64(c.maxRunning), 0)
	least("max-running-per-source", int64(c.maxRunningSrc), 0)
	for name, s := range c.sources {
		least("sources."+name+".max-running", int64(s.MaxRunning), 0)
		least("sources."+name+".max-rows", s.MaxRows, 0)
		least("sources."+name+".max-bytes", s.MaxBytes, 0)
		least("sources."+name+".max-seconds", s.MaxSeconds, 0)
	}
	if c.limits.MaxAttempts < 1 || c.limits.MaxAttempts > 20 {
		bad("max-attempts", "%d, want 1..20", c.limits.MaxAttempts)
	}
	atLeast := func(option string, d, least time.Duration) {
		if d < least {
			bad(option, "%s, want %s or more", d, least)
		}
	}
	atLeast("poll", c.poll, 10*time.Millisecond)
	atLeast("lease", c.lease, 2*time.Second)
	atLeast("sweep-every", c.sweepEvery, time.Second)
	atLeast("timeout", c.limits.Timeout, time.Second)
	atLeast("max-timeout", c.limits.MaxTimeout, c.limits.Timeout)
	atLeast("retention", c.limits.Retention, time.Second)
	atLeast("shutdown-grace", c.shutdownGrace, 0)
	if c.storeDir == "" {
		bad("store-dir", "empty, want a folder")
	}
	if c.location, err = time.LoadLocation(c.zone); err != nil || c.zone == "" {
		bad("zone", "%q, want a name such as Asia/Shanghai", c.zone)
	}
	if !slices.Contains([]string{"auto", "text", "json"}, c.logFormat) {
		bad("log-format", "%q, want auto, text or json", c.logFormat)
	}
	return errors.Join(errs...)
}

func isWildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// endpoints are the members of etcd.
func (c *config) endpoints() []string {
	if c.etcdEndpoints == "" {
		return nil
	}
	return strings.Split(c.etcdEndpoints, ",")
}

// logger logs to out as configured.
func (c *config) logger(out *os.File) *slog.Logger {
	text := c.logFormat == "text"
	if info, err := out.Stat(); c.logFormat == "auto" && err == nil {
		text = info.Mode()&os.ModeCharDevice != 0
	}
	opts := &slog.HandlerOptions{Level: c.logLevel}
	if text {
		return slog.New(slog.NewTextHandler(out, opts))
	}
	return slog.New(slog.NewJSONHandler(out, opts))
}
