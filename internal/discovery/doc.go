// Package discovery registers this process in etcd, so that clients can find it,
// and registers it again whenever etcd loses the registration.
//
// cmd/exportd creates one Registrar, runs it beside the servers and calls
// Deregister as the first step of a shutdown. Serving and claiming never depend
// on it: a process that cannot reach etcd keeps working, but clients do not find
// it.
//
// # Keys
//
// A process holds one lease with up to three keys, one for each kind of client
// that looks for a gRPC service in etcd (see Layout). Each key is put by a
// request of its own, so that each has a revision of its own: some old balancers
// read only the first event of a watch response and would miss the second key of
// a transaction. The keys disappear together when the lease is revoked or
// expires, so a crash leaves no key for longer than the lease's TTL.
//
// # States
//
//	       lease granted          keys put
//	INIT ----------------> LEASED --------> REGISTERED
//	                          |              |      ^
//	                          | put failed   |      | new lease, new keys
//	                          |              v      |
//	                          +-----------> LOST ---+
//
//	any state -- Deregister --> DRAINING -- lease revoked, or timeout --> GONE
//	any state -- Update without endpoints --> INIT
//
// LOST means that etcd no longer confirms the keys; they may still exist. A
// registration is lost when
//
//   - the lease's keepalive channel closes: the lease is gone, or etcd has not
//     renewed it for its whole TTL;
//   - a watch sees one of the keys deleted or overwritten with another value;
//   - the reconcile read finds a key missing or gets no answer. Only this read
//     detects an etcd that was restarted with empty data: its revisions start
//     from 1, and the watch waits for a revision far in the future.
//
// The recovery is always the same: a new client, a new lease, new keys. Nothing
// of the old client is reused, because its keepalive may have stopped, its watch
// may be stuck, and its connection may be in back-off. The new keys replace the
// old ones in place, and the old lease is revoked afterwards, so a key that still
// exists does not disappear in between.
//
// # Two processes with one address
//
// The process that registers last owns the keys, because etcd attaches a key to
// the lease of its last put. The other process sees its value unchanged under
// another lease, logs one warning and does nothing: the keys are not on its
// lease, so its own deregistration does not remove them. When the later process
// deregisters, the earlier one sees the keys deleted and registers again.
package discovery
