package model

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// columnsOf holds the columns of a template or schedule as text, to find out what
// a change has changed.
type columnsOf []struct{ name, value string }

// notAudited are columns that a client does not set itself.
var notAudited = []string{"etplResultColumns", "etplStatus", "status", "nextDue", "heldUntil", "failures", "lateNotified", "lastProblem"}

// snapshotOf returns the columns of a *Tpl or *Sched.
func snapshotOf(object any) (columnsOf, error) {
	v := reflect.ValueOf(object).Elem()
	var columns columnsOf
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("db")
		if name == "" || slices.Contains(notAudited, name) {
			continue
		}
		var b strings.Builder
		if err := writeLiteral(&b, v.Field(i).Interface()); err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		columns = append(columns, struct{ name, value string }{name, b.String()})
	}
	return columns, nil
}

// diff returns the names of the columns that differ.
func (c columnsOf) diff(other columnsOf) (names []string) {
	for i := range c {
		if c[i] != other[i] {
			names = append(names, c[i].name)
		}
	}
	return names
}
