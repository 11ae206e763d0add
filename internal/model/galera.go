package model

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A server of a DSN with several hosts is asked whether it takes writes by its
// settings and, if it is a node of a Galera cluster, by the state of the node: a
// node that joins, or that copies its data to another one, can let writes wait for
// minutes. A node without a quorum answers these statements with an error.
const (
	statusMariaDB = `SELECT @@global.read_only OR @@global.innodb_read_only, (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'wsrep_local_state')`
	statusMySQL   = `SELECT @@global.read_only OR @@global.innodb_read_only, (SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'wsrep_local_state')`
)

// galeraSynced is the wsrep_local_state of a node that takes part in the cluster.
const galeraSynced = "4"

// isWritable reports whether a server takes writes, as far as its status says.
func isWritable(ctx context.Context, conn driver.Conn) (bool, error) {
	status, err := queryRow(ctx, conn, statusMariaDB)
	if isServerError(err, mysqlErrUnknownTable) { // MySQL
		status, err = queryRow(ctx, conn, statusMySQL)
	}
	if err != nil {
		return false, err
	}
	return status[0] == "0" && (status[1] == "" || status[1] == galeraSynced), nil
}

// queryRow returns the two values of the only row of a query, NULL as "".
func queryRow(ctx context.Context, conn driver.Conn, query string) (texts [2]string, err error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		return texts, err
	}
	defer rows.Close()
	values := make([]driver.Value, len(texts))
	if err := rows.Next(values); err != nil {
		return texts, err
	}
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case []byte:
			texts[i] = string(v)
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return texts, nil
}

// detectGalera reports whether the database is a node of a Galera cluster.
func (p pool) detectGalera(ctx context.Context) (bool, error) {
	var rows []struct {
		Name  string `db:"Variable_name"`
		Value string `db:"Value"`
	}
	err := p.SelectContext(ctx, &rows, `SHOW GLOBAL STATUS LIKE 'wsrep_cluster_status'`)
	return len(rows) > 0 && rows[0].Value != "Disconnected", wrap("detect Galera", err)
}

// catchUp waits until the node has applied all that other nodes of the cluster
// had committed before the call. It reports false if there is nothing to wait for.
func (p pool) catchUp(ctx context.Context) (waited bool, err error) {
	if !p.galera {
		return false, nil
	}
	conn, err := p.db.Connx(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	// A SELECT waits if it reads a table.
	for _, statement := range []string{
		`SET SESSION wsrep_sync_wait = 1`, `SELECT name FROM welife_export_meta LIMIT 1`, `SET SESSION wsrep_sync_wait = 0`,
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return false, fmt.Errorf("wait for the other nodes: %w", err)
		}
	}
	return true, nil
}

// isMiss reports whether err says that a row does not exist.
func isMiss(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == NotFound
}
