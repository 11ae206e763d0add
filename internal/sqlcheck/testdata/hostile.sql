-- ends a connection
KILL 1;

-- ends a query, with HARD
KILL HARD QUERY 7;

-- stops the server
SHUTDOWN;

-- restarts the server
RESTART;

-- flushes privileges
FLUSH PRIVILEGES;

-- locks every table
FLUSH TABLES WITH READ LOCK;

-- locks a table
LOCK TABLES orders WRITE;

-- unlocks
UNLOCK TABLES;

-- sets a global variable
SET GLOBAL general_log = 1;

-- sets a password
SET PASSWORD FOR root = 'x';

-- takes a role
SET ROLE admin;

-- loads a file of rows
LOAD DATA INFILE '/etc/passwd' REPLACE INTO TABLE orders;

-- loads XML
LOAD XML LOCAL INFILE '/tmp/x' INTO TABLE orders;

-- gives a right
GRANT SELECT ON *.* TO eve;

-- takes a right
REVOKE ALL ON *.* FROM eve;

-- renames
RENAME TABLE orders TO o2;

-- changes a table
ALTER TABLE orders DROP COLUMN note;

-- begins a transaction
START TRANSACTION READ WRITE;

-- commits
COMMIT AND CHAIN;

-- a savepoint
SAVEPOINT a;

-- a distributed transaction
XA START 'x';

-- keeps statistics
ANALYZE TABLE orders PERSISTENT FOR ALL;

-- repairs
REPAIR TABLE orders QUICK;

-- installs a plugin
INSTALL SONAME 'ha_spider';

-- uninstalls a component
UNINSTALL COMPONENT 'file://component_x';

-- prepares
PREPARE p FROM 'SELECT 1';

-- raises
SIGNAL SQLSTATE '45000';

-- reads diagnostics
GET DIAGNOSTICS @n = NUMBER;

-- clones the server
CLONE LOCAL DATA DIRECTORY = '/tmp/c';

-- changes replication
CHANGE MASTER TO MASTER_HOST = 'x';

-- removes logs
PURGE BINARY LOGS TO 'x';

-- runs an event of the log
BINLOG 'AAAA';

-- another schema
USE mysql;

-- describes
DESC orders;

-- explains another connection
EXPLAIN FOR CONNECTION 3;

-- imports
IMPORT TABLE FROM '/tmp/x.sdi';

-- reads with a handler
HANDLER orders READ FIRST;

-- a write behind two CTEs
WITH a AS (SELECT 1), b AS (SELECT 2) UPDATE orders SET amount = 0;

-- a write inside a CTE
WITH a AS (DELETE FROM orders RETURNING id) SELECT * FROM a;

-- a write inside a derived table
SELECT * FROM (INSERT INTO orders (id) VALUES (9) RETURNING id) AS t;

-- a call inside a query
SELECT 1 UNION CALL wipe();

-- lock of one table
SELECT * FROM orders o FOR UPDATE OF o;

-- lock without waiting
SELECT * FROM orders FOR SHARE NOWAIT;

-- lock with a time
SELECT * FROM orders FOR UPDATE WAIT 10;

-- lock in EXISTS
SELECT 1 FROM shops WHERE EXISTS (SELECT 1 FROM orders FOR UPDATE);

-- lock in IN
SELECT 1 FROM shops WHERE id IN (SELECT shop_id FROM orders LOCK IN SHARE MODE);

-- lock in a scalar subquery
SELECT (SELECT id FROM orders LIMIT 1 FOR UPDATE) AS x;

-- lock in a lateral table
SELECT * FROM shops s, LATERAL (SELECT * FROM orders o WHERE o.shop_id = s.id FOR SHARE) AS l;

-- lock behind a union's order
(SELECT 1) UNION (SELECT 2) ORDER BY 1 LIMIT 1 FOR UPDATE;

-- lock in a value of a CASE
SELECT CASE WHEN (SELECT 1 FROM orders FOR UPDATE) THEN 1 END;

