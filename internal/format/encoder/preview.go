package encoder

import (
	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// Text is the text of one cell in a file.
type Text struct {
	Text string
	Null bool
}

// Texts returns the text of every cell of the batch, row by row, as a file of
// the format has it: value maps and time zones applied, formulas guarded in
// CSV, long texts cut and illegal characters replaced in spreadsheets. Number
// formats of spreadsheets are not applied. It serves previews and does not
// release the batch. The error is that of row.Batch.Check.
func Texts(f Format, cols []format.Column, opt format.Options, b *row.Batch) ([][]Text, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	rows := make([][]Text, b.Len())
	for i := range rows {
		raw := cells(b.Row(i))
		rows[i] = make([]Text, len(cols))
		for k := range cols {
			rows[i][k] = text(f, &cols[k], opt, raw[cols[k].Index])
		}
	}
	return rows, nil
}

func cells(p []byte) [][]byte {
	var all [][]byte
	for len(p) > 0 {
		var c []byte
		c, p = row.Cell(p)
		all = append(all, c)
	}
	return all
}

func text(f Format, c *format.Column, opt format.Options, raw []byte) Text {
	if raw == nil {
		if f != CSV {
			return Text{Null: true}
		}
		return Text{Text: opt.NullText, Null: true}
	}
	shown := c.AppendText(nil, raw)
	if f == CSV {
		if c.Guarded() && !opt.NoGuard && format.IsFormula(shown) {
			return Text{Text: string(format.GuardPrefix) + string(shown)}
		}
		return Text{Text: string(shown)}
	}
	shown, _ = format.AppendLegalXML(nil, shown)
	shown, _ = format.CutUTF16(shown, format.MaxCellText)
	return Text{Text: string(shown)}
}
