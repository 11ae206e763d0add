-- nothing but a comment
-- nothing
;

-- UPDATE
UPDATE orders SET amount = 0;

-- DELETE
DELETE FROM orders;

-- INSERT
INSERT INTO orders (id) VALUES (99);

-- REPLACE
REPLACE INTO orders (id) VALUES (1);

-- a write behind WITH
WITH x AS (SELECT 1) DELETE FROM orders;

-- DDL
DROP TABLE orders;

-- TRUNCATE
TRUNCATE TABLE orders;

-- CREATE … SELECT
CREATE TABLE copy SELECT * FROM orders;

-- CALL
CALL wipe();

-- DO
DO wipe_all();

-- HANDLER
HANDLER orders OPEN;

-- SHOW is no query of the template kind
SHOW TABLES;

-- EXPLAIN
EXPLAIN SELECT 1;

-- ANALYZE runs the statement
ANALYZE FORMAT=JSON SELECT 1;

-- PREPARE from text
EXECUTE IMMEDIATE 'DELETE FROM orders';

-- TABLE statement
TABLE orders;

-- VALUES statement
VALUES (1), (2);

-- VALUES inside a union
SELECT 1 UNION VALUES ROW(2);

-- TABLE inside a union
SELECT id FROM shops UNION TABLE shops;

-- two statements
SELECT 1; SELECT 2;

-- a second statement that writes
SELECT 1; DELETE FROM orders;

-- an empty second statement
SELECT 1;;

-- compound statement, which writes through a read-only transaction
BEGIN NOT ATOMIC COMMIT; UPDATE orders SET amount = 0; END;

-- lifts the time limit
SET STATEMENT max_statement_time=0 FOR SELECT 1;

-- locks rows
SELECT * FROM orders FOR UPDATE;

-- locks rows without waiting
SELECT * FROM orders FOR UPDATE SKIP LOCKED;

-- shared lock, old form
SELECT * FROM orders LOCK IN SHARE MODE;

-- shared lock, new form
SELECT * FROM orders FOR SHARE;

-- lock in a subquery
SELECT * FROM (SELECT id FROM orders FOR UPDATE) AS d;

-- lock in a union's branch
(SELECT id FROM orders FOR UPDATE) UNION SELECT 1;

-- lock in a common table expression
WITH a AS (SELECT id FROM orders LOCK IN SHARE MODE) SELECT * FROM a;

-- lock with a comment between the words
SELECT * FROM orders FOR/**/UPDATE;

-- writes a file
SELECT 'x' INTO OUTFILE '/tmp/exportd_check.txt';

-- writes a file, other form
SELECT 'x' INTO DUMPFILE '/tmp/exportd_check.bin';

-- INTO in the middle
SELECT id INTO OUTFILE '/tmp/exportd_check.txt' FROM orders;

-- sets a user variable
SELECT 1 INTO @v;

-- sets a user variable in an expression
SELECT @v := 1;

-- the same without blanks
SELECT @v:=@v+1 FROM orders;

-- reads a user variable, which another query may have left
SELECT @v;

-- a quoted user variable
SELECT @'v', @`v`;

-- reads the server's settings
SELECT @@secure_file_priv;

-- reads them with a scope
SELECT @@global.datadir;

-- executable comment
SELECT 1 /*! FOR UPDATE */;

-- executable comment with a version
SELECT 1 /*!50000 INTO @v */;

-- MariaDB's executable comment
SELECT 1 /*M! FOR UPDATE */;

-- MariaDB's executable comment with a version
SELECT 1 /*M!100100 FOR UPDATE */;

-- executable comment of another product
SELECT 1 /*T! FOR UPDATE */;

-- executable comment of another product, with a feature
SELECT 1 /*T![auto_rand] FOR UPDATE */;

-- an executable comment hides the name of a function
SELECT /*!sleep*/(1);

-- comment inside a comment
SELECT 1 /* a /* b */ FOR UPDATE -- */;

-- stray end of a comment
SELECT 2 */ 1;

