package main

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// parseDSN reads the address of a database with a user's tables: a URL such as
// mysql://user:password@host:3306/shop, or go-sql-driver's own form. It must name
// a database.
func parseDSN(text string) (*mysql.Config, error) {
	cfg, err := parseURL(text)
	if cfg == nil && err == nil {
		cfg, err = mysql.ParseDSN(text)
	}
	if err != nil {
		// The driver's error does not repeat the text, which holds a password.
		return nil, fmt.Errorf("DSN: %w; want mysql://user:password@host:port/database or user:password@tcp(host:port)/database", err)
	}
	if cfg.DBName == "" {
		return nil, fmt.Errorf("DSN: no database named; want one such as mysql://%s:…@%s/DATABASE", cfg.User, cfg.Addr)
	}
	return cfg, nil
}

// parseURL returns nil and no error if text is not a URL of MySQL or MariaDB.
func parseURL(text string) (*mysql.Config, error) {
	scheme, _, ok := strings.Cut(text, "://")
	if !ok || scheme != "mysql" && scheme != "mariadb" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("not a URL; write @, : and / in the password as %%40, %%3A and %%2F") // url.Parse's error would repeat the password
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", net.JoinHostPort(u.Hostname(), "3306"), strings.Trim(u.Path, "/")
	if u.Port() != "" {
		cfg.Addr = u.Host
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	for key, values := range u.Query() {
		switch key {
		case "ssl-mode", "sslmode", "ssl_mode":
			if cfg.TLSConfig, err = tlsMode(values[0]); err != nil {
				return nil, err
			}
		case "tls":
			cfg.TLSConfig = values[0]
		case "charset", "useSSL", "serverTimezone", "useUnicode", "characterEncoding":
			// Of other drivers. exportd always speaks utf8mb4 and sets the session's zone.
		default:
			return nil, fmt.Errorf("parameter %q is not known, want ssl-mode or tls", key)
		}
	}
	return cfg, nil
}

// tlsMode translates the ssl-mode of MySQL's own programs into go-sql-driver's
// parameter tls.
func tlsMode(mode string) (string, error) {
	switch strings.ToUpper(mode) {
	case "DISABLED":
		return "false", nil
	case "PREFERRED":
		return "preferred", nil
	case "REQUIRED":
		return "skip-verify", nil
	case "VERIFY_CA", "VERIFY_IDENTITY":
		return "true", nil
	}
	return "", fmt.Errorf("ssl-mode %q, want DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY", mode)
}
