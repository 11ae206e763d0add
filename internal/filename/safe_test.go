package filename

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestSafe(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"订单":                           "订单",
		"a/b\\c:d*e?f\"g<h>i|j":        "a_b_c_d_e_f_g_h_i_j",
		"..":                           "export",
		"":                             "export",
		"  spaced.  ":                  "spaced",
		"con":                          "_con",
		"con .txt":                     "_con .txt",
		"LPT1.csv":                     "_LPT1.csv",
		"tab\tnew\nline":               "tab_new_line",
		"\u202egnp.exe":                "_gnp.exe",
		"\xff":                         "_",
		strings.Repeat("字", 60):        strings.Repeat("字", 60),
		strings.Repeat("x", 180):       strings.Repeat("x", 180),
		strings.Repeat("字", 61):        strings.Repeat("字", 55) + "~lvwclrfxbfg6",
		strings.Repeat("e\u0301", 200): strings.Repeat("e\u0301", 55) + "~5ls7krowo6a5",
	} {
		if diff := cmp.Diff(want, Safe(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestSafe_long_texts_keep_different_names(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("字", 100)
	if a, b := Safe(long+"1"), Safe(long+"2"); a == b {
		t.Errorf("both are %q", a)
	}
}

func TestPattern_Name(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("订", 68) // 204 bytes
	for title, tc := range map[string]struct {
		pattern string
		values  map[string]string // texts, and parameters after "param."
		want    string
	}{
		"short":              {"{name}-{id}", map[string]string{"name": "订单", "id": "7"}, "订单-7"},
		"name_shortened":     {"{name}-{id}", map[string]string{"name": name, "id": "1234567"}, strings.Repeat("订", 57) + "-1234567"},
		"name_in_the_middle": {"{id}_{name}_v{attempt}", map[string]string{"name": name, "id": "7", "attempt": "2"}, "7_" + strings.Repeat("订", 58) + "_v2"},
		"name_twice":         {"{name}-{name}-{id}", map[string]string{"name": strings.Repeat("x", 100), "id": "7"}, strings.Repeat("x", 88) + "-" + strings.Repeat("x", 88) + "-7"},
		"name_vanishes":      {strings.Repeat("y", 177) + "{name}{id}", map[string]string{"name": name, "id": "7"}, strings.Repeat("y", 177) + "7"},
		"name_of_slashes":    {"{name}-{id}", map[string]string{"name": "a/b", "id": "7"}, "a_b-7"},
		"literal_too_long": {
			strings.Repeat("y", 190) + "-{id}",
			map[string]string{"id": "7"},
			strings.Repeat("y", 166) + "7~" + hash(strings.Repeat("y", 190)+"-7"),
		},
		"parameter_too_long": {
			"{name}-{param.a}-{id}",
			map[string]string{"name": name, "param.a": strings.Repeat("z", 200), "id": "7"},
			strings.Repeat("订", 27) + "-" + strings.Repeat("z", 82) + "-7~" + hash(name+"-"+strings.Repeat("z", 200)+"-7"),
		},
		"empty":          {"{name}", nil, "export"},
		"windows_device": {"{name}", map[string]string{"name": "nul"}, "_nul"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			p, err := Parse(tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			v := Values{Texts: tc.values, Params: map[string]string{"a": tc.values["param.a"]}}
			got := p.Name(v)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(got) > maxBase+1 || !utf8.ValidString(got) {
				t.Errorf("%d bytes, valid %t", len(got), utf8.ValidString(got))
			}
		})
	}
}

func TestPattern_Name_two_instances_never_share_a_name(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"{name}-{id}", "{id}{name}", "{name}{id}" + strings.Repeat("长", 50), strings.Repeat("x", 190) + "{id}", "{name}-{param.a}-{id}-{param.a}",
	} {
		p, err := Parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for id := range 1200 {
			v := Values{
				Texts:  map[string]string{"name": strings.Repeat("订单", 34+id%3), "id": fmt.Sprint(id)},
				Params: map[string]string{"a": strings.Repeat("值", 100)},
			}
			got := p.Name(v)
			if other, taken := seen[got]; taken {
				t.Fatalf("%s: instances %d and %d are both %q", pattern, other, id, got)
			}
			seen[got] = id
			if !strings.Contains(got, fmt.Sprint(id)) {
				t.Fatalf("%s: %q lost its id %d", pattern, got, id)
			}
		}
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a/b\\{c}\n":            "a_b__c__",
		strings.Repeat("字", 60): strings.Repeat("字", 60),
		strings.Repeat("字", 61): strings.Repeat("字", 47) + "~lvwclrfxbfg6",
	} {
		got := Literal(in)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
		if _, err := Parse(got); err != nil {
			t.Errorf("%q is no pattern: %v", got, err)
		}
	}
}

func TestExpandPath(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("订", 68)
	v := Values{Texts: map[string]string{"name": name, "id": "7"}, Params: map[string]string{"ext": "a.csv"}}
	short := strings.Repeat("订", 59)
	for pattern, want := range map[string]string{
		"":                          "f.csv.gz",
		"in/":                       "in/f.csv.gz",
		"{name}-{id}":               short + "-7.csv.gz",
		"{name}-{id}.csv.gz":        short + "-7.csv.gz",
		"{name}-{id}/{name}-{id}/":  short + "-7/" + short + "-7/f.csv.gz",
		"in/{name}_{id}_end.csv.gz": "in/" + strings.Repeat("订", 58) + "_7_end.csv.gz",
		"{param.ext}.gz":            "a.csv.gz",
		"../{id}":                   "export/7.csv.gz",
	} {
		if diff := cmp.Diff(want, ExpandPath(pattern, "f.csv.gz", v)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pattern, diff)
		}
		zstd := strings.ReplaceAll(want, ".csv.gz", ".jsonl.zst")
		if got := ExpandPath(strings.ReplaceAll(pattern, ".csv.gz", ".jsonl.zst"), "f.jsonl.zst", v); pattern != "{param.ext}.gz" && got != zstd {
			t.Errorf("%q of a .jsonl.zst file: got %q, want %q", pattern, got, zstd)
		}
	}
}
