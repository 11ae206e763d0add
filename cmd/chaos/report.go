package main

import (
	"fmt"
	"io"
	"strconv"
)

// report prints figures and counts those that exceed their bounds.
type report struct {
	out    io.Writer
	prefix string
	failed int
}

func (r *report) atMost(name string, value, bound float64) {
	r.line(name, value, "<=", bound, value <= bound)
}

func (r *report) atLeast(name string, value, bound float64) {
	r.line(name, value, ">=", bound, value >= bound)
}

func (r *report) exactly(name string, value, want int) {
	r.line(name, float64(value), "=", float64(want), value == want)
}

func (r *report) line(name string, value float64, op string, bound float64, ok bool) {
	mark := ""
	if !ok {
		r.failed++
		mark = "  FALLS SHORT"
	}
	fmt.Fprintf(r.out, "%s%s: %s (wanted %s %s)%s\n", r.prefix, name, number(value), op, number(bound), mark)
}

func (r *report) note(format string, args ...any) {
	fmt.Fprintf(r.out, r.prefix+format+"\n", args...)
}

func number(v float64) string {
	return strconv.FormatFloat(float64(int64(v*1000+0.5))/1000, 'f', -1, 64)
}
