package task

import (
	"fmt"

	"exporttask/internal/format"
	"exporttask/internal/model"
)

// warningTexts say what a warning's count counts.
var warningTexts = map[format.WarningCode]string{
	format.GuardedFormula: "cells guarded against formulas",
	format.CutText:        "texts cut at the format's longest",
	format.IllegalChar:    "cells with characters that the format cannot hold",
}

// Warnings puts what an encoder warned of into words.
func Warnings(list []format.Warning) []model.Warning {
	out := make([]model.Warning, len(list))
	for i, w := range list {
		out[i] = model.Warning{Code: string(w.Code), Count: w.Count, Text: fmt.Sprintf("%d %s", w.Count, warningTexts[w.Code])}
	}
	return out
}
