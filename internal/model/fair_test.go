package model

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDealer deals slots among operators without a database.
func TestDealer(t *testing.T) {
	t.Parallel()
	t.Run("newcomer_before_the_next_round", testDealerNewcomer)
	t.Run("round_robin", testDealerRoundRobin)
	t.Run("full_source_takes_no_slot", testDealerFullSource)
	t.Run("weights", testDealerWeights)
	t.Run("priorities", testDealerPriorities)
}

type groupKey struct {
	operator int32
	source   string
}

// sim runs instances that end in the order in which they began, on slots slots.
type sim struct {
	queue   QueueSettings
	turns   *turns
	load    *load
	running []groupKey
	waiting map[groupKey]int
	since   map[groupKey]time.Time
	at      time.Time
}

func newSim(q QueueSettings) *sim {
	return &sim{
		queue: q, turns: newTurns(), load: &load{operators: map[int32]int{}, sources: map[string]int{}, full: map[int32]bool{}},
		waiting: map[groupKey]int{}, since: map[groupKey]time.Time{}, at: time.Unix(0, 0),
	}
}

func (s *sim) add(operator int32, source string, n int) {
	g := groupKey{operator, source}
	s.at = s.at.Add(time.Millisecond)
	s.waiting[g] += n
	s.since[g] = s.at
}

// claim fills up to slots slots and returns the operators that got them.
func (s *sim) claim(slots int) (operators []int32) {
	var groups []readyGroup
	for g, n := range s.waiting {
		if n > 0 {
			groups = append(groups, readyGroup{OperatorID: g.operator, Source: g.source, Since: s.since[g]})
		}
	}
	slices.SortFunc(groups, func(a, b readyGroup) int { return a.Since.Compare(b.Since) })
	deal := newDealer(groups, s.load, &s.queue, s.turns)
	var claimed []Inst
	for slots > len(claimed) {
		next := deal.next(slots - len(claimed))
		if len(next) == 0 {
			break
		}
		for _, g := range next {
			key := groupKey{g.OperatorID, g.Source}
			n := min(g.slots, s.waiting[key])
			s.waiting[key] -= n
			for range n {
				claimed = append(claimed, Inst{OperatorID: g.OperatorID})
				operators = append(operators, g.OperatorID)
				s.running = append(s.running, key)
				s.load.operators[g.OperatorID]++
				s.load.sources[g.Source]++
			}
			deal.picked(g, n)
		}
	}
	s.turns.served(claimed)
	return operators
}

// end ends the instance that has run longest.
func (s *sim) end() {
	g := s.running[0]
	s.running = s.running[1:]
	s.load.operators[g.operator]--
	s.load.sources[g.source]--
}

func testDealerNewcomer(t *testing.T) {
	t.Parallel()
	const slots, operators, newcomer = 4, 500, 9999
	for _, startsBefore := range []int{0, 3, 250, 500, 777, 1500} {
		s := newSim(QueueSettings{})
		for op := range int32(operators) {
			s.add(op+1, "default", 20)
		}
		starts := len(s.claim(slots))
		for starts < startsBefore {
			s.end()
			starts += len(s.claim(1))
		}
		s.add(newcomer, "default", 1)
		before := 0
		for {
			s.end()
			got := s.claim(1)
			if len(got) != 1 {
				t.Fatalf("claimed %v, want one", got)
			}
			if got[0] == newcomer {
				break
			}
			before++
		}
		if most := slots + 8; before > most {
			t.Errorf("newcomer after %d starts: %d others began before it, want at most %d", starts, before, most)
		}
	}
}

// starts claims and ends instances on four slots until n have begun.
func (s *sim) starts(n int) map[int32]int {
	begun := map[int32]int{}
	for _, op := range s.claim(4) {
		begun[op]++
	}
	for range n {
		s.end()
		for _, op := range s.claim(1) {
			begun[op]++
		}
	}
	return begun
}

func testDealerWeights(t *testing.T) {
	t.Parallel()
	// Fewer operators than slots, and many more.
	for _, operators := range []int32{2, 30} {
		s := newSim(QueueSettings{Shares: map[int32]Share{1: {Weight: 3}}})
		for op := range operators {
			s.add(op+1, "default", 10_000)
		}
		begun := s.starts(3000)
		others := 0
		for op, n := range begun {
			if op != 1 {
				others += n
			}
		}
		ratio := float64(begun[1]) / (float64(others) / float64(operators-1))
		if ratio < 2.5 || ratio > 3.5 {
			t.Errorf("%d operators: one with weight 3 got %.2f times the starts of the others", operators, ratio)
		}
	}
}

func testDealerPriorities(t *testing.T) {
	t.Parallel()
	s := newSim(QueueSettings{Shares: map[int32]Share{1: {Priority: -1}, 3: {Priority: 5}}})
	for op := range int32(3) {
		s.add(op+1, "default", 20)
	}
	var order []int32
	for len(s.running)+len(order) < 60 || len(s.running) > 0 {
		order = append(order, s.claim(4-len(s.running))...)
		s.end()
		if len(order) == 60 {
			break
		}
	}
	if !slices.IsSortedFunc(order, func(a, b int32) int { return int(b - a) }) {
		t.Errorf("operators began in the order %v, want 3 before 2 before 1", order)
	}
}

func testDealerRoundRobin(t *testing.T) {
	t.Parallel()
	const operators = 30
	s := newSim(QueueSettings{})
	for op := range int32(operators) {
		s.add(op+1, "default", 100)
	}
	starts := map[int32]int{}
	for range 10 * operators {
		for _, op := range s.claim(1) {
			starts[op]++
		}
		s.end()
	}
	for op := range int32(operators) {
		if n := starts[op+1]; n != 10 {
			t.Errorf("operator %d began %d of the instances of 10 rounds, want 10", op+1, n)
		}
	}
}

