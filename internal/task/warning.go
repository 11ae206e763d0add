package task

import (
	"fmt"

	"exporttask/internal/format"
	"exporttask/internal/model"
)

// warningTexts are the texts of warnings, without the count.
var warningTexts = map[format.WarningCode]string{
	format.GuardedFormula: "cells guarded against formulas",
	format.CutText:        "texts cut at the format's longest",
	format.IllegalChar:    "cells with characters that the format cannot hold",
}

// Warnings converts the warnings of an encoder to those of an instance.
func Warnings(list []format.Warning) []model.Warning {
	out := make([]model.Warning, len(list))
	for i, w := range list {
		out[i] = model.Warning{Code: string(w.Code), Count: w.Count, Text: fmt.Sprintf("%d %s", w.Count, warningTexts[w.Code])}
	}
	return out
}
