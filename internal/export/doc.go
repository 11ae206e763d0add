// Package export claims instances from the queue, runs each attempt (query,
// render, store) and ends it. cmd/exportd runs one Pool in each process. The pool
// holds no state that a crash could lose: what Finish did not write to the
// database did not happen.
//
// One attempt:
//
//	Claim ─▶ task.Bind ─▶ source rows ─▶ format bytes ─▶ store file ─▶ Publish ─▶ Finish
//
// worker.Pool claims instances while there are free slots and calls the heartbeat,
// which writes progress, renews leases and stops attempts that were canceled or
// lost their lease. Besides, one loop of each process puts instances with expired
// leases back into the queue, and the Sweeper removes files that no instance
// names.
//
// Every attempt ends in one of four ways: Finish (its files become visible), Fail
// (the instance waits for another attempt, or ends), Release (a shutdown gives it
// back), or without a write if the lease was lost and another worker has the
// instance. In the last three cases its file is removed.
package export