-- comment that never ends
SELECT 1 /* ;

-- string that never ends
SELECT 'abc;

-- back-quote that never ends
SELECT `abc;

-- minus minus without a blank
SELECT 5--1;

-- hint that sets a variable
SELECT /*+ SET_VAR(sql_mode='') */ 1;

-- hint that lifts the time limit
SELECT /*+ MAX_EXECUTION_TIME(0) */ 1;

-- hint behind a harmless one
SELECT /*+ NO_MERGE(d) SET_VAR(foreign_key_checks=OFF) */ 1;

-- user lock
SELECT GET_LOCK('exportd_check', 10);

-- user lock in a condition
SELECT id FROM orders WHERE GET_LOCK('exportd_check', 0) = 1;

-- gives a lock back
SELECT RELEASE_LOCK('exportd_check');

-- gives all locks back
SELECT RELEASE_ALL_LOCKS();

-- waits
SELECT SLEEP(1);

-- waits, with a blank
SELECT sleep (1);

-- waits, with a comment
SELECT sleep/**/(1);

-- waits, in back-quotes
SELECT `sleep`(1);

-- waits, in odd capitals inside another call
SELECT IF(1, sLeEp(1), 0);

-- waits, in ORDER BY
SELECT id FROM orders ORDER BY SLEEP(1);

-- waits, in a window
SELECT SUM(id) OVER (ORDER BY SLEEP(1)) FROM orders;

-- waits, in LIMIT's neighbourhood
SELECT id FROM orders HAVING SLEEP(1) LIMIT 1;

-- waits, in a join condition
SELECT 1 FROM orders JOIN shops ON SLEEP(1);

-- waits, through MariaDB's schema of built-ins
SELECT mariadb_schema.sleep(1);

-- a column list must not hide a call of the same name
WITH sleep (a) AS (SELECT 1) SELECT SLEEP(a) FROM sleep;

-- burns time
SELECT BENCHMARK(1000000, SHA2('x', 256));

-- reads a file
SELECT LOAD_FILE('/etc/passwd');

-- waits for replication
SELECT MASTER_POS_WAIT('log', 4);

-- session state
SELECT LAST_INSERT_ID(5);

-- server state
SELECT UUID_SHORT();

-- advances a sequence
SELECT NEXTVAL(numbers);

-- advances a sequence, standard form
SELECT NEXT VALUE FOR numbers;

-- sets a sequence
SELECT SETVAL(numbers, 100);

-- reads a sequence's state
SELECT PREVIOUS VALUE FOR numbers;

-- the default expression of this column advances a sequence
SELECT DEFAULT(id) FROM numbered;

-- VALUES() of INSERT
SELECT VALUES(id) FROM orders;

-- a stored function that writes
SELECT wipe_all();

-- a stored function with its schema
SELECT shop.wipe_all();

-- a stored function with the name of a built-in, through its schema
SELECT shop.curdate();

-- a stored function with the name of a built-in, through a blank
SELECT curdate ();

-- a stored function with the name of a built-in, through a line feed
SELECT curdate
();

-- a stored function with the name of a built-in, through a comment
SELECT curdate/* */();

-- a stored function with the name of a built-in, through back-quotes
SELECT `curdate`();

-- a stored function with the name of another server's built-in
SELECT is_uuid('x');

-- PROCEDURE ANALYSE
SELECT * FROM orders PROCEDURE ANALYSE();

-- system schema
SELECT * FROM mysql.user;

-- system schema in back-quotes
SELECT * FROM `mysql`.`user`;

-- system schema in capitals
SELECT * FROM INFORMATION_SCHEMA.TABLES;

-- system schema in a subquery
SELECT (SELECT COUNT(*) FROM performance_schema.threads);

-- system schema in a column
SELECT mysql.user.host FROM orders;

-- system schema in a wildcard
SELECT mysql.user.* FROM orders;

-- system schema with a blank before the dot
SELECT * FROM mysql .user;

-- system schema with a blank after the dot
SELECT * FROM mysql. user;

-- the schema of views on the server
SELECT * FROM sys.session;

-- another schema
SELECT * FROM other.orders;

