package model

import "strings"

// perRow returns "CASE einstId WHEN ? THEN ? … END", an expression that gives
// each of several instances a value of its own in one UPDATE, and appends its
// arguments to args.
func perRow[T any](args []any, list []T, id func(T) int64, value func(T) any) (expr string, all []any) {
	for _, x := range list {
		args = append(args, id(x), value(x))
	}
	return "CASE einstId" + strings.Repeat(" WHEN ? THEN ?", len(list)) + " END", args
}
