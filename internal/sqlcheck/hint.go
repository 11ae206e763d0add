package sqlcheck

import "strings"

// hintText holds the characters that an optimizer hint may consist of: names,
// query blocks (@qb), lists and brackets. Quotes, "=" and comments are excluded.
const hintText = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@.,() \t\r\n"

// checkHint checks sql[off:end], the inside of /*+ … */. Each name outside
// brackets must be a hint that chooses a plan. SET_VAR, MAX_EXECUTION_TIME and
// RESOURCE_GROUP are refused, because they change the limits of the session.
func checkHint(sql string, off, end int) *Refused {
	depth := 0
	for i := off; i < end; {
		c := sql[i]
		switch {
		case strings.IndexByte(hintText, c) < 0:
			return refuse(sql, i, i+1, "character in an optimizer hint", "names and brackets")
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && (isLetter(c) || c == '_'):
			from := i
			for i < end && (isLetter(sql[i]) || sql[i] == '_' || isDigit(sql[i])) {
				i++
			}
			if !isPlanHint(sql[from:i]) {
				return refuse(sql, from, i, "optimizer hint", "hints on joins, indexes, subqueries and derived tables")
			}
			continue
		}
		if depth < 0 || depth > 1 {
			return refuse(sql, i, i+1, "bracket in an optimizer hint", "NAME(…) NAME(…)")
		}
		i++
	}
	if depth != 0 {
		return refuse(sql, off, end, "optimizer hint with an open bracket", "NAME(…) NAME(…)")
	}
	return nil
}

// isPlanHint reports whether name is an optimizer hint of MySQL that only
// chooses a plan (MySQL Reference Manual, Optimizer Hints).
func isPlanHint(name string) bool {
	switch strings.TrimPrefix(strings.ToUpper(name), "NO_") {
	case "BKA", "BNL", "DERIVED_CONDITION_PUSHDOWN", "GROUP_INDEX", "HASH_JOIN",
		"ICP", "INDEX", "INDEX_MERGE", "JOIN_FIXED_ORDER", "JOIN_INDEX", "JOIN_ORDER",
		"JOIN_PREFIX", "JOIN_SUFFIX", "MERGE", "MRR", "ORDER_INDEX", "QB_NAME",
		"RANGE_OPTIMIZATION", "SEMIJOIN", "SKIP_SCAN", "SUBQUERY":
		return true
	}
	return false
}
