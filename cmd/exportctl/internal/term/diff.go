package term

import (
	"fmt"
	"slices"
	"strings"
)

// context is the number of equal lines shown around a change.
const context = 3

// Diff returns the difference between a and b by lines: removed lines after "-",
// added lines after "+", and up to three equal lines around them. It is empty if
// the texts are equal.
func Diff(a, b string) string {
	if a == b {
		return ""
	}
	edits := edit(lines(a), lines(b))
	keep := make([]bool, len(edits))
	for i, e := range edits {
		if e.sign != ' ' {
			for k := max(0, i-context); k <= min(len(edits)-1, i+context); k++ {
				keep[k] = true
			}
		}
	}
	var out strings.Builder
	for i, e := range edits {
		switch {
		case keep[i]:
			fmt.Fprintf(&out, "%c %s\n", e.sign, Plain(e.line))
		case i == 0 || keep[i-1]:
			out.WriteString("  …\n")
		}
	}
	return out.String()
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

type edited struct {
	sign rune // ' ', '-' or '+'
	line string
}

// maxTable bounds the memory of a comparison, in cells of its table. Larger texts
// are shown as removed and added completely.
const maxTable = 1 << 22

// edit returns the shortest edit from a to b, by their longest common subsequence.
func edit(a, b []string) []edited {
	if len(a)*len(b) > maxTable {
		var out []edited
		for _, line := range a {
			out = append(out, edited{'-', line})
		}
		for _, line := range b {
			out = append(out, edited{'+', line})
		}
		return out
	}
	common := make([][]int, len(a)+1) // of a[i:] and b[k:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i, v := range slices.Backward(a) {
		for k := len(b) - 1; k >= 0; k-- {
			if v == b[k] {
				common[i][k] = common[i+1][k+1] + 1
			} else {
				common[i][k] = max(common[i+1][k], common[i][k+1])
			}
		}
	}
	var out []edited
	i, k := 0, 0
	for i < len(a) || k < len(b) {
		switch {
		case i < len(a) && k < len(b) && a[i] == b[k]:
			out = append(out, edited{' ', a[i]})
			i, k = i+1, k+1
		case i < len(a) && (k == len(b) || common[i+1][k] >= common[i][k+1]):
			out = append(out, edited{'-', a[i]})
			i++
		default:
			out = append(out, edited{'+', b[k]})
			k++
		}
	}
	return out
}