-- lock with line feeds
SELECT * FROM orders FOR
	
 SHARE;

-- lock behind a comment to the end of a line
SELECT * FROM orders FOR -- x
 UPDATE;

-- lock with LIMIT behind INTO
SELECT id FROM orders LIMIT 1 INTO @a FOR UPDATE;

-- two variables
SELECT id, amount INTO @a, @b FROM orders LIMIT 1;

-- a file with options
SELECT * FROM orders INTO OUTFILE '/tmp/exportd_check' CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',';

-- a file inside a union
SELECT 1 UNION SELECT 2 INTO OUTFILE '/tmp/exportd_check2';

-- a file in a subquery
SELECT (SELECT 1 INTO DUMPFILE '/tmp/exportd_check3');

-- a local variable
SELECT id INTO a FROM orders;

-- a variable in LIMIT
SELECT id FROM orders LIMIT @n;

-- a variable as a rank
SELECT id, @r := IF(@p = shop_id, @r + 1, 1) AS r FROM orders, (SELECT @r := 0, @p := NULL) init;

-- a variable in ORDER BY
SELECT id FROM orders ORDER BY (@i := @i + 1);

-- a variable with a blank
SELECT @ a;

-- a session variable
SELECT @@session.sql_log_bin;

-- a variable with a local scope
SELECT @@local.wait_timeout;

-- a persisted variable
SELECT @@persist_only.port;

-- a variable in back-quotes
SELECT @@`datadir`;

-- a variable in a condition
SELECT 1 FROM orders WHERE @@hostname LIKE 'db%';

-- the log of queries
SELECT * FROM mysql.general_log;

-- accounts and their hashes
SELECT authentication_string FROM mysql.user;

-- MariaDB's accounts
SELECT Priv FROM mysql.global_priv;

-- what others run
SELECT info FROM information_schema.processlist;

-- innodb's pages
SELECT * FROM information_schema.innodb_buffer_page;

-- statements of others
SELECT sql_text FROM performance_schema.events_statements_history;

-- variables as a table
SELECT * FROM performance_schema.global_variables;

-- prepared statements of others
SELECT * FROM performance_schema.prepared_statements_instances;

-- a view of sys
SELECT * FROM sys.statement_analysis;

-- a view of sys with x$
SELECT * FROM sys.x$processlist;

-- a system schema in a join
SELECT 1 FROM orders JOIN performance_schema.users u ON 1;

-- a system schema in a derived table
SELECT * FROM (SELECT * FROM mysql.db) AS d;

-- a system schema in a CTE
WITH a AS (SELECT * FROM mysql.tables_priv) SELECT * FROM a;

-- a system schema in JSON_TABLE
SELECT * FROM JSON_TABLE((SELECT host FROM mysql.user LIMIT 1), '$' COLUMNS (a INT PATH '$')) AS j;

-- a system schema in VALUES
SELECT * FROM (VALUES ((SELECT COUNT(*) FROM mysql.user))) AS t;

-- a system schema in an interval
SELECT NOW() + INTERVAL (SELECT COUNT(*) FROM mysql.user) DAY;

-- a system schema in a window
SELECT SUM(id) OVER (ORDER BY (SELECT COUNT(*) FROM mysql.user)) FROM orders;

-- a system schema in MATCH
SELECT MATCH (mysql.user.host) AGAINST ('x') FROM orders;

-- a system schema in LIMIT's neighbourhood
SELECT id FROM orders GROUP BY id HAVING (SELECT MAX(host) FROM mysql.user) > 'a' LIMIT 1;

-- waits, in a window's frame
SELECT SUM(id) OVER (ORDER BY id ROWS SLEEP(1) PRECEDING) FROM orders;

-- waits, in JSON_TABLE
SELECT * FROM JSON_TABLE(SLEEP(1), '$' COLUMNS (a INT PATH '$')) AS j;

-- waits, in VALUES
SELECT * FROM (VALUES (SLEEP(1))) AS t;

