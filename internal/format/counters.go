package format

// WarningCounts counts the cells that the warnings of a file are about.
type WarningCounts struct{ Guarded, Cut, Illegal int64 }

// Warnings returns the warnings whose count is not 0.
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
