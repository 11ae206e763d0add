package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// rememberTime is for how long a process remembers what it has committed.
	rememberTime = 10 * time.Minute
	// maxMarks and maxSuccesses bound what it remembers.
	maxMarks, maxSuccesses = 20_000, 5_000
)

// mark is a transaction that the database has committed for this process: the id
// of its first event, and the instances of that event's statement.
type mark struct {
	event int64
	insts []int64
	at    time.Time
}

// commitLog is what a process has committed, so that it notices a primary that is
// older: an asynchronous replica that was promoted lacks the last transactions of
// the earlier primary. It is safe for concurrent use.
type commitLog struct {
	mu        sync.Mutex
	marks     []mark // oldest first
	successes []committed
	forgotten []committed // to be restored
	losses    Losses
}

// Losses counts what databases have forgotten since the process began.
type Losses struct {
	Changes int64     // transactions of this process
	Last    time.Time // when a loss was noticed; zero: never
}

// Losses returns what VerifyHistory has found so far.
func (d *DB) Losses() Losses {
	d.history.mu.Lock()
	defer d.history.mu.Unlock()
	return d.history.losses
}

// committed is an instance that this process finished.
type committed struct {
	Success
	at time.Time
}

func (h *commitLog) committed(marks []mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for _, m := range marks {
		m.at = now
		h.marks = append(h.marks, m)
	}
	h.marks = drop(h.marks, maxMarks, func(m mark) time.Time { return m.at })
}

// finished remembers instances that were finished, without what Restore does not
// need.
func (h *commitLog) finished(list []Success, errs []error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for i, s := range list {
		if errs[i] != nil {
			continue
		}
		in := s.Inst
		s.Inst = &Inst{
			ID: in.ID, Identity: in.Identity, Owner: in.Owner, Claims: in.Claims, Token: in.Token, Attempt: in.Attempt,
			TplID: in.TplID, OperatorID: in.OperatorID, DeliverTo: in.DeliverTo,
		}
		h.successes = append(h.successes, committed{s, now})
	}
	h.successes = drop(h.successes, maxSuccesses, func(c committed) time.Time { return c.at })
}

// drop removes the oldest elements that are too many or too old.
func drop[T any](list []T, most int, at func(T) time.Time) []T {
	old := max(0, len(list)-most)
	for old < len(list) && time.Since(at(list[old])) > rememberTime {
		old++
	}
	return slices.Delete(list, 0, old)
}

// Loss is what a primary has forgotten.
type Loss struct {
	Changes  int       // transactions of this process that it does not know
	Since    time.Time // when the first of them was committed
	Restored []int64   // instances that had ended, and have ended again with the same file
	Redone   []int64   // instances that had ended and will be exported again, or were meanwhile
	Missing  []int64   // instances that no longer exist
}

// Reconnected receives a value after this process has connected to its database:
// it may be another server, or have another history.
func (d *DB) Reconnected() <-chan struct{} { return d.connected }

// VerifyHistory compares what the database knows with what this process has
// committed in the last minutes. It returns nil if nothing is missing. Otherwise
// the database is an older primary: instances that this process had finished are
// ended again with the files that they had, and the loss is returned. A database
// that takes no writes is not compared.
func (d *DB) VerifyHistory(ctx context.Context) (*Loss, error) {
	loss, err := d.findLoss(ctx)
	if err != nil {
		return nil, err
	}
	d.history.mu.Lock()
	forgotten := d.history.forgotten
	d.history.mu.Unlock()
	if len(forgotten) == 0 {
		return loss, nil
	}
	if loss == nil {
		loss = &Loss{} // a call before found it and could not restore all
	}
	for _, s := range forgotten {
		err := d.restore(ctx, s.Success, loss)
		if err != nil {
			return loss, fmt.Errorf("restore instance %d: %w", s.Inst.ID, err)
		}
		d.history.mu.Lock()
		d.history.forgotten = d.history.forgotten[1:]
		d.history.mu.Unlock()
	}
	return loss, nil
}

// newest is the number of marks that show whether any is missing: what a promoted
// replica lacks is the end of the history, and transactions that were committed
// at the same time are remembered in any order.
const newest = PoolSize