-- waits, in WITHIN GROUP
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY SLEEP(1)) OVER () FROM orders;

-- waits, in an interval in brackets
SELECT NOW() - INTERVAL (SLEEP(1)) DAY;

-- waits, in TRIM
SELECT TRIM(BOTH (SLEEP(1)) FROM 'x');

-- waits, in AGAINST
SELECT MATCH (name) AGAINST (SLEEP(1)) FROM shops;

-- waits, in the default of JSON_VALUE
SELECT JSON_VALUE('{}', '$.a' DEFAULT SLEEP(1) ON EMPTY);

-- waits, in a separator's neighbourhood
SELECT GROUP_CONCAT(id ORDER BY SLEEP(1) SEPARATOR ',') FROM orders;

-- waits, in CAST at a time zone
SELECT CAST(SLEEP(1) AT TIME ZONE '+00:00' AS DATETIME);

-- waits, behind a modifier
SELECT SQL_NO_CACHE SLEEP (1);

-- waits, as an implicit alias
SELECT id sleep(1) FROM orders;

-- waits, as the alias of a table
SELECT * FROM orders sleep(1);

-- waits, as the alias of a derived table
SELECT * FROM (SELECT 1) AS sleep(1);

-- waits, in a column list
WITH a (sleep(1)) AS (SELECT 1) SELECT * FROM a;

-- waits, as a collation
SELECT 'a' COLLATE sleep(1);

-- waits, as a character set
SELECT CONVERT('a' USING sleep(1));

-- waits, as a type
SELECT CAST('a' AS sleep(1, sleep(1)));

-- waits, as a partition
SELECT * FROM orders PARTITION (sleep(1));

-- waits, as an index
SELECT * FROM orders USE INDEX (sleep(1));

-- waits, in capitals of another script
SELECT ＳＬＥＥＰ(1);

-- burns time, nested
SELECT IF(1, BENCHMARK(99999999, MD5(1)), 0);

-- burns time, in back-quotes
SELECT `benchmark`(1, 1);

-- a lock of MySQL's service
SELECT service_get_write_locks('a', 'b', 1);

-- a key of the keyring
SELECT keyring_key_fetch('k');

-- runs a program
SELECT sys_exec('id');

-- runs a program and shows it
SELECT sys_eval('id');

-- a query on another server
SELECT spider_direct_sql('DELETE FROM t', '', '');

-- audit filters
SELECT audit_log_filter_flush();

-- replication of groups
SELECT group_replication_set_as_primary('x');

-- waits for a replica
SELECT wait_for_executed_gtid_set('x', 1);

-- waits for MariaDB's replica
SELECT MASTER_GTID_WAIT('0-1-1', 10);

-- waits for Galera
SELECT wsrep_sync_wait_upto_gtid('0-1-1');

-- encrypts with the server's key file
SELECT des_encrypt('x');

-- a hash of passwords
SELECT PASSWORD('x');

-- the state of a session
SELECT FOUND_ROWS(), ROW_COUNT();

-- a name that is a constant
SELECT NAME_CONST('sleep', 1);

-- the last value of a sequence
SELECT LASTVAL(numbers);

-- a sequence with its schema
SELECT NEXT VALUE FOR shop.numbers;

-- a stored function in three parts
SELECT a.shop.wipe_all();

-- a stored function behind POINT's arguments
SELECT POINT();

-- a stored function behind LINESTRING's arguments
SELECT LineString();

-- executable comment without a blank
SELECT 1/*!UNION SELECT 2*/;

-- executable comment of a version to come
SELECT 1 /*!999999 INTO OUTFILE 'x' */;

-- executable comment that hides a bracket
SELECT sleep/*!(1)*/;

-- executable comment inside a string's neighbourhood
SELECT 'a'/*!'b'*/;

-- executable comment in a hint
SELECT /*+ BKA(t) *//*! SQL_CALC_FOUND_ROWS */ 1;

