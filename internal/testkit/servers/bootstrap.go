package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// bootstrapSQL lists the files of a MariaDB's share folder that make its system
// tables, in the order they must run. Up to 10.11 they are called mysql_…,
// later mariadb_….
func bootstrapSQL(share string) ([]string, error) {
	for _, family := range []string{"mariadb", "mysql"} {
		files := []string{
			filepath.Join(share, family+"_system_tables.sql"),
			filepath.Join(share, family+"_performance_tables.sql"),
			filepath.Join(share, family+"_system_tables_data.sql"),
			filepath.Join(share, "maria_add_gis_sp_bootstrap.sql"),
		}
		if _, err := os.Stat(files[0]); err == nil {
			return files, nil
		}
	}
	return nil, fmt.Errorf("%s: no mariadb_system_tables.sql or mysql_system_tables.sql", share)
}

// bootstrap makes the server's data folder, once: it is filled under another
// name and renamed when complete.
func (s *DBServer) bootstrap(ctx context.Context) error {
	if isDir(s.dataDir()) {
		return nil
	}
	half := s.dataDir() + ".new"
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("set up %s: %w", s.dir, err)
	}
	if err := os.Mkdir(half, 0o700); err != nil {
		return fmt.Errorf("set up %s: %w", s.dir, err)
	}
	var err error
	switch s.install.Flavor {
	case MariaDB:
		err = s.bootstrapMariaDB(ctx, half)
	case MySQL:
		err = s.bootstrapMySQL(ctx, half)
	default:
		err = fmt.Errorf("unknown flavor %q", s.install.Flavor)
	}
	if err != nil {
		return fmt.Errorf("set up %s: %w", s.dir, err)
	}
	if err := os.Rename(half, s.dataDir()); err != nil {
		return fmt.Errorf("set up %s: %w", s.dir, err)
	}
	return nil
}

// bootstrapMariaDB feeds the SQL of the system tables, then the accounts, to
// mariadbd --bootstrap.
func (s *DBServer) bootstrapMariaDB(ctx context.Context, dataDir string) error {
	files, err := bootstrapSQL(s.install.share)
	if err != nil {
		return err
	}
	var script strings.Builder
	// Bootstrap takes one statement a line here.
	script.WriteString("create database if not exists mysql;\nuse mysql;\n")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		script.Write(text)
		script.WriteByte('\n')
	}
	// The accounts a distribution's files bring, anonymous ones among them,
	// would shadow ours; mariadb.sys owns the system's views.
	script.WriteString("flush privileges;\n" +
		"delete from mysql.global_priv where User <> 'mariadb.sys';\n" +
		"flush privileges;\n")
	for _, stmt := range rootAccounts(s.password) {
		script.WriteString("create user " + stmt + ";\n")
	}
	for _, host := range rootHosts() {
		script.WriteString("grant all privileges on *.* to 'root'@'" + host + "' with grant option;\n")
	}
	cmd := s.install.server.command(ctx, s.args(dataDir, "--bootstrap", "--skip-networking")...)
	cmd.Stdin = strings.NewReader(script.String())
	return s.runOnce(ctx, "mariadbd --bootstrap", cmd)
}

// bootstrapMySQL lets mysqld make its system tables and read the accounts from
// a file, which is removed at the end because it holds the password.
func (s *DBServer) bootstrapMySQL(ctx context.Context, dataDir string) (err error) {
	var script strings.Builder
	for i, stmt := range rootAccounts(s.password) {
		verb := "create user "
		if i == 0 {
			verb = "alter user " // root@localhost is there already
		}
		script.WriteString(verb + stmt + ";\n")
	}
	for _, host := range rootHosts() {
		script.WriteString("grant all privileges on *.* to 'root'@'" + host + "' with grant option;\n")
	}
	file := filepath.Join(s.dir, "accounts.sql")
	if err := os.WriteFile(file, []byte(script.String()), 0o600); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file)) }()

	cmd := s.install.server.command(ctx, s.args(dataDir, "--initialize-insecure", "--init-file="+file)...)
	return s.runOnce(ctx, "mysqld --initialize", cmd)
}

// rootHosts are the hosts root may come from: the unix socket and loopback.
func rootHosts() []string { return []string{"localhost", loopback} }

// rootAccounts are root's accounts with their password, as CREATE USER takes
// them. The password is of letters and digits and needs no quoting.
func rootAccounts(password string) []string {
	var accounts []string
	for _, host := range rootHosts() {
		accounts = append(accounts, "'root'@'"+host+"' identified by '"+password+"'")
	}
	return accounts
}
