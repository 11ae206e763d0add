// Chaos is `make chaos`: it runs real exportd processes against a real MariaDB
// behind a proxy that cuts, starves and freezes connections, and a real etcd;
// kills, stalls and restarts all of them; and prints one figure a line:
//
//	name: value (wanted <= bound)
//
// The exit code is 1 if a figure exceeds its bound. `go test ./cmd/chaos` runs the
// short form, with fewer instances and short leases, in less than three minutes.
//
// A suite that a broken build passes proves nothing, so the pauses are repeated on
// a build without the fence (see package mutant), on which the suite must fail.
// Files are hashed when their instance first appears as finished: at the end, a
// later attempt would have replaced the wrong ones.
package main
