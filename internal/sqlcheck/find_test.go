package sqlcheck

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindParams(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string
		want []FoundParam
	}{
		"in_order":         {"SELECT :b, :a, :b", []FoundParam{{Name: "b"}, {Name: "a"}}},
		"list":             {"SELECT 1 WHERE a IN (:ids) AND b > :min", []FoundParam{{Name: "ids", List: true}, {Name: "min"}}},
		"list_later":       {"SELECT :x WHERE a not in (:x)", []FoundParam{{Name: "x", List: true}}},
		"two_in_brackets":  {"SELECT 1 WHERE a IN (:x, :y)", []FoundParam{{Name: "x"}, {Name: "y"}}},
		"builtin":          {"SELECT :today", []FoundParam{{Name: "today", Builtin: true}}},
		"text_and_comment": {"SELECT ':a' /* :b */ -- :c\n", nil},
		"refused_text":     {"DELETE FROM t WHERE id = :id", []FoundParam{{Name: "id"}}},
		"unfinished_text":  {"SELECT :a, 'abc", []FoundParam{{Name: "a"}}},
		"not_utf_8":        {"SELECT :a \xff", nil},
		"nothing":          {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(FindParams(c.sql), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, name, want string }{
		"column":              {"SELECT 'nope', nope FROM t", "nope", "nope FROM t"},
		"other_case":          {"SELECT NOPE FROM t", "nope", "NOPE FROM t"},
		"qualified":           {"SELECT nope, t.nope FROM t", "t.nope", "nope FROM t"},
		"last_part":           {"SELECT 1 FROM orderz", "shop.orderz", "orderz"},
		"back_quotes":         {"SELECT `no``pe` FROM t", "no`pe", "`no``pe` FROM t"},
		"not_in_a_comment":    {"SELECT /* nope */ 1", "nope", ""},
		"not_a_part_of_names": {"SELECT nope2", "nope", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			off, _, ok := FindName(c.sql, c.name)
			got := ""
			if ok {
				got = c.sql[off:]
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
