// Package spec reads and writes templates and schedules as YAML, the way they
// live in a repository. docs/exportctl.md describes the keys.
//
// cmd/exportctl calls it for `tpl create`, `tpl update`, `tpl show -o yaml`,
// `sched create` and `apply`. A file is read whole: every problem in it is
// reported, each with file, line and key. The package talks to no server and
// knows nothing of what a server would refuse.
package spec
