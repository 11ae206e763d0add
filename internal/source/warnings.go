package source

import (
	"fmt"
	"strconv"
)

// Warning is the warnings of a statement with one code.
type Warning struct {
	Level   string // "Warning" or "Note", from the server
	Code    uint16 // the server's warning code, or HiddenWarnings
	Message string // text of the first warning
	Count   int    // number of warnings; over all codes at most 65,535
}

// HiddenWarnings is the Code of the Warning that counts the warnings that the
// server raised but did not keep. Whether one of them means damage is unknown.
const HiddenWarnings = 0

// DamageError is returned for a result that the server sent as complete but has
// cut, according to a warning. Its rows are not the answer to the query.
type DamageError struct{ Warning Warning }

func (e *DamageError) Error() string {
	return fmt.Sprintf("the server cut the result: warning %d: %s (%d times)", e.Warning.Code, e.Warning.Message, e.Warning.Count)
}

// The codes of warnings that mean cut values or missing rows. The server raises no
// error for them.
const (
	codeCutGroupConcat = 1260 // ER_CUT_VALUE_GROUP_CONCAT: past group_concat_max_len
	codeCutFunction    = 1301 // ER_WARN_ALLOWED_PACKET_OVERFLOWED: a function's result past max_allowed_packet became NULL
	codeCutRows        = 1931 // ER_QUERY_EXCEEDED_ROWS_EXAMINED_LIMIT, MariaDB: recursion or examined rows cut
)

// showWarnings returns the warnings of the last statement by code. total is the
// server's own count of them.
func (c *conn) showWarnings(total int) ([]Warning, error) {
	rows, err := c.selectAll("SHOW WARNINGS")
	if err != nil {
		return nil, err
	}
	var all []Warning
	byCode := map[uint16]int{}
	for _, r := range rows {
		if len(r) != 3 {
			return nil, &ProtocolError{What: "a warning"}
		}
		n, err := strconv.ParseUint(r[1], 10, 16)
		if err != nil {
			return nil, &ProtocolError{What: "a warning's code"}
		}
		code := uint16(n)
		i, seen := byCode[code]
		if !seen {
			i = len(all)
			byCode[code] = i
			all = append(all, Warning{Level: r[0], Code: code, Message: r[2]})
		}
		all[i].Count++
	}
	if hidden := total - len(rows); hidden > 0 {
		all = append(all, Warning{Level: "Warning", Code: HiddenWarnings, Message: "warnings that the server did not keep", Count: hidden})
	}
	return all, nil
}

// damage returns a *DamageError if one of the warnings means that the result was
// cut, or nil.
func damage(warnings []Warning) error {
	for _, w := range warnings {
		switch w.Code {
		case codeCutGroupConcat, codeCutFunction, codeCutRows:
			return &DamageError{Warning: w}
		}
	}
	return nil
}
