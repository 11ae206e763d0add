package format

// WarningCounts counts the cells that the warnings of a file are about.
type WarningCounts struct {
	Guarded, Cut, Illegal, Rounded, NumberText, NotNumber, LongNumber, OtherType, ZeroDate, LongDecimal int64
}

// Add adds the counts of more.
func (t *WarningCounts) Add(more *WarningCounts) {
	t.Guarded += more.Guarded
	t.Cut += more.Cut
	t.Illegal += more.Illegal
	t.Rounded += more.Rounded
	t.NumberText += more.NumberText
	t.NotNumber += more.NotNumber
	t.LongNumber += more.LongNumber
	t.OtherType += more.OtherType
	t.ZeroDate += more.ZeroDate
	t.LongDecimal += more.LongDecimal
}

// Warnings returns the warnings whose count is not 0.
func (t *WarningCounts) Warnings() []Warning {
	var list []Warning
	for _, w := range []Warning{
		{GuardedFormula, t.Guarded},
		{CutText, t.Cut},
		{IllegalChar, t.Illegal},
		{RoundedNumber, t.Rounded},
		{NumberText, t.NumberText},
		{NotNumber, t.NotNumber},
		{LongNumber, t.LongNumber},
		{OtherType, t.OtherType},
		{ZeroDate, t.ZeroDate},
		{LongDecimal, t.LongDecimal},
	} {
		if w.Count > 0 {
			list = append(list, w)
		}
	}
	return list
}
