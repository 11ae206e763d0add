// Package servers runs the services exportd needs as private child processes:
// MariaDB, etcd, and Oracle MySQL where a test asks for it.
//
// cmd/devstack uses it for `make run`, internal/testkit for the tests. exportd
// itself never does: in production it is given addresses.
//
// A program is looked for on the machine first. Where it is missing, its Debian
// package is downloaded and unpacked into a cache folder, without root and
// without installing anything. Servers listen on loopback and on a unix socket
// only, keep everything in one folder of their own, and on Linux die with the
// process that started them, however that one ends.
package servers
