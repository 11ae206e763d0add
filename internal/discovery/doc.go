// Package discovery announces this process in etcd, so that clients find it, and
// puts it back whenever etcd loses it.
//
// cmd/exportd builds one Registry, runs it beside the servers and has it Leave
// as the first step of a shutdown. Nothing else calls it, and it never serves,
// claims or decides anything: a process that can't reach etcd works on, unseen.
//
// # Keys
//
// A process holds one lease and up to three keys on it, one for each way in
// which deployed clients look for a gRPC service (see Layout). They are put one
// at a time, each as a revision of its own: some old balancers read only the
// first event of each watch answer and would never see a second key of one
// transaction. They disappear together when the lease is revoked or lapses, so
// a crash leaves nothing behind for longer than the TTL.
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
//	any of them -- Leave --> DRAINING -- lease revoked, or time is up --> GONE
//	any of them -- Update without endpoints --> INIT
//
// LOST means that etcd does not confirm the keys any more; they may still be
// there. These lead to it from REGISTERED:
//
//   - the lease's keepalive channel closes: the lease is gone, or etcd has not
//     renewed it for as long as it lasts;
//   - the watch sees one of the keys deleted, or overwritten with something else;
//   - the reconcile read misses a key, or gets no answer. It is what finds etcd
//     restarted with empty data: its revisions begin anew, and the watch waits
//     in silence for one that is years away.
//
// From there the way back is always the same: a fresh client, a new lease, new
// keys. Nothing of the old client is kept, neither a halted keepalive nor a
// stuck watch nor a connection in back-off. The new keys replace the old ones
// in place, and only then is the old lease revoked, so a key that was still
// there does not flicker.
//
// # Two processes with one address
//
// The one that registers last has the keys: etcd moves a key to the lease of its
// last put. The other sees its value unchanged under another lease, warns once
// and lets it be; as the keys are not on its lease any more, its leaving does not
// remove them. When the later process goes, the earlier one sees the keys deleted
// and registers again.
package discovery
