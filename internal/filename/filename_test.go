package filename

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPattern_Expand(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC)
	v := Values{
		Texts: map[string]string{"name": "订单", "id": "7", "attempt": "2"},
		Times: map[string]time.Time{
			"date": at, "time": at, "due": at, "window_start": at.AddDate(0, 0, -1), "window_end": {},
		},
		Params: map[string]string{"shop": "a/b"},
	}
	for pattern, want := range map[string]string{
		"":                                    "",
		"{name}-{id}":                         "订单-7",
		"{name}.{attempt}":                    "订单.2",
		"{date}_{time}":                       "2026-03-01_023000",
		"{window_start:2006}{due:-Jan-02}x":   "2026-Mar-01x",
		"[{window_end}]":                      "[]",
		"{param.shop} {param.none}":           "a/b ",
		"{due:2006}{due:01}{due:02}{due:Mon}": "20260301Sun",
		"plain":                               "plain",
	} {
		p, err := Parse(pattern)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
			continue
		}
		if got := p.Expand(v); got != want {
			t.Errorf("%q: got %q, want %q", pattern, got, want)
		}
	}
	p, err := Parse("{param.a}{name}{param.b}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, p.Params()); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

func TestParse_invalid(t *testing.T) {
	t.Parallel()
	for pattern, says := range map[string]string{
		"{nome}":     "{nome} at byte 0: no such word, want name, id",
		"a{":         "brace at byte 1",
		"a}b":        "brace at byte 1",
		"{}":         "{} at byte 0: no such word",
		"{param.}":   "no such word",
		"{id:2006}":  `"id" takes no layout`,
		"x{date:}":   "at byte 1: layout \"\" holds no part of a date",
		"{due:year}": "holds no part of a date",
		"../{id}":    "character at byte 2",
		`a\b`:        "character at byte 1",
		"a\nb":       "character at byte 1",
		"\xff":       "character at byte 0",
	} {
		_, err := Parse(pattern)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", pattern, err, says)
		}
	}
}
