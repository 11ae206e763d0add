package task

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
)

// charsetErrors are the server's errors for a text that a column's character set
// cannot hold: ER_CANT_AGGREGATE_2COLLATIONS and its variants (MariaDB) and
// ER_CANNOT_CONVERT_STRING (MySQL).
var charsetErrors = map[uint16]bool{1267: true, 1270: true, 1271: true, 3854: true}

// CharsetHint returns what to do about an error of a data source that compares a
// parameter with a column whose character set cannot hold the parameter's value,
// such as Chinese text with a latin1 column. It is "" for any other error. The
// server gives the same error for the literal in place of the parameter.
func CharsetHint(err error, params []model.Param) string {
	var server *source.ServerError
	if !errors.As(err, &server) || !charsetErrors[server.Code] {
		return ""
	}
	var names []string
	for _, p := range params {
		if isASCII(p.Value) && isASCII(strings.Join(p.Values, "")) {
			continue
		}
		names = append(names, ":"+p.Name)
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("; a column's character set cannot hold the value of %s: compare CONVERT(column USING utf8mb4) with it", strings.Join(names, " or "))
}

// nearWord finds the word where a server's syntax error begins.
var nearWord = regexp.MustCompile(`near '([A-Za-z0-9_]+)`)

// syntaxHint returns what to do about a server's syntax error at a word that the
// server reserves, or "". Check names such words itself once the kind of the server
// is known.
func syntaxHint(err *source.ServerError) string {
	if m := nearWord.FindStringSubmatch(err.Message); m != nil && err.Code == 1064 {
		return sqlcheck.NameHint(m[1])
	}
	return ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
