package model

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"
)

// Error numbers of the database, the same on MariaDB and MySQL unless noted.
// Sources: MySQL Server Error Message Reference, MariaDB Error Codes, and the
// source of ProxySQL for 9001.
const (
	mysqlErrRecordChanged      = 1020 // MariaDB 11.6+: the row changed since the snapshot
	mysqlErrDiskFull           = 1021
	mysqlErrHandler            = 1030 // error of the storage engine, such as ENOSPC
	mysqlErrOutOfMemory        = 1037
	mysqlErrTooManyConnections = 1040
	mysqlErrOutOfResources     = 1041
	mysqlErrNotPrepared        = 1047 // Galera: the node is not in the primary component
	mysqlErrServerShutdown     = 1053
	mysqlErrDuplicateEntry     = 1062
	mysqlErrNormalShutdown     = 1077
	mysqlErrShutdownComplete   = 1079
	mysqlErrUnknownTable       = 1109
	mysqlErrTableFull          = 1114 // no space left for the tablespace
	mysqlErrNoThread           = 1135
	mysqlErrCommit             = 1180 // Galera and semi-synchronous replication: COMMIT failed
	mysqlErrUserConnections    = 1203
	mysqlErrLockWaitTimeout    = 1205
	mysqlErrDeadlock           = 1213 // also a lost certification of Galera
	mysqlErrUserLimit          = 1226
	mysqlErrOption             = 1290 // read_only, super_read_only
	mysqlErrQueryInterrupted   = 1317
	mysqlErrTableChanged       = 1412
	mysqlErrTooManyTx          = 1637
	mysqlErrReadOnlyTx         = 1792 // transaction_read_only is set for the whole server
	mysqlErrReadOnlyMode       = 1836
	mysqlErrConnectionKilled   = 1927 // MariaDB
	mysqlErrOffline            = 3032 // MySQL
	mysqlErrGroupHook          = 3100 // MySQL: Group Replication rejected the transaction
	mysqlErrGroupConflict      = 3101 // MySQL: lost certification
	mysqlErrNotAvailable       = 3168 // MySQL
	mysqlErrSessionKilled      = 3169 // MySQL
	mysqlErrClientInactive     = 4031 // MySQL
	proxysqlErrConnectTimeout  = 9001
)

// notPrimary are the errors of a server that does not take writes although it
// answers: another server is the primary now, or will be.
var notPrimary = []uint16{
	mysqlErrNotPrepared, mysqlErrServerShutdown, mysqlErrNormalShutdown, mysqlErrShutdownComplete, mysqlErrOption,
	mysqlErrReadOnlyTx, mysqlErrReadOnlyMode, mysqlErrOffline, mysqlErrNotAvailable,
}

// transient are the errors that pass without a change of the statement, those of
// notPrimary not repeated.
var transient = []uint16{
	mysqlErrRecordChanged, mysqlErrDiskFull, mysqlErrHandler, mysqlErrOutOfMemory, mysqlErrTooManyConnections,
	mysqlErrOutOfResources, mysqlErrTableFull, mysqlErrNoThread, mysqlErrCommit, mysqlErrUserConnections,
	mysqlErrLockWaitTimeout, mysqlErrDeadlock, mysqlErrUserLimit, mysqlErrQueryInterrupted, mysqlErrTableChanged,
	mysqlErrTooManyTx, mysqlErrConnectionKilled, mysqlErrGroupHook, mysqlErrGroupConflict, mysqlErrSessionKilled,
	mysqlErrClientInactive, proxysqlErrConnectTimeout,
}

// Transient reports whether an error of this package comes from a state of the
// database that passes: it is read-only, restarts, elects a primary, has no
// space, rolled the transaction back because of another one, or the connection
// was lost. The same call may succeed later. Whether the write happened is known
// only if the database answered; after a lost connection or a timeout it is not.
func Transient(err error) bool {
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return isServerError(my, transient...) || isServerError(my, notPrimary...)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, target := range []error{
		driver.ErrBadConn, mysql.ErrInvalidConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF,
		context.DeadlineExceeded, errRowCount,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// Refused reports whether the database answered a statement with an error that
// lasts, such as a value that is too long: the write did not happen and a
// repetition fails as well.
func Refused(err error) bool {
	_, answered := errors.AsType[*mysql.MySQLError](err)
	return answered && !Transient(err)
}
