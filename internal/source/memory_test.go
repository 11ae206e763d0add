package source

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"exporttask/internal/memory"
)

// multiplying returns a statement of CTEs that each use the one before twice: the
// server builds 2^levels copies when it prepares it.
func multiplying(levels int) string {
	var b strings.Builder
	b.WriteString("WITH c0 AS (SELECT 1 AS a)")
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, ", c%d AS (SELECT x.a FROM c%d x, c%d y)", i, i-1, i-1)
	}
	fmt.Fprintf(&b, " SELECT a FROM c%d", levels)
	return b.String()
}

// Preparing a statement is bounded in memory before it starts.
func TestSource_Prepare_memoryLimit(t *testing.T) {
	if isMySQL() {
		t.Skip("MySQL lets no account without privileges bound its memory; it merges such CTEs")
	}
	s := open(t, setup(t), Options{SessionMemory: 48 << 20})
	_, err := s.Prepare(t.Context(), multiplying(12), 0)
	var limit *LimitError
	if !errors.As(err, &limit) || limit.Limit != LimitMemory || limit.Max != 48<<20 {
		t.Fatalf("got %v, want a *LimitError of memory", err)
	}
	if v := Classify(err); v != (Verdict{Final, Author}) {
		t.Errorf("verdict %v, want that of the author", v)
	}
	if _, err := s.Prepare(t.Context(), multiplying(3), 0); err != nil {
		t.Errorf("a small statement: %v", err)
	}
}

// Long rows count as memory while their batches are in use: the bytes of the row, and
// as many for its conversion.
func TestCursor_Next_memory(t *testing.T) {
	const longRow = "SELECT REPEAT('x', 9000000) AS a, REPEAT('y', 9000000) AS b" // two packets
	s := open(t, setup(t), Options{})
	query := func(budget *memory.Budget) (*Cursor, *memory.Share) {
		t.Helper()
		share, err := budget.Acquire(t.Context(), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		cur, err := s.Query(t.Context(), Query{SQL: longRow, Memory: share})
		if err != nil {
			t.Fatal(err)
		}
		return cur, share
	}
	budget := memory.New("memory-limit", 64<<20)
	cur, share := query(budget)
	b, err := cur.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, least := budget.Used(), int64(1<<20+2*18_000_000); got < least || got > least+2*(5<<20) {
		t.Errorf("with one row: %d bytes are used, want about %d", got, least)
	}
	b.Release()
	if got := budget.Used(); got != 1<<20 {
		t.Errorf("after the row: %d bytes are used, want %d", got, 1<<20)
	}
	if _, err := cur.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end", err)
	}
	_ = cur.Close()
	share.Release()

	small := memory.New("memory-limit", 16<<20)
	cur, share = query(small)
	defer share.Release()
	defer cur.Close()
	_, err = cur.Next(t.Context())
	var exceeded *memory.ExceededError
	if !errors.As(err, &exceeded) || exceeded.Waited != 0 {
		t.Errorf("a row that never fits: got %v, want an error at once", err)
	}
}
