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

// settings are the checked contents of a DSN.
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
	clearPassword  bool        // allowCleartextPasswords=true
}

// The DSN parameters. Those that are not named here are refused: most of them
// would be session variables set from a string.
var (
	usedParams = []string{"allowCleartextPasswords", "allowNativePasswords", "charset", "collation", "connectionAttributes", "timeout", "tls"}

	// refusedParams are refused with the reason.
	refusedParams = map[string]string{ //nolint:gosec // names of parameters
		"checkConnLiveness":        "has no effect: connections are not pooled",
		"clientFoundRows":          "has no effect: nothing is written",
		"loc":                      "has no effect: values are not parsed; set the data source's time-zone",
		"maxAllowedPacket":         "has no effect; set the data source's max-row-bytes",
		"parseTime":                "has no effect: values are exported as the server writes them",
		"rejectReadOnly":           "has no effect: nothing is written",
		"time_zone":                "is set by the data source's time-zone",
		"timeTruncate":             "has no effect: values are exported as the server writes them",
		"allowAllFiles":            "lets the server read files of this machine",
		"allowFallbackToPlaintext": "silently gives up TLS; use tls=preferred to ask for that",
		"allowOldPasswords":        "uses a broken hash",
		"columnsWithAlias":         "changes the names of columns",
		"compress":                 "is not supported: it doubles the cost of reading",
		"interpolateParams":        "makes values part of the statement",
		"multiStatements":          "runs more than the statement that was checked",
		"readTimeout":              "would end a query that sends nothing while it sorts; set max-seconds",
		"serverPubKey":             "names a key that is registered in another library; use TLS",
		"strict":                   "was removed from the driver",
		"writeTimeout":             "has no effect: the login timeout and the context of the query bound writes",
	}
)

var collationPattern = regexp.MustCompile(`^utf8mb4_[a-z0-9_]+$`)

var errTLSOff = errors.New("a CA file is given but the DSN says tls=false")

// parseDSN parses a DSN of go-sql-driver/mysql. No error contains the password.
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
		noNativePlugin: !cfg.AllowNativePasswords, clearPassword: cfg.AllowCleartextPasswords,
	}
	if set.timeout == 0 {
		set.timeout = defaultLoginTimeout
	}
	if err := set.setTLS(cfg.TLSConfig, opts); err != nil {
		return set, err
	}
	if set.clearPassword && set.network != "unix" && (set.tls == nil || set.tls.InsecureSkipVerify) {
		return set, errors.New("DSN: allowCleartextPasswords=true, want tls=true as well: any server could ask for the password")
	}
	return set, nil
}

// dsnParams returns the parameters of a DSN: what follows the first "?" after the
// last "/", as in the driver.
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
		if slices.Contains(usedParams, k) {
			continue
		}
		why, known := refusedParams[k]
		if !known {
			return fmt.Errorf("DSN: unknown parameter %q", k)
		}
		if (v == "false" || v == "0") && !strings.HasPrefix(why, "has no effect") {
			continue // disabled is the same as absent
		}
		return fmt.Errorf("DSN: parameter %q is not allowed: it %s", k, why)
	}
	if cs, ok := params["charset"]; ok && cs != "utf8mb4" {
		return fmt.Errorf("DSN: charset %q, want utf8mb4", cs)
	}
	return nil
}

// setTLS sets the TLS configuration from the DSN's parameter tls and the options.
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
