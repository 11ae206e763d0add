// Package model stores templates, instances with their queue, files, events,
// schedules and deliveries. All SQL on exportd's own tables is in this package;
// it is the common subset of MariaDB 10.6 and MySQL 8.0.
//
// internal/server and internal/task call it to create, read and change objects,
// internal/export and internal/delivery to claim work and to record how it
// ended, internal/schedule to start the runs of schedules. The package imports
// neither gRPC nor the packages of data sources and file formats.
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
// Cancel ends a waiting instance (QUEUED, RETRY_WAIT) as CANCELED at once.
//
// # The fence
//
// A claim writes five values into the row of an instance: the owner (the name
// of one process, which no other process uses at any time), the claim number
// claims (one more than before), a lease on the database's clock, a random
// claim token, and, if the row has none yet, the random identity of the
// instance. Every later write of the worker names all of them except the lease
// and applies only to a row that runs under them. A write that matches no row
// returns ErrLeaseLost: the worker discards its file and stops.
//
// Numbers alone are not enough. A primary that is replaced by a replica without
// the last transactions hands the same einstId and the same claim number out
// again, and the worker of the lost row would finish the new one. Tokens are
// random, so they are never handed out twice. The claim number stays in the
// fence because a process of an earlier release sets no token when it claims.
//
// # The text protocol
//
// Statements are sent as text with literals in place of arguments (see expand),
// never as prepared statements. On a Galera cluster a transaction that prepares
// statements can lose its certification without an error, so that COMMIT
// succeeds and nothing is stored. A statement sent as text also costs one round
// trip, on every connection and with every number of list elements.
package model
