package sqlcheck

import (
	"regexp"
	"strings"
)

// plainName matches the names that need no back-quotes unless they are keywords.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Name returns the name of a table, schema or column as a statement writes it: in
// back-quotes where a server could read it as something else.
func Name(name string) string {
	word := strings.ToLower(name)
	if plainName.MatchString(name) && !reservedWord(word, MariaDB) && !reservedWord(word, MySQL) && !clauseWord(word) {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
