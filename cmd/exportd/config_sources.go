package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.yaml.in/yaml/v3"
)

// sourceConfig holds the keys of one data source.
type sourceConfig struct {
	DSN       string   `yaml:"dsn"`
	DSNFile   string   `yaml:"dsn-file"`
	Dialect   string   `yaml:"dialect"`   // "mariadb" or "mysql": lets templates call functions that this server alone has
	Schemas   []string `yaml:"schemas"`   // that templates may name, beside the DSN's own database
	Functions []string `yaml:"functions"` // stored functions that templates may call
	CAFile    string   `yaml:"ca-file"`
	MaxRows   int64    `yaml:"max-rows"`
	// MaxBytes bounds the cells of an export; not set: defaultMaxBytes, 0: no limit.
	MaxBytes *int64 `yaml:"max-bytes"`
	// MaxSeconds bounds a statement, from its start to its last row.
	MaxSeconds int64 `yaml:"max-seconds"`
	// Snapshot reads every export from one consistent snapshot.
	Snapshot bool `yaml:"snapshot"`
	// MaxRunning bounds the instances that run on the data source at the same
	// time, over all replicas; 0: max-running-per-source.
	MaxRunning int `yaml:"max-running"`
	// Role is "replica" for a source with several servers whose replicas are
	// preferred.
	Role string `yaml:"role"`
	// MaxReplicaLag is how far a server may be behind its primary; 0: any.
	MaxReplicaLag time.Duration `yaml:"max-replica-lag"`
	// ReplicaLagQuery returns the lag in seconds; empty: SHOW REPLICA STATUS.
	ReplicaLagQuery string `yaml:"replica-lag-query"`
	// OutageWait is how long an instance waits for the source before its attempts
	// count; 0: 15 minutes.
	OutageWait time.Duration `yaml:"outage-wait"`
	// Operators are the operators whose templates and instances may use the data
	// source; none: every operator.
	Operators []int32 `yaml:"operators"`
	// MaxConnections bounds the connections of this process to the data source,
	// for exports, previews and checks; exports leave ReservedConnections of them
	// free. 0: the defaults of source.Options.
	MaxConnections      int `yaml:"max-connections"`
	ReservedConnections int `yaml:"reserved-connections"`
	// MaxRowBytes bounds one row; 0: 64 MiB.
	MaxRowBytes int64 `yaml:"max-row-bytes"`
	// SessionMemory bounds the memory of a session on the server; 0: 512 MiB.
	SessionMemory int64 `yaml:"session-memory"`
	// TimeZone is the time zone of the sessions and of time parameters: an IANA
	// name, an offset, or "server"; empty: the service's zone.
	TimeZone string `yaml:"time-zone"`
	// GroupConcatMaxLen is group_concat_max_len in bytes; 0: the server's.
	GroupConcatMaxLen int64 `yaml:"group-concat-max-len"`
}

// defaultMaxBytes is the largest size of an export's cells without max-bytes.
const defaultMaxBytes = 10 << 30

// maxBytes returns the largest size of an export's cells; 0: no limit.
func (s *sourceConfig) maxBytes() int64 {
	if s.MaxBytes == nil {
		return defaultMaxBytes
	}
	return *s.MaxBytes
}

// sourceName matches the valid names of data sources.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// loadSources reads the section sources of the YAML file. The DSN of a source
// comes from the section, from the file that it names, or from the environment, for
// example EXPORTD_SOURCE_SHOP_DSN for the source shop.
func (c *config) loadSources(node yaml.Node, getenv func(string) string) error {
	c.sources = map[string]sourceConfig{}
	if !node.IsZero() {
		if err := decode(&node, &c.sources); err != nil {
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
		if s.OutageWait < 0 {
			return fmt.Errorf("sources.%s.outage-wait: %s, want 0 or more", name, s.OutageWait)
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

// validateTenants reports data sources on the service's own database, where tokens
// keep operators apart: a template could select the rows of every operator from the
// service's tables. Databases are compared by name, since one server can have many
// addresses.
func (c *config) validateTenants(bad func(option, format string, args ...any)) {
	own, err := mysql.ParseDSN(c.dbDSN)
	if err != nil || own.DBName == "" || c.tokensFile == "" || c.ownDBSource {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.sources)) {
		schemas := c.sources[name].Schemas
		if cfg, err := mysql.ParseDSN(c.sources[name].DSN); err == nil {
			schemas = append(slices.Clone(schemas), cfg.DBName)
		}
		if slices.ContainsFunc(schemas, func(s string) bool { return strings.EqualFold(s, own.DBName) }) {
			bad("sources."+name, "database %q has the name of the service's own, from which an operator could read the SQL, parameters "+
				"and file names of all others; want another database, or own-database-source", own.DBName)
		}
	}
}
