package encoder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"exporttask/internal/format"
	"exporttask/internal/format/jsonl"
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
// formats of spreadsheets are not applied. Strings of JSON Lines have no quotes. It
// serves previews and does not release the batch. The error is that of
// row.Batch.Check.
func Texts(f Format, cols []format.Column, opt format.Options, b *row.Batch) ([][]Text, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	if f == JSONL {
		return jsonTexts(cols, opt, b)
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

// jsonTexts is Texts for JSON Lines, read from the lines of a file.
func jsonTexts(cols []format.Column, opt format.Options, b *row.Batch) ([][]Text, error) {
	var file bytes.Buffer
	enc, err := jsonl.New(&file, cols, opt)
	if err != nil {
		return nil, err
	}
	batch := *b
	batch.Free = nil // the caller keeps the rows
	if err := errors.Join(enc.Encode(&batch), enc.Close()); err != nil {
		return nil, err
	}
	var rows [][]Text
	for line := range bytes.Lines(file.Bytes()) {
		d := json.NewDecoder(bytes.NewReader(line))
		_, _ = d.Token() // the brace; the encoder writes valid lines
		texts := make([]Text, len(cols))
		for i := range texts {
			var value json.RawMessage
			_, _ = d.Token()
			if err := d.Decode(&value); err != nil {
				return nil, fmt.Errorf("json lines: %w", err)
			}
			if texts[i].Null = string(value) == "null"; texts[i].Null {
				continue
			}
			if json.Unmarshal(value, &texts[i].Text) != nil {
				texts[i].Text = string(value)
			}
		}
		rows = append(rows, texts)
	}
	return rows, nil
}

// parquetText is text for a Parquet file, whose zero dates are NULL and whose
// instants are in UTC.
func parquetText(c *format.Column, raw []byte) Text {
	if raw == nil {
		return Text{Null: true}
	}
	isDate := c.Map == nil && c.Type != format.AsText && (c.Source.Kind == row.Date || c.Source.Kind == row.DateTime)
	if isDate && !format.IsDay(raw) {
		return Text{Null: true}
	}
	if isDate && c.Type != format.AsDate && !c.Zone.IsZero() {
		return Text{Text: string(format.Zone{From: c.Zone.From}.AppendRFC3339(nil, raw))}
	}
	return Text{Text: strings.ToValidUTF8(string(c.AppendText(nil, raw)), "\uFFFD")}
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
	if f == Parquet {
		return parquetText(c, raw)
	}
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
