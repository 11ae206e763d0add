package sqlcheck

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Most of what the rules refuse, the grammar would refuse as well, with less
// to say. Here each rule must be the one that speaks.
func TestApplyRules(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"SELECT o. 1 FROM orders o":            "dot that does not join two names",
		"SELECT o.``.1 FROM orders o":          "empty name",
		"SELECT o . . id FROM orders o":        "dot that does not join two names",
		"SELECT 1 /* a /* b */":                "comment inside a comment",
		"SELECT 1e5a FROM t":                   "number that runs into a name",
		"SELECT 1e FROM t":                     "number that runs into a name",
		"SELECT 0x FROM t":                     "number that runs into a name",
		"SELECT 0b2 FROM t":                    "number that runs into a name",
		"SELECT 1.5.2 FROM t":                  "number that runs into a name",
		"SELECT * FROM t FOR\nUPDATE":          "locking clause",
		"SELECT * FROM t LOCK IN SHARE MODE":   "locking clause",
		"SELECT 1 INTO @a":                     "INTO",
		"SELECT 1 PROCEDURE p()":               "PROCEDURE",
		"SELECT @a":                            "user variable",
		"SELECT @@a":                           "system variable",
		"SELECT a:=1":                          "assignment",
		"SELECT 1;SELECT 2":                    "second statement",
		"SELECT f(1)":                          "unknown function f",
		"SELECT s.concat(1)":                   "stored function s.concat",
		"SELECT a.b.concat(1)":                 "stored function b.concat",
		"SELECT `concat`(1)":                   "in back-quotes",
		"SELECT nvl(1, 2)":                     "unknown function nvl",
		"WITH x (a) AS (SELECT 1) SELECT x(1)": "unknown function x",
		"SELECT a FROM t WHERE a IN (1) x(2)":  "syntax error",
		"SELECT /*+ JOIN_ORDER('a') */ 1":      "character in an optimizer hint",
		"SELECT /*+ RESOURCE_GROUP(x) */ 1":    "optimizer hint",
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()
			_, err := Check(sql, Options{})
			var r *Refused
			if !errors.As(err, &r) || !strings.Contains(r.Reason, want) {
				t.Errorf("got %v, want the reason %q", err, want)
			}
		})
	}
}

func TestTight(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("functions.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, m := range regexp.MustCompile(`"([a-z0-9_]+)"`).FindAllStringSubmatch(string(source), -1) {
		if !tight(m[1]) {
			continue
		}
		asked++
		for _, gap := range []string{" ", "\n", "/**/", "-- x\n"} {
			opt := Options{Dialect: MariaDB}
			if !builtin(m[1], MariaDB) {
				opt.Dialect = MySQL
			}
			_, err := Check("SELECT "+m[1]+gap+"(1)", opt)
			var r *Refused
			if !errors.As(err, &r) || !strings.Contains(r.Reason, "blank between function and bracket") {
				t.Errorf("%s%q(: got %v", m[1], gap, err)
			}
		}
	}
	if asked < 40 {
		t.Errorf("asked about %d names", asked)
	}
}
