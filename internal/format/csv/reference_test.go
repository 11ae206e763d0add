package csv

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// reference writes the file in the plainest way there is; the encoder must
// write the same bytes. It is UTF-8 only.
func reference(cols []format.Column, opt format.Options, rows [][][]byte) (string, format.WarningCounts) {
	var b strings.Builder
	var counts format.WarningCounts
	delim, eol := ",", "\r\n"
	if opt.Delimiter != 0 {
		delim = string(rune(opt.Delimiter))
	}
	if opt.LF {
		eol = "\n"
	}
	write := func(text string, guard bool) {
		quote := opt.QuoteAll || strings.ContainsAny(text, delim+"\"\r\n") || strings.Trim(text, " \t") != text
		if text == opt.NullText || text == "" && len(cols) == 1 {
			quote = true
		}
		if guard && format.IsFormula([]byte(text)) {
			counts.Guarded++
			text = "'" + text
		}
		if quote {
			text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		}
		b.WriteString(text)
	}
	line := func(n int, write func(i int)) {
		for i := range n {
			if i > 0 {
				b.WriteString(delim)
			}
			write(i)
		}
		b.WriteString(eol)
	}
	if opt.BOM {
		b.WriteString("\uFEFF")
	}
	if !opt.NoHeader {
		line(len(cols), func(i int) { write(cols[i].Label, !opt.NoGuard && !cols[i].Unguard) })
	}
	for _, cells := range rows {
		line(len(cols), func(i int) {
			raw := cells[cols[i].Index]
			switch {
			case raw != nil:
				write(string(cols[i].AppendText(nil, raw)), !opt.NoGuard && cols[i].Guarded())
			case opt.NullText == "" && len(cols) == 1:
				b.WriteString(`""`)
			default:
				b.WriteString(opt.NullText)
			}
		})
	}
	return b.String(), counts
}

// encode writes rows with the encoder under test, in batches of per rows: cell
// by cell, as plain rows, and as plain rows with other bytes behind the last,
// which must all make the same file.
func encode(t testing.TB, cols []format.Column, opt format.Options, rows [][][]byte, per int) (string, format.Summary) {
	t.Helper()
	text, sum := encodeAs(t, cols, opt, rows, per, false, "")
	for _, behind := range []string{"", strings.Repeat(`",`+"\r\n;\x00\xfb\xff", 2*overhang)} {
		got, gotSum := encodeAs(t, cols, opt, rows, per, true, behind)
		if got != text {
			at := 0
			for at < min(len(got), len(text)) && got[at] == text[at] {
				at++
			}
			t.Fatalf("%d bytes behind the rows: as plain rows it differs from byte %d of %d: got %.80q, want %.80q", len(behind), at, len(text), got[at:], text[at:])
		}
		if diff := cmp.Diff(sum, gotSum); diff != "" {
			t.Fatalf("%d bytes behind the rows: summary: -cell by cell +as plain rows\n%s", len(behind), diff)
		}
	}
	return text, sum
}

// encodeAs writes rows, those that are plain as such or cell by cell, each batch
// with some bytes behind its rows.
func encodeAs(t testing.TB, cols []format.Column, opt format.Options, rows [][][]byte, per int, plain bool, behind string) (string, format.Summary) {
	t.Helper()
	var out bytes.Buffer
	e := newEncoder(t, &out, cols, opt, plain)
	for len(rows) > 0 {
		n := min(per, len(rows))
		b := &row.Batch{}
		for _, cells := range rows[:n] {
			b.Append(cells...)
		}
		b.Data = append(b.Data, behind...)
		rows = rows[n:]
		if err := e.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), e.Summary()
}

// newEncoder makes an encoder that writes plain rows as such, also on machines
// where that is slower, or one that never does.
func newEncoder(t testing.TB, w io.Writer, cols []format.Column, opt format.Options, plain bool) *Encoder {
	t.Helper()
	enc, err := New(w, cols, opt)
	if err != nil {
		t.Fatal(err)
	}
	e := enc.(*Encoder)
	e.plain.on = plain && e.mayBePlain()
	return e
}
