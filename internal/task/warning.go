package task

import (
	"fmt"

	"exporttask/internal/format"
	"exporttask/internal/model"
	"exporttask/internal/source"
)

// warningTexts are the texts of warnings, without the count.
var warningTexts = map[format.WarningCode]string{
	format.GuardedFormula: "cells guarded against formulas",
	format.CutText:        "texts cut at the maximum length of a cell",
	format.IllegalChar:    "cells with characters that the format cannot represent, which were replaced",
	format.RoundedNumber:  "numbers rounded to the 15 digits that a spreadsheet keeps",
	format.NumberText:     "numbers stored as text because a spreadsheet would change them (more than 15 digits or leading zeros); declare the column's type as number to round them, or as text",
	format.ZeroDate:       "zero dates and days that do not exist, which are NULL in the file",
	format.LongDecimal:    "numbers of DECIMAL columns of more than 38 digits, stored as text",
	format.LongNumber:     "numbers with more digits than a double holds, written as strings; the option jsonNumbers writes all numbers as strings or none",
	format.OtherType:      "values that are not of their column's type, written as strings",
	format.NotNumber:      "values of columns declared as number that are no numbers, stored as text",
}

// NoteWarnings returns the notes of a data source on a statement as warnings.
func NoteWarnings(notes []source.Note) []model.Warning {
	out := make([]model.Warning, len(notes))
	for i, n := range notes {
		out[i] = model.Warning{Code: n.Code, Count: 1, Text: n.Text}
	}
	return out
}

// Warnings converts the warnings of an encoder to those of an instance.
func Warnings(list []format.Warning) []model.Warning {
	out := make([]model.Warning, len(list))
	for i, w := range list {
		out[i] = model.Warning{Code: string(w.Code), Count: w.Count, Text: fmt.Sprintf("%d %s", w.Count, warningTexts[w.Code])}
	}
	return out
}
