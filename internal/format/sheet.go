package format

import (
	"strconv"
	"strings"
)

// maxSheetName is the longest name of a sheet, in UTF-16 units.
const maxSheetName = 31

// SheetName is the name of the n-th sheet, from 1, of a workbook whose sheets
// are called base: "Orders", "Orders (2)", "Orders (3)". It is a name that
// Excel takes: at most 31 UTF-16 units, none of []:*?/\ or control characters
// (each becomes "_"), no apostrophe at either end, neither empty (then
// "Sheet1") nor "History", which Excel keeps for itself. Names of different n
// differ, also where base is cut.
func SheetName(base string, n int) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff || strings.ContainsRune(`[]:*?/\`, r) {
			return '_'
		}
		return r // a byte that is no UTF-8 arrives as U+FFFD and is written so
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
