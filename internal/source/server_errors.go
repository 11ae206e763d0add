package source

import (
	"slices"
	"strings"
)

// Origin is a set of programs that send an error number.
type Origin uint8

// The programs that speak the server's side of the MySQL protocol.
const (
	MySQLServer   Origin = 1 << iota // Oracle MySQL and its forks
	MariaDBServer                    // MariaDB, with Galera and Spider
	ProxySQL
	RDSProxy
	MaxScale
	TiDB
)

const both = MySQLServer | MariaDBServer

func (o Origin) String() string {
	var names []string
	for i, name := range []string{"MySQL", "MariaDB", "ProxySQL", "RDS Proxy", "MaxScale", "TiDB"} {
		if o&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// ServerErrorClass is one line of the table of server errors: a range of error
// numbers, who sends them and their verdict.
type ServerErrorClass struct {
	First, Last uint16 // the error numbers; equal for a single number
	Name        string // the server's symbol
	From        Origin
	Verdict     Verdict
	Meaning     string
}

// ServerErrors is the table from which server errors are classified and from
// which docs/source-errors.md is written. A number that is not in it is
// classified by its SQLSTATE (see classifyState). The table must be in the order
// of its numbers, without overlap.
//
// Sources: MySQL Server Error Message Reference and Client Error Message
// Reference; MariaDB Error Code Reference; ProxySQL's enum PROXYSQL_MYSQL_ERR;
// the RDS Proxy user guide; MaxScale's protocol module; TiDB's error codes.
var ServerErrors = []ServerErrorClass{
	{1, 100, "EE_*", both, Verdict{Retry, Server}, "the server's file or memory operation failed: disk full, out of memory, cannot create a temporary file"},
	{120, 199, "HA_ERR_*", both, Verdict{Retry, Server}, "a storage engine failed"},
	{1016, 1018, "ER_CANT_OPEN_FILE, ER_FILE_NOT_FOUND, ER_CANT_READ_DIR", both, Verdict{Final, Server}, "a table's file cannot be opened"},
	{1020, 1020, "ER_CHECKREAD", both, Verdict{Retry, Server}, "a record changed since it was last read"},
	{1021, 1021, "ER_DISK_FULL", both, Verdict{Retry, Server}, "the server's disk is full"},
	{1023, 1026, "ER_ERROR_ON_CLOSE … ER_ERROR_ON_WRITE", both, Verdict{Retry, Server}, "the server cannot read or write a file"},
	{1030, 1030, "ER_GET_ERRNO", both, Verdict{Retry, Server}, "a storage engine failed"},
	{1034, 1035, "ER_NOT_KEYFILE, ER_OLD_KEYFILE", both, Verdict{Final, Server}, "an index is damaged and needs a repair"},
	{1037, 1037, "ER_OUTOFMEMORY", both, Verdict{Retry, Server}, "the server is out of memory"},
	{1038, 1038, "ER_OUT_OF_SORTMEMORY", both, Verdict{Final, Server}, "sort_buffer_size is too small for the rows"},
	{1040, 1040, "ER_CON_COUNT_ERROR", both | ProxySQL | RDSProxy, Verdict{Wait, Server}, "too many connections, or a proxy's rate limit"},
	{1041, 1041, "ER_OUT_OF_RESOURCES", both, Verdict{Retry, Server}, "the server is out of memory"},
	{1042, 1043, "ER_BAD_HOST_ERROR, ER_HANDSHAKE_ERROR", both | ProxySQL, Verdict{Wait, Server}, "the handshake failed"},
	{1044, 1045, "ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR", both | ProxySQL | RDSProxy | MaxScale, Verdict{Final, Administrator}, "the account may not log in or may not use the database"},
	{1047, 1047, "ER_UNKNOWN_COM_ERROR", both, Verdict{Wait, Server}, "a Galera node is not synchronized"},
	{1049, 1049, "ER_BAD_DB_ERROR", both, Verdict{Final, Author}, "unknown database; at login it is the DSN's (administrator)"},
	{1053, 1053, "ER_SERVER_SHUTDOWN", both, Verdict{Wait, Server}, "the server shuts down"},
	{1077, 1081, "ER_NORMAL_SHUTDOWN … ER_IPSOCK_ERROR", both, Verdict{Wait, Server}, "the server shuts down"},
	{1094, 1094, "ER_NO_SUCH_THREAD", both, Verdict{Final, Server}, "the connection to kill does not exist"},
	{1105, 1105, "ER_UNKNOWN_ERROR", both | TiDB, Verdict{Retry, Server}, "an internal error, also of middleware"},
	{1114, 1114, "ER_RECORD_FILE_FULL", both, Verdict{Retry, Server}, "a temporary table is full"},
	{1129, 1129, "ER_HOST_IS_BLOCKED", both, Verdict{Wait, Administrator}, "the server blocks this host after connection errors: FLUSH HOSTS"},
	{1130, 1130, "ER_HOST_NOT_PRIVILEGED", both, Verdict{Final, Administrator}, "this host may not connect"},
	{1131, 1133, "ER_PASSWORD_ANONYMOUS_USER … ER_PASSWORD_NO_MATCH", both, Verdict{Final, Administrator}, "the account's password"},
	{1135, 1135, "ER_CANT_CREATE_THREAD", both, Verdict{Wait, Server}, "the server cannot create a thread"},
	{1152, 1152, "ER_ABORTING_CONNECTION", both, Verdict{Wait, Server}, "the connection was aborted"},
	{1154, 1161, "ER_NET_READ_ERROR_FROM_PIPE … ER_NET_WRITE_INTERRUPTED", both, Verdict{Wait, Server}, "the server cannot read or write packets"},
	{1184, 1184, "ER_NEW_ABORTING_CONNECTION", both, Verdict{Wait, Server}, "the connection was aborted"},
	{1194, 1195, "ER_CRASHED_ON_USAGE, ER_CRASHED_ON_REPAIR", both, Verdict{Final, Server}, "a table is marked as crashed and needs a repair"},
	{1203, 1203, "ER_TOO_MANY_USER_CONNECTIONS", both, Verdict{Wait, Server}, "max_user_connections of the account"},
	{1205, 1207, "ER_LOCK_WAIT_TIMEOUT … ER_READ_ONLY_TRANSACTION", both, Verdict{Retry, Server}, "a lock was not granted"},
	{1213, 1213, "ER_LOCK_DEADLOCK", both, Verdict{Retry, Server}, "a deadlock, or a Galera certification conflict"},
	{1226, 1226, "ER_USER_LIMIT_REACHED", both | ProxySQL, Verdict{Wait, Server}, "a resource limit of the account"},
	{1231, 1231, "ER_WRONG_VALUE_FOR_VAR", both | RDSProxy, Verdict{Final, Author}, "a session variable's value; at set-up it is the data source's (administrator)"},
	{1251, 1251, "ER_NOT_SUPPORTED_AUTH_MODE", both, Verdict{Final, Administrator}, "the account's authentication plugin"},
	{1275, 1275, "ER_SERVER_IS_IN_SECURE_AUTH_MODE", both, Verdict{Final, Administrator}, "the account's password hash is too old"},
	{1296, 1297, "ER_GET_ERRMSG, ER_GET_TEMPORARY_ERRMSG", both, Verdict{Retry, Server}, "a storage engine failed"},
	{1298, 1298, "ER_UNKNOWN_TIME_ZONE", both, Verdict{Final, Author}, "unknown time zone; at set-up it is the data source's (administrator)"},
	{1317, 1317, "ER_QUERY_INTERRUPTED", both, Verdict{Final, Server}, "someone killed the query"},
	{1412, 1412, "ER_TABLE_DEF_CHANGED", both, Verdict{Retry, Server}, "a table was altered after the snapshot was taken"},
	{1429, 1430, "ER_CONNECT_TO_FOREIGN_DATA_SOURCE, ER_QUERY_ON_FOREIGN_DATA_SOURCE", both, Verdict{Retry, Server}, "a federated table's server is unreachable"},
	{1449, 1449, "ER_NO_SUCH_USER", both, Verdict{Final, Server}, "the definer of a view does not exist"},
	{1461, 1461, "ER_MAX_PREPARED_STMT_COUNT_REACHED", both, Verdict{Wait, Server}, "max_prepared_stmt_count"},
	{1524, 1524, "ER_PLUGIN_IS_NOT_LOADED", both, Verdict{Final, Administrator}, "the account's authentication plugin is not loaded"},
	{1615, 1615, "ER_NEED_REPREPARE", both, Verdict{Retry, Server}, "a table was altered while the statement was prepared"},
	{1637, 1637, "ER_TOO_MANY_CONCURRENT_TRXS", both, Verdict{Retry, Server}, "too many transactions"},
	{1698, 1698, "ER_ACCESS_DENIED_NO_PASSWORD_ERROR", both, Verdict{Final, Administrator}, "the account may not log in"},
	{1820, 1820, "ER_MUST_CHANGE_PASSWORD", both, Verdict{Final, Administrator}, "the account's password has expired"},
	{1862, 1862, "ER_MUST_CHANGE_PASSWORD_LOGIN", both, Verdict{Final, Administrator}, "the account's password has expired"},
	{1927, 1927, "ER_CONNECTION_KILLED", MariaDBServer | MaxScale, Verdict{Wait, Server}, "the connection was killed, or MaxScale lost its backend"},
	{2000, 2011, "CR_*", ProxySQL | MaxScale, Verdict{Wait, Server}, "the proxy cannot reach a server"},
	{2012, 2014, "CR_SERVER_HANDSHAKE_ERR, CR_SERVER_LOST, CR_COMMANDS_OUT_OF_SYNC", ProxySQL | MaxScale | RDSProxy, Verdict{Wait, Server}, "the proxy lost its server"},
	{2026, 2026, "CR_SSL_CONNECTION_ERROR", ProxySQL | RDSProxy, Verdict{Wait, Server}, "the proxy's TLS connection failed"},
	{2027, 2027, "CR_MALFORMED_PACKET", ProxySQL, Verdict{Retry, Server}, "the proxy received a malformed packet"},
	{2055, 2055, "CR_SERVER_LOST_EXTENDED", ProxySQL | MaxScale, Verdict{Wait, Server}, "the proxy lost its server"},
	{2058, 2061, "CR_ALREADY_CONNECTED … CR_AUTH_PLUGIN_ERR", ProxySQL, Verdict{Final, Administrator}, "the proxy's authentication failed"},
	{3032, 3032, "ER_SERVER_OFFLINE_MODE", MySQLServer, Verdict{Wait, Server}, "the server is in offline mode"},
	{3100, 3101, "ER_RUN_HOOK_ERROR, ER_TRANSACTION_ROLLBACK_DURING_COMMIT", MySQLServer, Verdict{Wait, Server}, "group replication"},
	{3118, 3118, "ER_ACCOUNT_HAS_BEEN_LOCKED", MySQLServer, Verdict{Final, Administrator}, "the account is locked"},
	{3159, 3159, "ER_SECURE_TRANSPORT_REQUIRED", MySQLServer | RDSProxy, Verdict{Final, Administrator}, "the server requires TLS"},
	{3168, 3169, "ER_SERVER_ISNT_AVAILABLE, ER_SESSION_WAS_KILLED", MySQLServer, Verdict{Wait, Server}, "the session was killed, or the server is not available"},
	{3796, 3798, "ER_GRP_TRX_CONSISTENCY_*", MySQLServer, Verdict{Wait, Server}, "group replication is not consistent"},
	{3955, 3955, "ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK", MySQLServer, Verdict{Final, Administrator}, "the account is locked after failed logins"},
	{4031, 4031, "ER_CLIENT_INTERACTION_TIMEOUT", MySQLServer, Verdict{Wait, Server}, "the server closed an idle connection"},
	{4082, 4082, "ER_GLOBAL_CONN_LIMIT", MySQLServer, Verdict{Retry, Server}, "the memory limit over all connections"},
	{4151, 4151, "ER_ACCOUNT_HAS_BEEN_LOCKED", MariaDBServer, Verdict{Final, Administrator}, "the account is locked"},
	{8022, 8022, "ErrTxnRetryable", TiDB, Verdict{Retry, Server}, "the transaction may be retried"},
	{8027, 8028, "ErrInfoSchemaExpired, ErrInfoSchemaChanged", TiDB, Verdict{Retry, Server}, "the schema changed"},
	{9001, 9002, "ER_PROXYSQL_MAX_CONN_TIMEOUT, ER_PROXYSQL_MAX_CONN_FAILURES", ProxySQL | TiDB, Verdict{Wait, Server}, "no server of the hostgroup can be reached"},
	{9003, 9003, "ER_PROXYSQL_COMMAND_NOT_SUPPORTED", ProxySQL | TiDB, Verdict{Retry, Server}, "the proxy does not support a command; TiDB: the store is busy"},
	{9004, 9020, "ER_PROXYSQL_OFFLINE_SRV … ER_PROXYSQL_GR_HEALTH_CONN_CHECK_TIMEOUT", ProxySQL | TiDB, Verdict{Wait, Server}, "the proxy has no healthy server, or its server lags"},
	{9500, 9599, "RDS Proxy", RDSProxy, Verdict{Wait, Server}, "the proxy timed out waiting for a database connection"},
	{12701, 12719, "ER_SPIDER_REMOTE_SERVER_GONE_AWAY …", MariaDBServer, Verdict{Retry, Server}, "a Spider table's server is unreachable"},
}

// classifyServer returns the verdict on a server's error.
func classifyServer(e *ServerError) Verdict {
	i, found := slices.BinarySearchFunc(ServerErrors, e.Code, func(c ServerErrorClass, code uint16) int {
		switch {
		case c.Last < code:
			return -1
		case c.First > code:
			return 1
		}
		return 0
	})
	if found {
		return ServerErrors[i].Verdict
	}
	return classifyState(e.State)
}

// classifyState returns the verdict on an error number that is not in the table,
// by the class of its SQLSTATE: 08 is a connection exception, 28 a refused
// authorization, 40 a transaction rollback. All others, such as 42 for syntax
// and privileges on objects and 22 for values, concern the statement.
func classifyState(state string) Verdict {
	switch {
	case strings.HasPrefix(state, "08"):
		return Verdict{Wait, Server}
	case strings.HasPrefix(state, "28"):
		return Verdict{Final, Administrator}
	case strings.HasPrefix(state, "40"):
		return Verdict{Retry, Server}
	}
	return Verdict{Final, Author}
}

// The server's error numbers that the package handles by name.
const (
	mysqlErrParse            = 1064 // ER_PARSE_ERROR
	mysqlErrNoSuchThread     = 1094 // ER_NO_SUCH_THREAD
	mysqlErrSpecificAccess   = 1227 // ER_SPECIFIC_ACCESS_DENIED_ERROR
	mysqlErrOptionPrevents   = 1290 // ER_OPTION_PREVENTS_STATEMENT: MariaDB's max_session_mem_used
	mysqlErrUnknownTimeZone  = 1298 // ER_UNKNOWN_TIME_ZONE
	mysqlErrQueryInterrupted = 1317 // ER_QUERY_INTERRUPTED
	mysqlErrStatementTimeout = 1969 // ER_STATEMENT_TIMEOUT, MariaDB
	mysqlErrQueryTimeout     = 3024 // ER_QUERY_TIMEOUT, MySQL
	mysqlErrConnectionMemory = 4083 // ER_CONN_LIMIT, MySQL's connection_memory_limit
)