// findLoss returns the marks that the database lacks, and puts the successes since
// then on the list to be restored.
func (d *DB) findLoss(ctx context.Context) (*Loss, error) {
	d.history.mu.Lock()
	marks := slices.Clone(d.history.marks)
	d.history.mu.Unlock()
	if len(marks) == 0 {
		return nil, nil
	}
	if _, err := d.db.catchUp(ctx); err != nil {
		return nil, err
	}
	missing, err := d.missing(ctx, marks[max(0, len(marks)-newest):])
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	if missing, err = d.missing(ctx, marks); err != nil || len(missing) == 0 {
		return nil, err
	}
	loss := &Loss{Changes: len(missing), Since: missing[0].at}
	d.history.mu.Lock()
	defer d.history.mu.Unlock()
	d.history.losses.Changes += int64(len(missing))
	d.history.losses.Last = time.Now()
	d.history.marks = slices.DeleteFunc(d.history.marks, func(m mark) bool {
		return slices.ContainsFunc(missing, func(gone mark) bool { return gone.event == m.event && gone.at.Equal(m.at) })
	})
	for _, s := range d.history.successes {
		if !s.at.Before(loss.Since) {
			d.history.forgotten = append(d.history.forgotten, s)
		}
	}
	d.history.successes = slices.DeleteFunc(d.history.successes, func(s committed) bool { return !s.at.Before(loss.Since) })
	return loss, nil
}

// missing returns the marks that the database lacks; none if it is read-only. It
// reads in a transaction, which a proxy sends to the primary.
func (d *DB) missing(ctx context.Context, marks []mark) (gone []mark, err error) {
	const READONLY = `SELECT @@global.read_only`
	const SELECT = `SELECT eventId, einstId FROM welife_export_event WHERE eventId IN (?)`
	err = d.inTx(ctx, func(t *tx) error {
		gone = nil
		var readOnly int
		if err := t.GetContext(ctx, &readOnly, READONLY); err != nil || readOnly != 0 {
			return err
		}
		for batch := range slices.Chunk(marks, 1000) {
			ids := make([]int64, len(batch))
			for i, m := range batch {
				ids[i] = m.event
			}
			var found []Event
			if err := t.SelectContext(ctx, &found, SELECT, ids); err != nil {
				return err
			}
			inst := map[int64]int64{}
			for _, e := range found {
				inst[e.ID] = e.InstID
			}
			for _, m := range batch {
				if !slices.Contains(m.insts, inst[m.event]) {
					gone = append(gone, m)
				}
			}
		}
		return nil
	})
	return gone, wrap("compare the history", err)
}

// restore ends an instance as it had ended, unless it has ended meanwhile, is
// being canceled, or is another instance with the same id.
func (d *DB) restore(ctx context.Context, s Success, loss *Loss) error {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst WHERE einstId = ? FOR UPDATE`
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, owner = ?, token = ?, claims = GREATEST(claims, ?),
		attempt = GREATEST(attempt, ?), rowsDone = ?, bytesDone = ?, warnings = ?, crashes = 0, errCode = '', errMsg = '',
		started = COALESCE(started, UTC_TIMESTAMP(6)), finished = UTC_TIMESTAMP(6), expires = UTC_TIMESTAMP(6) + INTERVAL retentionSec SECOND,
		leaseUntil = UTC_TIMESTAMP(6) + INTERVAL retentionSec SECOND, updated = UTC_TIMESTAMP(6) WHERE einstId = ? AND identity = ?`
	const restored, redone, missing, known = 1, 2, 3, 4
	outcome := 0
	err := d.inTx(ctx, func(t *tx) error {
		var in Inst
		err := t.GetContext(ctx, &in, SELECT, s.Inst.ID)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && in.Identity != s.Inst.Identity:
			outcome = missing
			return nil
		case err != nil:
			return err
		case in.State.Ended() && in.Token == s.Inst.Token:
			outcome = known
			return nil
		case in.State.Ended(), in.State == StateCanceling:
			outcome = redone
			return nil
		}
		outcome = restored
		err = execOne(ctx, t, UPDATE, Finished, StateSucceeded, s.Inst.Owner, s.Inst.Token, s.Inst.Claims, s.Inst.Attempt,
			s.Result.Rows, s.Result.bytes(), JSON[[]Warning]{nonNil(s.Result.Warnings)}, s.Inst.ID, s.Inst.Identity)
		if err != nil {
			return err
		}
		return addResults(ctx, t, []Success{s}, "succeeded; restored after the database had forgotten it")
	})
	switch {
	case err != nil:
		return err
	case outcome == restored:
		d.history.finished([]Success{s}, []error{nil})
		loss.Restored = append(loss.Restored, s.Inst.ID)
	case outcome == redone:
		loss.Redone = append(loss.Redone, s.Inst.ID)
	case outcome == missing:
		loss.Missing = append(loss.Missing, s.Inst.ID)
	}
	return nil
}
