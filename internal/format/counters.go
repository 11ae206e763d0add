package format

// WarningCounts counts, while a file is written, what its warnings will say.
type WarningCounts struct{ Guarded, Cut, Illegal int64 }

// Warnings lists what was counted; nil where there was nothing.
func (t WarningCounts) Warnings() []Warning {
	var w []Warning
	if t.Guarded > 0 {
		w = append(w, Warning{GuardedFormula, t.Guarded})
	}
	if t.Cut > 0 {
		w = append(w, Warning{CutText, t.Cut})
	}
	if t.Illegal > 0 {
		w = append(w, Warning{IllegalChar, t.Illegal})
	}
	return w
}
