package format

import (
	"strconv"
	"strings"
)

// UniqueNames returns the labels of the columns as names that are all different:
// the second column of a label gets "_2" behind it, the third "_3", and so on,
// without using the name of another column. An empty label becomes "column_N". In
// a file whose readers do not distinguish upper and lower case, fold treats names
// that differ in case only as equal. Invalid UTF-8 is replaced by U+FFFD.
func UniqueNames(cols []Column, fold bool) []string {
	key := func(name string) string {
		if fold {
			return strings.ToLower(name)
		}
		return name
	}
	names := make([]string, len(cols))
	taken := make(map[string]bool, len(cols)) // labels, and names that were given
	for i := range cols {
		names[i] = strings.ToValidUTF8(cols[i].Label, "\uFFFD")
		if names[i] == "" {
			names[i] = "column_" + strconv.Itoa(i+1)
		}
		taken[key(names[i])] = true
	}
	times := make(map[string]int, len(cols))
	for i, name := range names {
		k := key(name)
		n := times[k] + 1
		for ; n > 1; n++ {
			if next := name + "_" + strconv.Itoa(n); !taken[key(next)] {
				names[i] = next
				taken[key(next)] = true
				break
			}
		}
		times[k] = n
	}
	return names
}
