package source

import (
	"errors"
	"fmt"
	"strings"
	"testing"
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
