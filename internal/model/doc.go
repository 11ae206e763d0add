// Package model keeps what must survive: templates, instances with their
// queue, files and events. All SQL on the service's own tables is here and
// nowhere else; it is the common subset of MariaDB 10.6 and MySQL 8.0.
//
// internal/server calls it to create, show and change things, internal/export
// to claim instances and to end them. It knows nothing of gRPC, of data
// sources or of files' contents.
//
// # The states of an instance
//
//	         CreateInst
//	             │
//	             ▼      Claim             Finish
//	          QUEUED ─────────▶ RUNNING ─────────▶ SUCCEEDED ──▶ EXPIRED
//	             ▲               │ │ │ │
//	Release      │               │ │ │ └─ Fail ──▶ FAILED, TIMED_OUT
//	(shutdown)   └───────────────┘ │ │
//	                  Fail, Rescue │ │ Cancel
//	          RETRY_WAIT ◀─────────┘ ▼
//	             │            CANCELING ─ Fail, Rescue ─▶ CANCELED
//	             └─ Claim ─▶ RUNNING
//
// Cancel of one that waits (QUEUED, RETRY_WAIT) ends it as CANCELED at once.
//
// # The fence
//
// A claim sets owner (one process's own name, never used again by another),
// adds one to claims, and gives a lease on the database's clock. Every later
// write of the worker names owner and claims and applies only to a row that
// still runs under them. A write that changes no row means ErrLeaseLost: the
// instance is somebody else's now, and whatever the worker made of it is to be
// thrown away. claims never goes back, while attempt does when a shutdown
// releases an instance; so the fence is on claims.
package model
