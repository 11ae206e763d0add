package sqlcheck

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// testOptions is the data source of the corpus: schema shop, made by shop().
var testOptions = Options{Dialect: MariaDB, Schemas: []string{"shop"}}

// sample is one statement of a corpus file and the reason it is there.
type sample struct{ why, sql string }

// corpus reads a file of samples: a "-- why" line, then the statement up to
// the next empty line.
func corpus(tb testing.TB, name string) []sample {
	tb.Helper()
	all := samples(tb, name)
	if len(all) < 60 {
		tb.Fatalf("%s: %d samples, want 60 or more", name, len(all))
	}
	return all
}

// samples reads a file of any number of samples.
func samples(tb testing.TB, name string) []sample {
	tb.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	var all []sample
	for block := range strings.SplitSeq(string(data), "\n\n") {
		why, sql, ok := strings.Cut(strings.Trim(block, "\n"), "\n")
		if !ok || !strings.HasPrefix(why, "-- ") || !strings.HasSuffix(strings.TrimSpace(sql), ";") {
			tb.Fatalf("%s: %q is no sample", name, block)
		}
		all = append(all, sample{strings.TrimPrefix(why, "-- "), sql})
	}
	return all
}

func TestCheck_Accept(t *testing.T) {
	t.Parallel()
	for _, s := range corpus(t, "accept.sql") {
		t.Run(s.why, func(t *testing.T) {
			t.Parallel()
			st, err := Check(s.sql, testOptions)
			if err != nil {
				t.Fatalf("%s\n%v", s.sql, err)
			}
			if problem, _ := referee(st, testOptions); problem != "" {
				t.Errorf("another grammar reads %s in %s", problem, st.SQL)
			}
			if again, err := Check(st.SQL, testOptions); err == nil && len(st.Names) == 0 && again.SQL != st.SQL {
				t.Errorf("sent text is not stable:\n%s\n%s", st.SQL, again.SQL)
			}
		})
	}
}

func TestCheck_Refuse(t *testing.T) {
	t.Parallel()
	for _, s := range append(corpus(t, "refuse.sql"), corpus(t, "hostile.sql")...) {
		t.Run(s.why, func(t *testing.T) {
			t.Parallel()
			st, err := Check(s.sql, testOptions)
			if err == nil {
				t.Fatalf("accepted as %q", st.SQL)
			}
			var r *Refused
			if !errors.As(err, &r) {
				t.Fatalf("got %T, want *Refused", err)
			}
			if r.Reason == "" || r.Line < 1 || r.Col < 1 || !strings.HasPrefix(s.sql[r.Offset:], strings.TrimSuffix(r.Near, "…")) {
				t.Errorf("incomplete: %+v", *r)
			}
			t.Log(err)
		})
	}
}

// TestCheck_Refuse_Words wants 100 and more hostile statements that have a word
// which no statement before them has, so that the corpus grows in kinds.
func TestCheck_Refuse_Words(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range corpus(t, "refuse.sql") {
		addWords(seen, s.sql)
	}
	grown := 0
	for _, s := range corpus(t, "hostile.sql") {
		if addWords(seen, s.sql) {
			grown++
		}
	}
	if grown < 100 {
		t.Errorf("%d hostile statements have a word of their own, want 100 or more", grown)
	}
}

// addWords adds the words of a statement to seen and reports whether one is new.
func addWords(seen map[string]bool, sql string) bool {
	before := len(seen)
	for _, w := range strings.FieldsFunc(strings.ToUpper(sql), func(r rune) bool { return !isWordByte(byte(r)) }) {
		seen[w] = true
	}
	return len(seen) > before
}
