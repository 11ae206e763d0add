package format

import (
	"cmp"
	"strconv"
	"strings"
)

// maxSheetName is the maximum length of a sheet name in UTF-16 code units.
const maxSheetName = 31

// Sheet returns the name of the n-th sheet, from 1, of a workbook with the options.
func (o *Options) Sheet(n int) string { return SheetName(cmp.Or(o.SheetName, o.Title), n) }

// Label returns the label of the row of totals.
func (o *Options) Label() string { return cmp.Or(o.TotalLabel, "Total") }

// SheetName returns the name of the n-th sheet, from 1, of a workbook: base,
// "base (2)", "base (3)". The name is valid in Excel: it has at most 31 UTF-16
// code units, []:*?/\ and control characters are replaced by "_", apostrophes
// at both ends are removed, an empty name is "Sheet1", and "History", which
// Excel reserves, is "History_". The names of different n differ even if base
// is cut.
func SheetName(base string, n int) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff || strings.ContainsRune(`[]:*?/\`, r) {
			return '_'
		}
		return r // strings.Map passes invalid UTF-8 as U+FFFD
	}, base)
	clean = strings.Trim(strings.TrimSpace(clean), "'")
	if strings.EqualFold(clean, "History") {
		clean += "_"
	}
	if clean == "" {
		clean = "Sheet1"
	}
	suffix := ""
	if n > 1 {
		suffix = " (" + strconv.Itoa(n) + ")"
	}
	head, _ := CutUTF16([]byte(clean), maxSheetName-len(suffix))
	return strings.TrimRight(string(head), "'") + suffix
}
