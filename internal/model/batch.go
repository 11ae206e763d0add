package model

import "strings"

// cases builds "CASE einstId WHEN ? THEN ? … END", which gives each of several
// rows a value of its own in one UPDATE, and adds its arguments to args.
func cases[T any](args []any, list []T, id func(T) int64, value func(T) any) (string, []any) {
	var b strings.Builder
	b.WriteString("CASE einstId")
	for _, x := range list {
		b.WriteString(" WHEN ? THEN ?")
		args = append(args, id(x), value(x))
	}
	b.WriteString(" END")
	return b.String(), args
}

// places is n placeholders between commas.
func places(n int) string { return strings.Repeat(", ?", n)[2:] }