-- a hint inside a comment
SELECT /* /*+ SET_VAR(x=1) */ 1;

-- a hint that ends in back-quotes
SELECT /*+ BKA(t) `*/ 1 FROM orders -- `;

-- a hint that takes a resource group
SELECT /*+ resource_group(fast) */ 1;

-- a hint without a limit of time
SELECT /*+ BKA(t) MAX_EXECUTION_TIME ( 000 ) */ 1;

-- a hint of time with a sign
SELECT /*+ MAX_EXECUTION_TIME(-1) */ 1;

-- a full-width semicolon
SELECT 1；DROP TABLE orders;

-- a back-quote that swallows
SELECT `a FROM orders; DROP TABLE orders;

-- a quote that swallows
SELECT 'a\\' FROM orders; DROP TABLE orders; --';

-- a delimiter of the client
DELIMITER //;

-- a command of the client
\! id;

-- system command of the client
SELECT 1 \G;

-- a label
a: SELECT 1;

-- a parameter beside a parameter's brackets
SELECT :a(1);

-- a parameter as a function
SELECT :sleep(1);

-- a parameter as a schema
SELECT :s.id FROM orders;

-- a parameter as an alias
SELECT 1 AS :a;

-- a parameter as an implicit alias
SELECT 1 :a;

-- a parameter as a collation
SELECT 'a' COLLATE :c;

-- a parameter as a type
SELECT CAST(1 AS :t);

-- a parameter as a unit
SELECT NOW() + INTERVAL 1 :u;

-- a parameter as an index
SELECT * FROM orders USE INDEX (:i);

-- a parameter as a path of JSON_TABLE
SELECT * FROM JSON_TABLE('[]', :p COLUMNS (a INT PATH '$')) AS j;

-- a parameter in brackets as the order
SELECT id FROM orders ORDER BY ((:c)) DESC;

-- a parameter as an order in GROUP_CONCAT
SELECT GROUP_CONCAT(id ORDER BY :c) FROM orders;

-- a parameter as a partition
SELECT ROW_NUMBER() OVER (PARTITION BY :c ORDER BY id) FROM orders;

-- a parameter behind a number
SELECT 1:n;

-- values at the top, in brackets
(VALUES (1), (2));

-- rows at the top
VALUES ROW(1);

-- a table in brackets
(TABLE orders);

-- a table function
SELECT * FROM numbers(1);

-- a table of a file
SELECT * FROM orders TABLESPACE x;

-- a limit of examined rows
SELECT id FROM orders LIMIT 5 ROWS EXAMINED 10;

-- RETURNING
SELECT 1 RETURNING id;

-- history of a table
SELECT * FROM orders FOR SYSTEM_TIME AS OF NOW();

-- the history of a join
SELECT * FROM shops JOIN orders FOR SYSTEM_TIME BETWEEN '2020-01-01' AND NOW() ON 1;

-- ANALYSE with arguments
SELECT id FROM orders PROCEDURE analyse(extractvalue(1, concat(0x3a, version())), 1);

-- high priority behind DISTINCT
SELECT DISTINCT HIGH_PRIORITY id FROM orders;

-- counts beyond, in a subquery
SELECT * FROM (SELECT SQL_CALC_FOUND_ROWS id FROM orders LIMIT 1) AS t;

-- DEFAULT of a column with a schema
SELECT DEFAULT(shop.numbered.id) FROM numbered;

-- VALUE of INSERT
SELECT VALUE(id) FROM orders;

-- a compound statement behind a label
l: BEGIN NOT ATOMIC SELECT 1; END;

-- a statement behind IF
IF 1 THEN SELECT 1; END IF;

-- two statements in brackets
(SELECT 1;);

-- a second statement behind a comment
SELECT 1 /* a */ ; -- b
 SELECT 2;

-- a statement for another variable
SET STATEMENT sql_mode = '' FOR SELECT 1;

-- a description of a procedure
SHOW CREATE PROCEDURE wipe;