func testDealerFullSource(t *testing.T) {
	t.Parallel()
	s := newSim(QueueSettings{SourceMaxRunning: map[string]int{"full": 1}})
	s.add(1, "full", 100)
	s.add(2, "idle", 100)
	got := map[int32]int{}
	for _, op := range s.claim(4) {
		got[op]++
	}
	if diff := cmp.Diff(map[int32]int{1: 1, 2: 3}, got); diff != "" {
		t.Errorf("slots by operator (-want +got):\n%s", diff)
	}
	s = newSim(QueueSettings{MaxRunning: 2})
	s.add(1, "default", 100)
	s.add(2, "default", 1)
	if got := s.claim(8); len(got) != 3 {
		t.Errorf("operators %v, want 2 of operator 1 and 1 of operator 2", got)
	}
}

// TestDB_Claim_idle_slots has operators that cannot use slots beside one that can.
func TestDB_Claim_idle_slots(t *testing.T) {
	t.Parallel()
	t.Run("full_data_source", func(t *testing.T) {
		t.Parallel()
		d := setup(t).WithQueueSettings(QueueSettings{Lease: Lease, SourceMaxRunning: map[string]int{"full": 1}})
		tpl := addTpl(t, d, "idle")
		for op := range int32(10) {
			for range 3 {
				addInstOn(t, d, tpl, op+1, "full")
			}
		}
		for range 5 {
			addInstOn(t, d, tpl, 99, "idle")
		}
		got := map[string]int{}
		insts, err := d.Claim(t.Context(), "w", 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range insts {
			got[in.Source]++
		}
		if diff := cmp.Diff(map[string]int{"full": 1, "idle": 3}, got); diff != "" {
			t.Errorf("one claim of four slots, by data source (-want +got):\n%s", diff)
		}
	})
	t.Run("full_template", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		limited, free := addTpl(t, d, "limited"), addTpl(t, d, "free")
		for op := range int32(5) {
			for range 3 {
				in := newInst(limited, op+1)
				in.Limits.V.Running = 1
				if _, err := d.CreateInst(t.Context(), in, Request{}, manyWaiting); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 5 {
			addInst(t, d, free, 99)
		}
		got := map[string]int{}
		insts, err := d.Claim(t.Context(), "w", 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range insts {
			got[in.TplName]++
		}
		if diff := cmp.Diff(map[string]int{"limited": 1, "free": 3}, got); diff != "" {
			t.Errorf("one claim of four slots, by template (-want +got):\n%s", diff)
		}
	})
}

// TestDB_readyGroups checks that the server finds the groups by index lookups.
func TestDB_readyGroups(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "ready")
	for op := range int32(3) {
		addInstOn(t, d, tpl, op+1, "a")
		addInstOn(t, d, tpl, op+1, "b")
	}
	for range 10 { // 6 << 10 rows
		run(t, d, `INSERT INTO welife_export_inst (etplId, status, state, operatorId, etplName, etplVersion, etplSource, etplExpr,
			etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec, maxAttempts, runAfter,
			errMsg, warnings, created, updated)
			SELECT etplId, status, state, operatorId, etplName, etplVersion, etplSource, etplExpr,
			etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec, maxAttempts, runAfter,
			errMsg, warnings, created, updated FROM welife_export_inst`)
	}
	run(t, d, `ANALYZE TABLE welife_export_inst`)
	read := func() (n int) {
		t.Helper()
		var rows []struct {
			Name  string `db:"Variable_name"`
			Value int    `db:"Value"`
		}
		if err := d.db.SelectContext(t.Context(), &rows, `SHOW SESSION STATUS LIKE 'Handler_read%'`); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			n += r.Value
		}
		return n
	}
	d.db.db.SetMaxOpenConns(1)
	before := read()
	groups, err := d.readyGroups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(groups) != 6 {
		t.Errorf("%d groups, want 6: %v", len(groups), groups)
	}
	if n := read() - before; n > 500 {
		t.Errorf("read %d index entries for 6 groups of %d instances, want a few a group", n, 6<<10)
	}
}

// TestDB_ListInst_cut has values too large for a list.
func TestDB_ListInst_cut(t *testing.T) {
	t.Parallel()
	d := setup(t)
	in := newInst(addTpl(t, d, "large"), 1)
	in.Expr = "SELECT '" + fmt.Sprintf("%05000d", 1) + "'"
	in.Params.V = []Param{{Name: "p", Value: fmt.Sprintf("%03000d", 1)}}
	made, err := d.CreateInst(t.Context(), in, Request{}, manyWaiting)
	if err != nil {
		t.Fatal(err)
	}
	if made.Cut != nil || made.Expr != in.Expr || len(made.Params.V) != 1 {
		t.Errorf("GetInst: cut %v, %d bytes, %d parameters; want all", made.Cut, len(made.Expr), len(made.Params.V))
	}
	list, _, err := d.ListInst(t.Context(), InstFilter{Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatalf("list: %v, %v", list, err)
	}
	got := list[0]
	if diff := cmp.Diff([]string{"etplExpr", "params"}, got.Cut); diff != "" {
		t.Errorf("cut fields (-want +got):\n%s", diff)
	}
	if len(got.Expr) != maxListed || len(got.Params.V) != 0 {
		t.Errorf("%d bytes of SQL and %d parameters, want %d and none", len(got.Expr), len(got.Params.V), maxListed)
	}
}
