// Chaos is `make chaos`: it runs real exportd processes against a real MariaDB
// behind a proxy that cuts, starves and freezes connections, and a real etcd;
// kills, stalls and restarts all of them; and prints what came of it, each
// figure on a line of its own:
//
//	name: value (wanted <= bound)
//
// The exit code is 1 where a figure falls short. `go test ./chaos` is the short
// form with fewer instances and short leases, in under three minutes.
//
// A suite that a broken build passes proves nothing, so the faults that the
// fence is for are repeated on a build without it (see package mutant),
// which must fail. Files are hashed when their instance is first seen as done:
// hashed at the end, the wrong ones would have been replaced by right ones.
package main
