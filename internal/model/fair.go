package model

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// readyGroup is the part of the queue of one operator that uses the same limits:
// the instances on one data source, and, if their template limits its running
// instances, of this template alone. It is one range of the index ix_ready.
type readyGroup struct {
	OperatorID int32     `db:"operatorId"`
	Source     string    `db:"etplSource"`
	LimitedTpl int32     `db:"limitedTpl"` // 0: of all templates without a limit
	Since      time.Time `db:"since"`      // runAfter of the oldest instance

	slots     int     // dealt and not yet picked
	given     int     // dealt since the claim began
	seen      []int64 // instances that pick has read
	exhausted bool    // has no other instance that can run now
}

// maxGroups bounds the groups that one claim considers; the oldest come first.
const maxGroups = 20_000

// readyGroups returns the groups that have an instance whose time has come, the
// one that has waited longest first. The server answers with two index lookups a
// group, however many instances wait.
func (d *DB) readyGroups(ctx context.Context) ([]readyGroup, error) {
	const SELECT = `SELECT operatorId, etplSource, limitedTpl, MIN(runAfter) AS since
		FROM welife_export_inst FORCE INDEX (ix_ready) WHERE status = ? GROUP BY status, operatorId, etplSource, limitedTpl
		HAVING since <= UTC_TIMESTAMP(6) ORDER BY since LIMIT ?`
	var list []readyGroup
	if err := d.db.SelectContext(ctx, &list, SELECT, Waiting, maxGroups); err != nil {
		return nil, fmt.Errorf("find waiting operators: %w", err)
	}
	return list, nil
}

// turns remembers in which order a process served the operators. It is safe for
// concurrent use.
type turns struct {
	mu     sync.Mutex
	last   int64           // number of the last turn
	of     map[int32]int64 // number of the last turn of each operator
	newest bool            // see dealer.before
}

// maxTurns bounds the operators that turns remembers.
const maxTurns = 10_000

func newTurns() *turns { return &turns{of: map[int32]int64{}} }

// served gives the operators of instances their turns.
func (t *turns) served(insts []Inst) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range insts {
		t.last++
		t.of[insts[i].OperatorID] = t.last
	}
	if len(t.of) <= maxTurns {
		return
	}
	for operator, turn := range t.of {
		if turn < t.last-maxTurns/2 {
			delete(t.of, operator)
		}
	}
}

// dealer deals free slots to groups, one by one. A slot goes to the operator with
// the highest priority; of several, to the one with the fewest running instances
// for its weight; of several, to the one whose last turn is the longest ago, where
// time counts by weight. Among operators that had no turn yet, slots go alternately to the
// one that has waited longest and to the one that came last: a newcomer is not
// kept waiting by hundreds of operators with long queues, and neither is anybody
// kept waiting by newcomers. Within an operator the groups take turns. A group
// whose limits allow no instance gets no slot, so that no slot stays free while
// another group could use it.
type dealer struct {
	operators []*dealtOperator
	load      *load
	queue     *QueueSettings
	turns     *turns
}

type dealtOperator struct {
	id     int32
	share  Share
	turn   int64 // 0: none yet
	since  time.Time
	slots  int // dealt and not yet picked
	groups []*readyGroup
}

// newDealer returns a dealer of groups, which are in the order of their since.
func newDealer(groups []readyGroup, l *load, q *QueueSettings, t *turns) *dealer {
	d := &dealer{load: l, queue: q, turns: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	byID := map[int32]*dealtOperator{}
	for _, g := range groups {
		op := byID[g.OperatorID]
		if op == nil {
			op = &dealtOperator{id: g.OperatorID, share: q.share(g.OperatorID), turn: t.of[g.OperatorID], since: g.Since}
			byID[g.OperatorID] = op
			d.operators = append(d.operators, op)
		}
		op.groups = append(op.groups, &g)
	}
	return d
}

// next deals up to slots slots and returns the groups that got some. Each group
// must be reported by picked before next is called again.
func (d *dealer) next(slots int) []*readyGroup {
	d.turns.mu.Lock()
	defer d.turns.mu.Unlock()
	var got []*readyGroup
	sources := map[string]int{} // slots dealt in this call
	for range slots {
		var op *dealtOperator
		var group *readyGroup
		for _, o := range d.operators {
			if op != nil && !d.before(o, op) {
				continue
			}
			if g := d.open(o, sources); g != nil {
				op, group = o, g
			}
		}
		if op == nil {
			break
		}
		if op.turn == 0 {
			d.turns.newest = !d.turns.newest
		}
		op.slots++
		group.slots++
		group.given++
		sources[group.Source]++
		if !slices.Contains(got, group) {
			got = append(got, group)
		}
	}
	return got
}

// before reports whether the next slot goes to a rather than to b.
func (d *dealer) before(a, b *dealtOperator) bool {
	// Divided by the weights.
	runsA := (d.load.operators[a.id] + a.slots) * b.share.Weight
	runsB := (d.load.operators[b.id] + b.slots) * a.share.Weight
	switch {
	case a.share.Priority != b.share.Priority:
		return a.share.Priority > b.share.Priority
	case runsA != runsB:
		return runsA < runsB
	case (a.turn == 0) != (b.turn == 0):
		return a.turn == 0
	case a.turn != b.turn:
		waitedA, waitedB := (d.turns.last+1-a.turn)*int64(a.share.Weight), (d.turns.last+1-b.turn)*int64(b.share.Weight)
		if waitedA != waitedB {
			return waitedA > waitedB
		}
		return a.turn < b.turn
	case a.turn == 0 && d.turns.newest:
		return a.since.After(b.since)
	}
	return a.since.Before(b.since)
}

// open returns the group of an operator that gets its next slot, or nil if its
// limits allow none.
func (d *dealer) open(o *dealtOperator, sources map[string]int) *readyGroup {
	if most := d.queue.MaxRunning; most > 0 && d.load.operators[o.id]+o.slots >= most {
		return nil
	}
	var best *readyGroup
	for _, g := range o.groups {
		if g.exhausted || d.load.full[g.LimitedTpl] {
			continue
		}
		if most := d.queue.sourceLimit(g.Source); most > 0 && d.load.sources[g.Source]+sources[g.Source] >= most {
			continue
		}
		if best == nil || g.given < best.given {
			best = g
		}
	}
	return best
}

// picked reports that n instances of a group were picked for its slots. pick has
// added them to the load.
func (d *dealer) picked(g *readyGroup, n int) {
	for _, o := range d.operators {
		if o.id == g.OperatorID {
			o.slots -= g.slots
		}
	}
	g.exhausted = g.exhausted || n < g.slots
	g.slots = 0
}
