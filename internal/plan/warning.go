package plan

import (
	"fmt"

	"exporttask/internal/model"
	"exporttask/internal/render/cell"
)

// warningTexts say what a warning's count counts.
var warningTexts = map[cell.WarningCode]string{
	cell.GuardedFormula: "cells guarded against formulas",
	cell.CutText:        "texts cut at the format's longest",
	cell.IllegalChar:    "cells with characters that the format cannot hold",
}

// Warnings puts what an encoder warned of into words.
func Warnings(list []cell.Warning) []model.Warning {
	out := make([]model.Warning, len(list))
	for i, w := range list {
		out[i] = model.Warning{Code: string(w.Code), Count: w.Count, Text: fmt.Sprintf("%d %s", w.Count, warningTexts[w.Code])}
	}
	return out
}
