// Package export is the worker: it claims instances from the queue, runs each
// attempt (query, render, store) and ends it. cmd/exportd starts one Pool in
// each process; nothing else calls it. It holds no state that a crash could
// lose: what is not in the database by Finish did not happen.
//
// One attempt, as a story:
//
//	Claim ─▶ plan.Bind ─▶ source rows ─▶ render bytes ─▶ store file ─▶ Publish ─▶ Finish
//
// Beside it run three loops for the whole process: one claims when a slot and
// an instance are there, one beats (progress, leases, news of cancels and lost
// leases), one rescues what other workers left behind.
//
// Every attempt ends in exactly one of four ways: Finish (its files are
// shown), Fail (it waits for another attempt, or ended), Release (a shutdown
// gives it back), or nothing at all, where the lease was lost and the instance
// is somebody else's. In the last three its file is removed.
package export
