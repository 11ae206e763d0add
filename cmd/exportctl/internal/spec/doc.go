// Package spec reads and writes templates and schedules as YAML files.
// docs/exportctl.md describes the keys.
//
// cmd/exportctl calls it for `tpl create`, `tpl update`, `tpl show -o yaml`,
// `sched create` and `apply`. All errors of a file are reported, each with
// file, line and key. The package calls no server and does not validate what only
// the server can: SQL, columns, destinations.
package spec
