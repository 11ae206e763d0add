package auditchain

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// chain returns an unbroken chain of n rows and its head.
func chain(n int) ([]Row, Link) {
	rows := make([]Row, n)
	var head Link
	at := time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)
	for i := range rows {
		rows[i] = Row{
			ID: int64(i + 1), At: at.Add(time.Duration(i) * time.Second), Action: 8, Kind: 4, ObjectID: int64(i), OperatorID: 7, ByOperator: 7,
			Token: "reports", Peer: "192.0.2.1", RequestID: "r", Via: "grpc", Detail: "file 1", Prev: head.Hash,
		}
		head = Link{rows[i].ID, rows[i].Hash()}
	}
	return rows, head
}

func verify(rows []Row, after Link, expected ...Link) Result {
	v := NewVerifier(after, expected...)
	for i := range rows {
		v.Add(&rows[i])
	}
	return v.Done()
}

// TestRow_Hash holds the format that docs/audit.md describes; the hash is that of
// printf '%s\n…' | sha256sum.
func TestRow_Hash(t *testing.T) {
	t.Parallel()
	rows, _ := chain(1)
	const want = "fed3020260eafa3e87d4dfd00c0229c43c509d1f5ce70cbddb816ef575609d6b"
	if got := rows[0].Hash().String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	const n = 2000
	type broken struct {
		change func(rows []Row) []Row
		says   string
	}
	field := func(change func(r *Row)) func([]Row) []Row {
		return func(rows []Row) []Row { change(&rows[999]); return rows }
	}
	cases := map[string]broken{
		"unbroken": {func(rows []Row) []Row { return rows }, ""},
		"time":     {field(func(r *Row) { r.At = r.At.Add(time.Microsecond) }), "row 1000 was changed"},
		"action":   {field(func(r *Row) { r.Action = 1 }), "row 1000 was changed"},
		"kind":     {field(func(r *Row) { r.Kind = 1 }), "row 1000 was changed"},
		"object":   {field(func(r *Row) { r.ObjectID++ }), "row 1000 was changed"},
		"operator": {field(func(r *Row) { r.OperatorID++ }), "row 1000 was changed"},
		"actor":    {field(func(r *Row) { r.ByOperator++ }), "row 1000 was changed"},
		"token":    {field(func(r *Row) { r.Token = "" }), "row 1000 was changed"},
		"peer":     {field(func(r *Row) { r.Peer = "192.0.2.2" }), "row 1000 was changed"},
		"request":  {field(func(r *Row) { r.RequestID = "s" }), "row 1000 was changed"},
		"via":      {field(func(r *Row) { r.Via = "http" }), "row 1000 was changed"},
		"detail":   {field(func(r *Row) { r.Detail += " " }), "row 1000 was changed"},
		"moved_texts": {field(func(r *Row) {
			r.Token, r.Peer = "reports\n192.0.2.1", "r"
			r.RequestID = "grpc"
			r.Via = "file 1"
			r.Detail = ""
		}), "row 1000 was changed"},
		"previous_hash": {field(func(r *Row) { r.Prev[0]++ }), "row 999 was changed"},
		"missing":       {func(rows []Row) []Row { return slices.Delete(rows, 999, 1000) }, "row 1000 is missing"},
		"missing_many":  {func(rows []Row) []Row { return slices.Delete(rows, 900, 1000) }, "rows 901 to 1000 are missing"},
		"first_missing": {func(rows []Row) []Row { return rows[1:] }, "row 1 is missing"},
		"last_changed":  {func(rows []Row) []Row { rows[n-1].Detail = "x"; return rows }, "row 2000 was changed"},
		"last_missing":  {func(rows []Row) []Row { return rows[:n-3] }, "rows 1998 to 2000 are missing"},
		"all_missing":   {func([]Row) []Row { return nil }, "rows 1 to 2000 are missing"},
		"renumbered": {func(rows []Row) []Row {
			rows = slices.Delete(rows, 999, 1000)
			for i := 999; i < len(rows); i++ {
				rows[i].ID--
			}
			return rows
		}, "row 999 was changed"},
		"twice": {func(rows []Row) []Row { return slices.Insert(rows, 1000, rows[999]) }, "row 1000 follows row 1000"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, head := chain(n)
			got := verify(c.change(rows), Link{}, head)
			switch {
			case c.says == "" && (len(got.Problems) > 0 || got.Rows != n || got.Last != head):
				t.Errorf("%d rows, last %s: %v", got.Rows, got.Last, got.Problems)
			case c.says != "" && (len(got.Problems) == 0 || !strings.HasPrefix(got.Problems[0], c.says)):
				t.Errorf("problems %v, want %q", got.Problems, c.says)
			}
		})
	}
}

func TestVerifier_anchor(t *testing.T) {
	t.Parallel()
	rows, head := chain(10)
	anchor := Link{4, rows[3].Hash()}
	if got := verify(rows[4:], anchor, head, anchor); len(got.Problems) > 0 || got.Rows != 6 {
		t.Errorf("rest of a cut chain: %+v", got)
	}
	forged := anchor
	forged.Hash[0]++
	if got := verify(rows[4:], forged, head); len(got.Problems) == 0 {
		t.Error("another anchor fits")
	}
	if got := verify(rows[4:], anchor, forged); len(got.Problems) == 0 {
		t.Error("the anchor is not the expected row")
	}
	v := NewVerifier(Link{}, Link{2, rows[1].Hash()}, head)
	v.Add(&rows[0])
	v.SkipTo(anchor) // rows 2 to 4 were removed meanwhile
	for i := 4; i < 10; i++ {
		v.Add(&rows[i])
	}
	if got := v.Done(); len(got.Problems) > 0 {
		t.Errorf("cut while it is verified: %+v", got)
	}
}

func TestVerifier_many_problems(t *testing.T) {
	t.Parallel()
	rows, head := chain(100)
	for i := range rows {
		rows[i].Detail = "x"
	}
	if got := verify(rows, Link{}, head); len(got.Problems) != maxProblems || got.More != 100-maxProblems {
		t.Errorf("%d problems and %d more", len(got.Problems), got.More)
	}
}

func TestParseLink(t *testing.T) {
	t.Parallel()
	_, head := chain(3)
	got, err := ParseLink(head.String())
	if diff := cmp.Diff(head, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for _, text := range []string{"", "3", "3:", "3:ab", "x:" + head.Hash.String(), "-1:" + head.Hash.String(), "3:" + head.Hash.String() + "00"} {
		if _, err := ParseLink(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
