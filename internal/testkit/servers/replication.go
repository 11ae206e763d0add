package servers

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Replication is a primary with an asynchronous replica. The replica is read-only
// and replicates by GTID.
type Replication struct {
	Servers [2]*DBServer
	// Primary is the index of the primary.
	Primary int
	install Install
}

// StartReplication starts both servers in folders below dir. install is one of
// FindGalera, which has the program that copies a database.
func StartReplication(ctx context.Context, install Install, dir string, args ...string) (_ *Replication, err error) {
	r := &Replication{install: install}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Stop())
		}
	}()
	for i := range r.Servers {
		own := filepath.Join(dir, fmt.Sprintf("server%d", i+1))
		if err := os.MkdirAll(own, 0o700); err != nil {
			return r, err
		}
		if i > 0 {
			if err := os.WriteFile(filepath.Join(own, "root.password"), []byte(r.Servers[0].password+"\n"), 0o600); err != nil {
				return r, err
			}
		}
		r.Servers[i], err = StartDB(ctx, install, DBOptions{Dir: own, Volatile: true, Args: slices.Concat(args, []string{
			fmt.Sprintf("--server-id=%d", i+1), "--log-bin=log", "--binlog-format=ROW", "--log-slave-updates=ON", "--gtid-domain-id=1",
			"--relay-log=relay", "--slave-net-timeout=5",
			"--read-only=ON", // until it is promoted, also after a crash
		})})
		if err != nil {
			return r, err
		}
	}
	if err := r.Servers[0].Exec(ctx, "SET GLOBAL read_only = OFF"); err != nil {
		return r, err
	}
	return r, r.follow(ctx, 1)
}

// Standby is the index of the replica.
func (r *Replication) Standby() int { return 1 - r.Primary }

// follow makes a server replicate from the other one.
func (r *Replication) follow(ctx context.Context, i int) error {
	from := r.Servers[1-i]
	return r.Servers[i].Exec(ctx, "SET GLOBAL read_only = ON", fmt.Sprintf(`CHANGE MASTER TO MASTER_HOST = '%s', MASTER_PORT = %d,
		MASTER_USER = 'root', MASTER_PASSWORD = '%s', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1`, loopback, from.port, from.password),
		"START SLAVE")
}

// Hold stops the replica from receiving transactions: those that the primary
// commits from now on are lost by Promote.
func (r *Replication) Hold(ctx context.Context) error {
	return r.Servers[r.Standby()].Exec(ctx, "STOP SLAVE IO_THREAD")
}

// Promote makes the replica the primary, with the transactions that it has
// received. The earlier primary is left as it is.
func (r *Replication) Promote(ctx context.Context) error {
	s := r.Servers[r.Standby()]
	if err := r.applied(ctx, s); err != nil {
		return err
	}
	if err := s.Exec(ctx, "STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only = OFF"); err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	r.Primary = r.Standby()
	return nil
}

// Switch exchanges the roles without losing a transaction.
func (r *Replication) Switch(ctx context.Context) error {
	old := r.Servers[r.Primary]
	if err := old.Exec(ctx, "SET GLOBAL read_only = ON"); err != nil {
		return err
	}
	var position string
	if err := old.value(ctx, "SELECT @@gtid_binlog_pos", &position); err != nil {
		return err
	}
	if err := r.Servers[r.Standby()].Exec(ctx, fmt.Sprintf("DO MASTER_GTID_WAIT('%s', 10)", position)); err != nil {
		return err
	}
	if err := r.Promote(ctx); err != nil {
		return err
	}
	// Its history is that of the new primary, which wrote nothing else before.
	return errors.Join(old.Exec(ctx, fmt.Sprintf("SET GLOBAL gtid_slave_pos = '%s'", position)), r.follow(ctx, r.Standby()))
}

// Rebuild copies databases of the primary to the other server, which must run,
// and makes it the replica.
func (r *Replication) Rebuild(ctx context.Context, databases ...string) error {
	to := r.Servers[r.Standby()]
	if err := to.Exec(ctx, "SET GLOBAL read_only = ON", "STOP SLAVE", "RESET SLAVE ALL"); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	from := r.Servers[r.Primary]
	args := []string{
		"--no-defaults", "--protocol=tcp", "--host=" + loopback, fmt.Sprintf("--port=%d", from.port), "--user=root",
		"--single-transaction", "--gtid", "--master-data=1", "--add-drop-database", "--databases",
	}
	cmd := r.install.dump.command(ctx, append(args, databases...)...)
	cmd.Env = append(cmd.Env, "MYSQL_PWD="+from.password)
	var dump, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &dump, &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("copy the primary: %w: %s", err, complaint.String())
	}
	if err := to.Exec(ctx, "RESET MASTER"); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	if err := to.script(ctx, dump.String()); err != nil {
		return fmt.Errorf("fill the replica: %w", err)
	}
	return r.follow(ctx, r.Standby())
}

// Caught reports whether the replica has what the primary had at the call.
func (r *Replication) Caught(ctx context.Context) (bool, error) {
	var position string
	if err := r.Servers[r.Primary].value(ctx, "SELECT @@gtid_binlog_pos", &position); err != nil {
		return false, err
	}
	var late int
	err := r.Servers[r.Standby()].value(ctx, fmt.Sprintf("SELECT MASTER_GTID_WAIT('%s', 5)", position), &late)
	return late == 0, err
}

// applied waits until a replica has applied what it has received.
func (r *Replication) applied(ctx context.Context, s *DBServer) error {
	ctx, cancel := startContext(ctx)
	defer cancel()
	for {
		status, err := s.slaveStatus(ctx)
		if err != nil || status["Slave_SQL_Running"] != "Yes" || status["Exec_Master_Log_Pos"] == status["Read_Master_Log_Pos"] {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(readyPoll):
		}
	}
}

// slaveStatus returns SHOW SLAVE STATUS by column.
func (s *DBServer) slaveStatus(ctx context.Context) (map[string]string, error) {
	db, err := s.OpenRoot("")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SHOW SLAVE STATUS")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || !rows.Next() {
		return nil, errors.Join(err, rows.Err())
	}
	values, to := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		to[i] = &values[i]
	}
	status := map[string]string{}
	err = rows.Scan(to...)
	for i, name := range names {
		status[name] = values[i].String
	}
	return status, err
}

// value reads the only value of a query.
func (s *DBServer) value(ctx context.Context, query string, to any) error {
	db, err := s.OpenRoot("")
	if err != nil {
		return err
	}
	defer db.Close()
	return db.QueryRowContext(ctx, query).Scan(to)
}

// script runs many statements at once, without writing them into the log.
func (s *DBServer) script(ctx context.Context, text string) (err error) {
	cfg := s.config("root", s.password, "")
	cfg.MultiStatements = true
	cfg.Params = map[string]string{"sql_log_bin": "0"}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, text)
	return err
}

// Stop ends both servers.
func (r *Replication) Stop() error {
	var errs []error
	for _, s := range r.Servers {
		if s != nil {
			errs = append(errs, s.Resume(), s.Stop())
		}
	}
	return errors.Join(errs...)
}
