package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/testkit/servers"
)

// Names of the private MariaDB, and the port that it wants.
const (
	ownDatabase   = "exportd"
	shopDatabase  = "shop"
	ownAccount    = "exportd"
	readerAccount = "exportd_reader"
	mariaPort     = 53306
)

// connectTimeout bounds the first connection to a database of the user's.
const connectTimeout = 10 * time.Second

// startDatabase starts a private MariaDB with exportd's database and the sample
// shop, and returns exportd's environment.
func (st *stack) startDatabase(ctx context.Context, opt settings, cache string, out *console) ([]string, error) {
	if err := st.makeDir(opt.dir); err != nil {
		return nil, err
	}
	err := out.step("Starting MariaDB, which is downloaded once", func() (string, error) {
		install, err := servers.FindMariaDB(ctx, cache, opt.log)
		if err != nil {
			return "", fmt.Errorf("%w\n\nMariaDB is not installed, and its package cannot be downloaded: is there a network? "+
				"Install MariaDB 10.6 or newer (apt-get install mariadb-server), or use a database of your own: "+
				"make run DSN=mysql://user:password@host:port/database", err)
		}
		st.maria, err = servers.StartDB(ctx, install, servers.DBOptions{Dir: filepath.Join(st.dir, "mariadb"), Port: mariaPort})
		if err != nil {
			return "", err
		}
		st.portNote("MariaDB", mariaPort, st.maria.Port())
		return fmt.Sprintf("Started MariaDB %s on %s", install.Version, st.maria.Addr()), nil
	})
	if err != nil {
		return nil, err
	}
	for _, db := range []string{ownDatabase, shopDatabase} {
		if err := st.maria.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+db+" CHARACTER SET utf8mb4"); err != nil {
			return nil, err
		}
	}
	password, err := st.password()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		st.maria.SetAccount(ctx, ownAccount, password, "ALL PRIVILEGES ON "+ownDatabase+".*"),
		st.maria.SetAccount(ctx, readerAccount, password, "SELECT ON "+ownDatabase+".*", "SELECT ON "+shopDatabase+".*"),
	)
	if err != nil {
		return nil, err
	}
	err = out.step("Filling the sample shop", func() (string, error) {
		orders, err := fillShop(ctx, st.maria.RootDSN(shopDatabase))
		return fmt.Sprintf("The sample shop has %d orders", orders), err
	})
	if err != nil {
		return nil, err
	}
	st.sample = shopSample()
	st.readerDSN = st.maria.DSN(readerAccount, password, shopDatabase)
	st.notes = append(st.notes, fmt.Sprintf("The sample database: mariadb -h 127.0.0.1 -P %d -u %s -p%s %s", st.maria.Port(), readerAccount, password, shopDatabase))
	// The data source "default" reads exportd's own database, as it does in every
	// installation that configures no sources.
	return st.configure(st.maria.DSN(ownAccount, password, ownDatabase), map[string]string{
		"default": st.maria.DSN(readerAccount, password, ownDatabase), "shop": st.readerDSN,
	})
}

// useDatabase prepares a database of the user's: exportd reads its tables and
// keeps its own tables in another schema of the same server. It returns exportd's
// environment.
func (st *stack) useDatabase(ctx context.Context, opt settings, out *console) (env []string, err error) {
	user, err := parseDSN(opt.dsn)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(user)
	if err != nil {
		return nil, fmt.Errorf("DSN: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	err = out.step("Connecting to "+user.Addr, func() (string, error) {
		ctx, stop := context.WithTimeout(ctx, connectTimeout)
		defer stop()
		var version string
		if err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
			return "", fmt.Errorf("connect to %s as %s: %w", user.Addr, user.User, err)
		}
		return fmt.Sprintf("Connected to %s: server version %s, your tables in %s", user.Addr, version, user.DBName), nil
	})
	if err != nil {
		return nil, err
	}
	schema, err := ownSchema(ctx, db, user, opt.schema, askTerminal)
	if err != nil {
		return nil, err
	}
	out.say("exportd keeps its own tables in the schema %s of the same server and only reads yours.", schema)
	if st.sample, err = userSample(ctx, db); err != nil {
		return nil, err
	}
	// Files, configuration and logs of one database never meet those of another:
	// exportd deletes stored files that its database does not know.
	if err := st.makeDir(opt.dir, folderName(user.Addr, schema)); err != nil {
		return nil, err
	}
	st.readerDSN = user.FormatDSN()
	own := user.Clone()
	own.DBName = schema
	st.notes = append(st.notes, fmt.Sprintf("To remove exportd's tables from your server: DROP DATABASE %s", servers.QuoteName(schema)))
	return st.configure(own.FormatDSN(), map[string]string{"default": st.readerDSN})
}

// folderName names the folder of a database on a server.
func folderName(addr, schema string) string {
	return regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(addr+"_"+schema, "_")
}

// configure writes exportd's configuration file with the data sources, and
// returns exportd's environment.
func (st *stack) configure(ownDSN string, sources map[string]string) ([]string, error) {
	var yaml strings.Builder
	yaml.WriteString("sources:\n")
	for _, name := range []string{"default", "shop"} {
		if dsn, ok := sources[name]; ok {
			fmt.Fprintf(&yaml, "  %s:\n    dsn: %q\n", name, dsn)
		}
	}
	config := filepath.Join(st.dir, "exportd.yaml")
	if err := os.WriteFile(config, []byte(yaml.String()), 0o600); err != nil {
		return nil, err
	}
	return []string{"EXPORTD_CONFIG=" + config, "EXPORTD_DB_DSN=" + ownDSN}, nil
}

// password returns the password of the private accounts, which the first start
// makes.
func (st *stack) password() (string, error) {
	file := filepath.Join(st.dir, "password")
	text, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	return password, os.WriteFile(file, []byte(password+"\n"), 0o600)
}
