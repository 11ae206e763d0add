package source

import (
	"fmt"
	"strconv"
)

// Warning is one kind of thing that the server warned of.
type Warning struct {
	Level   string // "Warning" or "Note", as the server says
	Code    uint16 // the server's number
	Message string // of the first one
	Count   int    // how many; all kinds together stop at 65,535
}

// HiddenWarnings is the Code of the Warning that counts those which the server
// gave but did not keep: whether one of them told of damage is not known.
const HiddenWarnings = 0

// DamageError is a result that the server calls complete but has cut: it must
// not be taken for the answer.
type DamageError struct{ Warning Warning }

func (e *DamageError) Error() string {
	return fmt.Sprintf("the server cut the result: warning %d: %s (%d times)", e.Warning.Code, e.Warning.Message, e.Warning.Count)
}

// The warnings that tell of values or rows left out, which no error does.
const (
	codeCutGroupConcat = 1260 // ER_CUT_VALUE_GROUP_CONCAT: past group_concat_max_len
	codeCutFunction    = 1301 // ER_WARN_ALLOWED_PACKET_OVERFLOWED: a function's result past max_allowed_packet became NULL
	codeCutRows        = 1931 // ER_QUERY_EXCEEDED_ROWS_EXAMINED_LIMIT, MariaDB: recursion or examined rows cut
)

// showWarnings reads what the server warned of in the last statement, total
// times by its own count.
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

// damage is the error for warnings that tell of a cut result, or nil.
func damage(warnings []Warning) error {
	for _, w := range warnings {
		switch w.Code {
		case codeCutGroupConcat, codeCutFunction, codeCutRows:
			return &DamageError{Warning: w}
		}
	}
	return nil
}