-- the allowed schema in capitals is another schema on most servers
SELECT * FROM SHOP.orders;

-- a table without a schema: the old form of "the current one"
SELECT * FROM .orders;

-- time travel of another product
SELECT * FROM orders AS OF TIMESTAMP '2026-01-01';

-- time travel of MariaDB
SELECT * FROM orders FOR SYSTEM_TIME ALL;

-- sampling of another product
SELECT * FROM orders TABLESAMPLE BERNOULLI (10);

-- a function of another product
SELECT TIDB_VERSION();

-- an operator of another product
SELECT amount::char FROM orders;

-- a bare placeholder
SELECT id FROM orders WHERE id = ?;

-- a parameter as the name of a table
SELECT * FROM :t;

-- a parameter as the name of a column
SELECT o.:c FROM orders o;

-- a parameter as the order
SELECT id FROM orders ORDER BY :c;

-- a parameter as the group
SELECT COUNT(*) FROM orders GROUP BY :c;

-- a parameter as a window's order
SELECT SUM(id) OVER (ORDER BY :c) FROM orders;

-- a colon without a name
SELECT : FROM orders;

-- a parameter that begins with a digit
SELECT :1;

-- a parameter with a letter beyond ASCII
SELECT :金额;

-- two parameters without anything between them
SELECT :a:b;

-- a number that runs into a keyword
SELECT 1union SELECT 2;

-- a float that is none
SELECT 1.e(1);

-- a number that runs into a string's prefix
SELECT 0xZZ;

-- hexadecimal with half a byte
SELECT X'ABC';

-- takes precedence over writers
SELECT HIGH_PRIORITY id FROM orders;

-- counts beyond the query
SELECT SQL_CALC_FOUND_ROWS id FROM orders LIMIT 1;

-- a no-break space, pasted
SELECT 1 AS a;

-- an open bracket
SELECT (1;

-- a closing bracket
SELECT 1);

-- not SQL
hello world;

-- a name that begins with a dollar sign
SELECT $1;

-- stops in the middle
SELECT id FROM;

-- advances a sequence under sql_mode=ORACLE
SELECT numbers.nextval;

-- the same with its schema, in back-quotes and capitals
SELECT shop.numbers.`NEXTVAL`;

-- reads a sequence's state under sql_mode=ORACLE
SELECT numbers.currval;

-- an ODBC escape of another kind
SELECT {x 1};

-- an ODBC escape around a function that waits
SELECT {fn SLEEP(1)};

-- an ODBC escape around a statement
SELECT {fn (DELETE FROM orders)};

-- an ODBC join with INTO
SELECT 1 FROM {oj orders LEFT JOIN shops ON 1 INTO @v};

-- an ODBC escape that is not closed
SELECT {d '2026-01-31' FROM orders;

-- a schema behind blanks
SELECT * FROM mysql . user;

-- a stored function behind blanks
SELECT shop . wipe_all();

-- the state of a sequence behind blanks
SELECT numbers . nextval;

-- a reserved word before a dot does not hide a function
SELECT order.wipe_all();

-- a column of a schema whose name is a reserved word
SELECT order.orders.id FROM orders;

-- limits in a hint that is malformed
SELECT /*+ PARALLEL(4) SET_VAR(max_execution_time=0) */ 1;

-- limits in a hint away from SELECT
SELECT 1 /*+ SET_VAR(sql_mode='') */ FROM orders;

-- a hint that ends in a quote
SELECT /*+ BKA(t) '*/ 1 FROM orders -- ';

-- a function in a quantified comparison
SELECT 1 = ANY ((SLEEP(1)));

-- TABLE in brackets
SELECT * FROM (TABLE orders) AS t;

-- a reading of the other NULL as a name
SELECT \Nx FROM orders;

-- a schema in ANSI quotes
SELECT * FROM "mysql"."user";

-- a function in ANSI quotes
SELECT "sleep"(1);

-- a stored function in ANSI quotes with a schema
SELECT "shop"."wipe_all"();

-- the state of a sequence in ANSI quotes
SELECT "numbers"."nextval";
