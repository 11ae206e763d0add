// Package testkit gives tests the real MariaDB, etcd and mariadb client.
//
// Only tests call it. The database server is one a test process, started when
// first asked for; every test takes a database of its own on it, or several.
// An etcd belongs to one test. Nothing here skips a test: a part that can't be
// had fails it with what to do.
//
// EXPORTD_TEST_SERVER=mysql runs Oracle MySQL in MariaDB's place.
package testkit
