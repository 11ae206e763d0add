package sqlcheck

import "strings"

// hintText holds the characters that an optimizer hint may consist of: names,
// query blocks (@qb), lists, brackets and back-quotes. Quotes, "=" and comments
// are excluded.
const hintText = "`abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@.,() \t\r\n"

// checkHint checks sql[off:end], the inside of /*+ … */, and returns the hints
// that are sent. SET_VAR and RESOURCE_GROUP are refused, because they change the
// limits of the session. MAX_EXECUTION_TIME is left out of what is sent: the limits
// of the template and of the data source apply. MAX_EXECUTION_TIME(0), which asks
// for no limit at all, is refused. Text that is not a list of hints that choose a
// plan is a comment to the servers, and is not sent; with a quote in it, it is
// refused, because a server may find the comment's end in another place.
func checkHint(sql string, off, end int) (string, *Refused) {
	sent, err := planHints(sql, off, end)
	if err == nil {
		return sent, nil
	}
	upper := strings.ToUpper(sql[off:end])
	for _, part := range []string{"SET_VAR", "RESOURCE_GROUP", "MAX_EXECUTION_TIME", "`", "'", `"`} {
		if strings.Contains(upper, part) {
			return "", err
		}
	}
	return "", nil
}

// planHints returns the hints to send, or an error about the first text that is
// not a hint that chooses a plan.
func planHints(sql string, off, end int) (string, *Refused) {
	var sent strings.Builder
	depth, quoted := 0, false
	for i := off; i < end; {
		c := sql[i]
		switch {
		case strings.IndexByte(hintText, c) < 0:
			return "", refuse(sql, i, i+1, "character in an optimizer hint", "names and brackets")
		case c == '`':
			quoted = !quoted
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && (isLetter(c) || c == '_'):
			from := i
			for i < end && (isLetter(sql[i]) || sql[i] == '_' || isDigit(sql[i])) {
				i++
			}
			name := sql[from:i]
			if n := timeLimitHint(sql[from:end]); n > 0 {
				i = from + n
				continue
			}
			if !isPlanHint(name) {
				return "", refuse(sql, from, i, "optimizer hint", "hints on joins, indexes, subqueries and derived tables")
			}
			sent.WriteString(name)
			continue
		}
		if depth < 0 || depth > 1 {
			return "", refuse(sql, i, i+1, "bracket in an optimizer hint", "NAME(…) NAME(…)")
		}
		sent.WriteByte(c)
		i++
	}
	if depth != 0 || quoted {
		return "", refuse(sql, off, end, "optimizer hint with an open bracket or back-quote", "NAME(…) NAME(…)")
	}
	return sent.String(), nil
}

// timeLimitHint returns the length of the hint MAX_EXECUTION_TIME(n) that s
// begins with, or 0 where s begins with something else or n is 0.
func timeLimitHint(s string) int {
	const name = "MAX_EXECUTION_TIME"
	if len(s) < len(name) || !strings.EqualFold(s[:len(name)], name) {
		return 0
	}
	inside, found := strings.CutPrefix(strings.TrimLeft(s[len(name):], " \t\r\n"), "(")
	number, after, closed := strings.Cut(inside, ")")
	number = strings.TrimSpace(number)
	if !found || !closed || strings.Trim(number, "0123456789") != "" || strings.Trim(number, "0") == "" {
		return 0
	}
	return len(s) - len(after)
}

// isPlanHint reports whether name is an optimizer hint that only chooses a plan
// (MySQL Reference Manual, Optimizer Hints; MariaDB Documentation, Optimizer
// Hints).
func isPlanHint(name string) bool {
	switch strings.TrimPrefix(strings.ToUpper(name), "NO_") {
	case "BKA", "BNL", "DERIVED_CONDITION_PUSHDOWN", "GROUP_INDEX", "HASH_JOIN",
		"ICP", "INDEX", "INDEX_MERGE", "JOIN_FIXED_ORDER", "JOIN_INDEX", "JOIN_ORDER",
		"JOIN_PREFIX", "JOIN_SUFFIX", "MERGE", "MRR", "ORDER_INDEX", "QB_NAME",
		"RANGE_OPTIMIZATION", "ROWID_FILTER", "SEMIJOIN", "SKIP_SCAN", "SPLIT_MATERIALIZED", "SUBQUERY":
		return true
	}
	return false
}
