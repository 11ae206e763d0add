package filename

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckPath(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string][]string{
		"":                                     nil,
		"daily/":                               nil,
		"{date:2006}/{date:01}/{name}":         nil,
		"{param.shop}/x-{param.day}.csv":       {"shop", "day"},
		"订单/{id}":                              nil,
		strings.Repeat("a/", maxParts-1) + "a": nil,
	} {
		got, err := CheckPath(pattern)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pattern, diff)
		}
	}
}

func TestCheckPath_invalid(t *testing.T) {
	t.Parallel()
	for pattern, says := range map[string]string{
		"/etc/passwd":                            "empty part at byte 0",
		"/":                                      "empty part at byte 0",
		"a//b":                                   "empty part at byte 2",
		"a/ /b":                                  "empty part at byte 2",
		"../x":                                   `part ".." at byte 0`,
		"a/../../x":                              `part ".." at byte 2`,
		"a/./x":                                  `part "." at byte 2`,
		`a\..\b`:                                 "character at byte 1",
		"a/{nome}":                               `part "{nome}" at byte 2: {nome} at byte 0: no such word`,
		"a/{date:2006/01}":                       "brace at byte 0",
		strings.Repeat("a/", maxParts) + "a":     "21 parts",
		"a/\x00":                                 "character at byte 0",
		"a\r\nSubject: x/{name}":                 "character at byte 1",
		strings.Repeat("x", 10) + "/\xff/{name}": "character at byte 0",
	} {
		if _, err := CheckPath(pattern); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", pattern, err, says)
		}
	}
}

func TestParseLine(t *testing.T) {
	t.Parallel()
	p, err := ParseLine(`Orders 1/2 \ {name}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`Orders 1/2 \ 订单`, p.Expand(Values{Texts: map[string]string{"name": "订单"}})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, pattern := range []string{"a\r\nBcc: x@y", "a\nb", "a\x85b", "\xff", "{nome}"} {
		if _, err := ParseLine(pattern); err == nil {
			t.Errorf("%q was taken", pattern)
		}
	}
}
