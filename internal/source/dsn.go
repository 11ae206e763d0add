package source

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/files"
)

// settings are what a DSN says, checked.
type settings struct {
	network, addr  string // "tcp" and host:port, or "unix" and a socket's path
	user, password string
	database       string
	collation      string // "" = the server's default of utf8mb4
	attributes     string // connection attributes, "key:value,key:value"
	timeout        time.Duration
	tls            *tls.Config // nil = plain text
	tlsOptional    bool        // tls=preferred: plain text where the server has no TLS
	noNativePlugin bool        // allowNativePasswords=false
}

// The DSN parameters by what becomes of them. Those not named here are
// refused: most would be session variables set from a string.
var (
	usedParams = []string{"allowNativePasswords", "charset", "collation", "connectionAttributes", "timeout", "tls"}

	// ignoredParams mean something to database/sql only, where values are
	// parsed, written or pooled; none of them changes what a server sends.
	ignoredParams = []string{"checkConnLiveness", "clientFoundRows", "loc", "maxAllowedPacket", "parseTime", "rejectReadOnly", "timeTruncate"}

	refusedParams = map[string]string{ //nolint:gosec // names of parameters
		"allowAllFiles":            "lets the server read files of this machine",
		"allowCleartextPasswords":  "sends the password in the clear",
		"allowFallbackToPlaintext": "gives up TLS silently; use tls=preferred to say so",
		"allowOldPasswords":        "uses a broken hash",
		"columnsWithAlias":         "changes the names of columns",
		"compress":                 "doubles the cost of reading and is not spoken here",
		"interpolateParams":        "makes values part of the statement",
		"multiStatements":          "runs more than the statement that was checked",
		"readTimeout":              "cuts off a query that is silent while it sorts; set a statement time limit",
		"serverPubKey":             "names a key registered in another library; use TLS",
		"strict":                   "was removed from the driver",
		"writeTimeout":             "is not used; the login timeout and contexts bound writes",
	}
)

var collationPattern = regexp.MustCompile(`^utf8mb4_[a-z0-9_]+$`)

var errTLSOff = errors.New("a CA file is given but the DSN says tls=false")

// parseDSN reads a DSN of go-sql-driver/mysql. No error holds the password.
func parseDSN(dsn string, opts Options) (settings, error) {
	var set settings
	params := dsnParams(dsn)
	if err := checkParams(params); err != nil {
		return set, err
	}
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return set, fmt.Errorf("DSN: %w", err)
	}
	if cfg.Net != "tcp" && cfg.Net != "tcp4" && cfg.Net != "tcp6" && cfg.Net != "unix" {
		return set, fmt.Errorf("DSN: network %q, want tcp or unix", cfg.Net)
	}
	if cfg.Collation != "" && !collationPattern.MatchString(cfg.Collation) {
		return set, fmt.Errorf("DSN: collation %q, want one of utf8mb4", cfg.Collation)
	}
	set = settings{
		network: cfg.Net, addr: cfg.Addr, user: cfg.User, password: cfg.Passwd, database: cfg.DBName,
		collation: cfg.Collation, attributes: cfg.ConnectionAttributes, timeout: cfg.Timeout,
		noNativePlugin: !cfg.AllowNativePasswords,
	}
	if set.timeout == 0 {
		set.timeout = defaultLoginTimeout
	}
	return set, set.setTLS(cfg.TLSConfig, opts)
}

// dsnParams cuts the parameters off a DSN: what follows the first "?" after
// the last "/", as the driver itself finds them.
func dsnParams(dsn string) map[string]string {
	params := map[string]string{}
	_, tail, _ := strings.Cut(dsn[strings.LastIndexByte(dsn, '/')+1:], "?")
	for p := range strings.SplitSeq(tail, "&") {
		if k, v, ok := strings.Cut(p, "="); ok {
			params[k] = v
		}
	}
	return params
}

func checkParams(params map[string]string) error {
	for k, v := range params {
		if slices.Contains(usedParams, k) || slices.Contains(ignoredParams, k) {
			continue
		}
		why, known := refusedParams[k]
		if !known {
			return fmt.Errorf("DSN: unknown parameter %q", k)
		}
		if v == "false" || v == "0" {
			continue // switched off is as good as absent
		}
		return fmt.Errorf("DSN: parameter %q is not allowed: it %s", k, why)
	}
	if cs, ok := params["charset"]; ok && cs != "utf8mb4" {
		return fmt.Errorf("DSN: charset %q, want utf8mb4", cs)
	}
	return nil
}

// setTLS builds the TLS settings from the DSN's mode and the options.
func (s *settings) setTLS(mode string, opts Options) error {
	own := opts.TLS != nil || opts.CAFile != ""
	if mode == "" && own {
		mode = "true"
	}
	switch mode {
	case "":
		return nil
	case "false":
		if own {
			return errTLSOff
		}
		return nil
	}
	cfg := opts.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	s.tls = cfg
	if mode == "skip-verify" || mode == "preferred" {
		cfg.InsecureSkipVerify = true
		s.tlsOptional = mode == "preferred"
	}
	if cfg.ServerName == "" && s.network != "unix" {
		host, _, err := net.SplitHostPort(s.addr)
		if err != nil {
			return fmt.Errorf("DSN: address: %w", err)
		}
		cfg.ServerName = host
	}
	if opts.CAFile == "" {
		return nil
	}
	var err error
	if cfg.RootCAs, err = files.LoadCertPool(opts.CAFile); err != nil {
		return fmt.Errorf("CA file: %w", err)
	}
	return nil
}