-- a join of nothing
SELECT 1 FROM orders JOIN;

-- OUTER alone
SELECT 1 FROM orders OUTER JOIN shops;

-- a stored function that looks like ROLLUP
SELECT COUNT(*) FROM orders GROUP BY ROLLUP (id);

-- a stored function that looks like CUBE
SELECT COUNT(*) FROM orders GROUP BY CUBE(id);

-- a stored function that looks like a modifier
SELECT SQL_CACHE (1);

-- a stored function that looks like a modifier, behind another
SELECT DISTINCT SQL_CACHE/**/(1);

-- a row of one
SELECT ROW(1);

-- makes a key in the keyring
SELECT keyring_key_generate('k', 'AES', 32);

-- removes a key from the keyring
SELECT keyring_key_remove('k');

-- stores a key in the keyring
SELECT keyring_key_store('k', 'AES', 'x');

-- makes a private key, which takes seconds
SELECT create_asymmetric_priv_key('RSA', 16384);

-- makes parameters of a key exchange, which takes minutes
SELECT create_dh_parameters(10000);

-- locks of the locking service
SELECT service_get_write_locks('app', 'a', 'b', 60);

-- releases locks of the locking service
SELECT service_release_locks('app');

-- makes another member of the group primary
SELECT group_replication_set_as_primary('00371d66-3c45-11ea-804b-080027337932');

-- changes a replication group
SELECT group_replication_switch_to_multi_primary_mode();

-- adds a replication source that is used after a failure
SELECT asynchronous_connection_failover_add_source('c', '10.0.0.1', 3306, '', 50);

-- removes replicas' sources
SELECT asynchronous_connection_failover_reset();

-- writes an event into the audit log
SELECT audit_api_message_emit_udf('c', 'p', 'x');

-- reads the audit log
SELECT audit_log_read(audit_log_read_bookmark());

-- changes the audit log's filter
SELECT audit_log_filter_set_user('%', 'none');

-- rotates the audit log
SELECT audit_log_rotate();

-- turns a firewall off for an account
SELECT set_firewall_mode('root@localhost', 'OFF');

-- reloads the rules that rewrite queries
SELECT load_rewrite_rules();

-- locks version tokens
SELECT version_tokens_lock_exclusive('a', 10);

-- waits for a transaction of another server
SELECT WAIT_FOR_EXECUTED_GTID_SET('3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5', 600);

-- waits until replicated transactions are applied
SELECT WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS('3E11FA47-71CA-11E1-9E33-C80AA9429562:1', 600);

-- waits for a Galera transaction
SELECT WSREP_SYNC_WAIT_UPTO_GTID('d1e0b1f2-0000-0000-0000-000000000000:1');

-- a function of the sys schema that runs over all of the server's tables
SELECT sys.version_major() FROM sys.schema_table_statistics_with_buffer;

-- the text of other sessions' statements, through sys
SELECT current_statement FROM sys.session;

-- sessions that lock, through sys
SELECT blocking_query FROM sys.innodb_lock_waits;

-- the last statements of all sessions
SELECT DIGEST_TEXT FROM performance_schema.events_statements_history_long;

-- passwords of replication
SELECT User_password FROM mysql.slave_master_info;

-- hashes of accounts
SELECT authentication_string, plugin FROM mysql.user;

-- passwords of federated servers
SELECT Password, Wrapper FROM mysql.servers;

-- statements in the general log
SELECT argument, command_type FROM mysql.general_log;

-- rows of other sessions, inside EXISTS
SELECT 1 FROM orders WHERE EXISTS (SELECT INFO_BINARY FROM information_schema.processlist);

-- settings that hold secrets
SELECT VARIABLE_SOURCE, VARIABLE_PATH FROM performance_schema.variables_info;

-- files of the server
SELECT FILE_NAME, TABLESPACE_NAME FROM information_schema.FILES;

