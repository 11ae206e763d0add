// Package delivery sends the files of instances that have succeeded to the
// destinations that their templates and schedules name. cmd/exportd runs one
// Pool in each process. A delivery has a row and a state of its own: the outcome
// of a delivery does not change the state of its instance.
//
//	Finish makes rows ─▶ claim ─▶ payload ─▶ destination ─▶ DONE
//	                       ▲                      │
//	                       └──── RETRY_WAIT ◀─────┴──▶ FAILED
//
// A claim has a lease on the database's clock. The heartbeat renews it while the
// attempt runs, so that a delivery whose worker died is claimed by another. A
// file is therefore sent at least once: every attempt carries the same event id,
// and a destination never shows part of a file.
//
// The packages below this one send the files, one package for each kind of
// destination.
package delivery