-- pages of InnoDB's buffer pool, which stops the server for seconds
SELECT COUNT(DISTINCT PAGE_STATE) FROM information_schema.INNODB_BUFFER_PAGE;

-- a shell command of the client
\! sh;

-- a client's command inside the query
SELECT 1 \G tee;

-- a version comment that ends in another statement
SELECT 1 /*!50000 ; DROP VIEW daily */;

-- a variable in a sub-select's ORDER BY
SELECT id FROM orders ORDER BY (SELECT @rank := @rank + 1);

-- assigns a variable of the session through a hint
SELECT /*+ SET_VAR(sort_buffer_size = 16M) */ id FROM orders;

-- changes the session for one statement
SET STATEMENT tmp_table_size = 1 FOR SELECT id FROM orders;

-- writes a variable that survives a restart
SET PERSIST_ONLY back_log = 5;

-- forgets persisted variables
RESET PERSIST;

-- binlog events as text
BINLOG 'SgAAAA==';

-- caches an index
CACHE INDEX orders IN hot_cache;

-- loads indexes
LOAD INDEX INTO CACHE orders IGNORE LEAVES;

-- a diagnostics area
GET STACKED DIAGNOSTICS CONDITION 1 @p1 = MESSAGE_TEXT;

-- raises an error of one's own
RESIGNAL SQLSTATE '45000';

-- a condition of one's own
SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1;

-- group replication stops
STOP GROUP_REPLICATION;

-- a component is loaded
INSTALL COMPONENT 'file://component_validate_password';

-- a shared library is loaded
INSTALL SONAME 'ha_connect';

-- a resource group for threads
SET RESOURCE GROUP rg FOR 14;

-- purges binary logs
PURGE BINARY LOGS TO 'mysql-bin.010';

-- lists prepared XA transactions
XA RECOVER CONVERT XID;

-- XA, with a suspended branch
XA END 'branch' SUSPEND FOR MIGRATE;

-- locks the server for a backup
BACKUP STAGE BLOCK_COMMIT;

-- locks the instance
LOCK INSTANCE FOR BACKUP;

-- reads a table's handler
HANDLER orders READ `PRIMARY` LAST;

-- next value of a sequence
SELECT NEXT VALUE FOR order_numbers;

-- sets a sequence
SELECT SETVAL(order_numbers, 500);

-- a procedure that reads the result
SELECT * FROM orders PROCEDURE ANALYSE(65535, 1073741824);

-- writes a file with a character set
SELECT id FROM orders INTO OUTFILE '/tmp/o' CHARACTER SET latin7 FIELDS OPTIONALLY ENCLOSED BY '"';

-- writes a file of lines
SELECT id FROM orders INTO OUTFILE '/tmp/p' LINES STARTING BY '#';

-- a stored function of another schema
SELECT crm.secret_of(1);

-- a stored function of another schema, in backquotes
SELECT `billing`.`card_number`(7);

-- a function of a shared library that opens a socket
SELECT http_get('http://169.254.169.254/');

-- holds a user lock behind a nested call
SELECT COALESCE(IS_USED_LOCK('job'), GET_LOCK('job', 600));

-- sleeps behind a predicate
SELECT id FROM orders WHERE IF(id > 0, SLEEP(600), NULL) IS UNKNOWN;

-- runs a key derivation many times
SELECT BENCHMARK(100000000, KDF('a', 'b', 'pbkdf2_hmac', 65000));

-- a partition of another schema's table
SELECT * FROM archive.orders PARTITION (p2019);

-- a row history of another schema's table
SELECT * FROM payroll.salaries FOR SYSTEM_TIME ALL;

-- another schema inside LATERAL
SELECT l.x FROM orders, LATERAL (SELECT iban AS x FROM treasury.accounts) l;

-- frees a prepared statement
DEALLOCATE PREPARE stmt1;

-- opens a cursor
FETCH NEXT FROM cur INTO v;

-- a table as a statement
TABLE orders ORDER BY id LIMIT 1 OFFSET 2;
