package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// reference writes the same workbook as plainly as can be: one cell after
// another with fmt and encoding/xml, compressed by archive/zip. Whatever is
// fast in this package must read back as what this writes.
func reference(t testing.TB, cols []format.Column, opt format.Options, limit int, batches ...*row.Batch) []byte {
	t.Helper()
	var st styles
	var sheets []string
	var body strings.Builder
	next := limit + 1
	begin := func() {
		body.Reset()
		body.WriteString(xmlHead + `<worksheet xmlns="` + nsMain + `"><sheetData>`)
		next = 1
		if !opt.NoHeader {
			body.WriteString(`<row r="1">`)
			for i := range cols {
				body.WriteString(referenceText(fmt.Sprintf("%s1", columnName(i)), st.of(headerLook(cols[i].HeaderAlign())), []byte(cols[i].Label)))
			}
			body.WriteString(`</row>`)
			next = 2
		}
	}
	end := func() {
		sheets = append(sheets, body.String()+`</sheetData></worksheet>`)
	}
	begin()
	for _, b := range batches {
		for i := range b.Rows {
			if next > limit {
				end()
				begin()
			}
			fmt.Fprintf(&body, `<row r="%d">`, next)
			values := split(nil, b.Row(i))
			for c := range cols {
				if v := values[cols[c].Index]; v != nil {
					body.WriteString(referenceCell(&st, &cols[c], fmt.Sprintf("%s%d", columnName(c), next), v))
				}
			}
			body.WriteString(`</row>`)
			next++
		}
	}
	end()

	e := &Encoder{opt: opt, styles: st}
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	put := func(name, part string) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range sheets {
		put(sheetPath(i+1), s)
		e.sheets = append(e.sheets, sheet{name: opt.Sheet(i + 1)})
	}
	e.opt.NoFilter = true
	put("xl/styles.xml", e.styles.xml())
	put("xl/workbook.xml", e.workbook())
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func referenceCell(st *styles, c *format.Column, ref string, v []byte) string {
	text := c.AppendText(nil, v)
	plainText := func() string {
		var look xf
		if c.Stored() == format.AsText {
			look.format = c.Format
		}
		look.wrapped = bytes.Contains(text, []byte("\n"))
		if look.quoted = format.NeedsQuotePrefix(text); look.quoted && look.format == "" {
			look.format = "@"
		}
		return referenceText(ref, st.of(look), text)
	}
	value := func(format, s string) string {
		return fmt.Sprintf(`<c r="%s" s="%d"><v>%s</v></c>`, ref, st.of(xf{format: format}), s)
	}
	switch c.Stored() {
	case format.AsNumber:
		switch {
		case c.KeepsNumber(text):
		case c.Type == format.AsNumber && format.IsNumber(text):
			rounded, _, ok := format.AppendNumber(nil, text)
			if !ok {
				return plainText()
			}
			text = rounded
		default:
			return plainText()
		}
		return value(numberFormat(c), string(text))
	case format.AsDate, format.AsDateTime:
		s, ok := format.CellSerial(text, c.SerialPrecision())
		if !ok {
			return plainText()
		}
		return value(numberFormat(c), string(s.Append(nil)))
	case format.AsBool:
		switch b, ok := format.ParseBool(text); {
		case !ok:
			return plainText()
		case b:
			return fmt.Sprintf(`<c r="%s" t="b" s="%d"><v>1</v></c>`, ref, st.of(xf{format: numberFormat(c)}))
		default:
			return fmt.Sprintf(`<c r="%s" t="b" s="%d"><v>0</v></c>`, ref, st.of(xf{format: numberFormat(c)}))
		}
	case format.AsText, format.Auto:
	}
	return plainText()
}

func referenceText(ref string, style int, text []byte) string {
	text, _ = format.CutUTF16(text, format.MaxCellText)
	text, _ = format.AppendLegalXML(nil, text)
	// Overlapping escapes share an underscore: each is escaped on its own.
	var escaped strings.Builder
	for i, r := range string(text) {
		if r == '_' && escapes.Match(text[i:min(len(text), i+7)]) {
			escaped.WriteString("_x005F")
		}
		escaped.WriteRune(r)
	}
	var xmlText bytes.Buffer
	if err := xml.EscapeText(&xmlText, []byte(escaped.String())); err != nil {
		panic(err)
	}
	return fmt.Sprintf(`<c r="%s" t="inlineStr" s="%d"><is><t xml:space="preserve">%s</t></is></c>`, ref, style, xmlText.String())
}

// same fails where our file and the reference's do not have the same sheets
// with the same cells.
func same(t testing.TB, cols []format.Column, opt format.Options, limit int, batches ...*row.Batch) {
	t.Helper()
	want := readBook(t, reference(t, cols, opt, limit, batches...))
	file, _ := writeLimited(t, cols, opt, limit, batches...)
	got := readBook(t, file)
	if d := cmp.Diff(want.Names, got.Names); d != "" {
		t.Errorf("sheets (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want.Cells, got.Cells); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
}

func TestEncoder_Encode_reference(t *testing.T) {
	for _, size := range []int{1, 3000, 1 << 30} { // bytes of a batch
		for _, opt := range []format.Options{{Workers: 1}, {Workers: 4}, {Workers: 2, Small: true}, {NoHeader: true}} {
			t.Run(fmt.Sprintf("batches of %d, %+v", size, opt), func(t *testing.T) {
				same(t, orderColumns(), opt, maxRows, orders(1, 400, size)...)
			})
		}
	}
}

func TestEncoder_Encode_selected_columns(t *testing.T) {
	all := orderColumns()
	cols := []format.Column{all[9], all[0], all[9], all[8], all[5]}
	cols[2].Type, cols[3].Type, cols[4].Format = format.AsText, format.AsDate, `#,##0.00 "元"`
	same(t, cols, format.Options{}, maxRows, orders(1, 1000, 1<<16)...)
}

// anyColumns has a column of each kind, each with each declared type.
func anyColumns() []format.Column {
	var cols []format.Column
	for kind := row.Text; kind <= row.Geometry; kind++ {
		for typ := format.Auto; typ <= format.AsBool; typ++ {
			cols = append(cols, format.Column{
				Source: row.Column{Kind: kind, Scale: 3, Length: int64(typ) * 5, Zerofill: typ == format.Auto && kind == row.Decimal},
				Label:  fmt.Sprint(kind, typ), Type: typ,
			})
		}
	}
	for i := range cols {
		if i%7 == 3 {
			cols[i].Map = map[string]string{"1": "paid", "0": "2026-01-31"}
		}
	}
	return cols
}

// odd are values at the edges of every rule.
var odd = []string{
	"", " ", "0", "1", "-1", "-0", "00", "007", "0.5", "-0.5", ".5", "5.", "1.2.3", "+1", "1e5", "1e-7", "1E+400", "--1", "-",
	"999999999999999", "1000000000000000", "-999999999999999", "-1234567890123456", "12345678901234.5", "123456789012345.6",
	"1234567890.0000000000", "0.000000000000001", "0.12345678901234567", "0.1234567890123456789", "0000000042", "18446744073709551615",
	"2026-01-31", "2026-02-29", "2024-02-29", "1900-02-28", "1900-03-01", "1899-12-31", "0000-00-00", "0000-00-00 00:00:00", "9999-12-31 23:59:59.999999",
	"2026-01-31 00:00:00", "2026-01-31 23:59:59", "2026-01-31 12:00:00", "2026-01-31 24:00:00", "2026-01-31 23:60:00", "2026-01-31T01:02:03", "2026-01-31 01:02:03.5",
	"2026-01-31 1:02:03", "2026-01-3a", "2026-01-31 01-02-03", "2026-01-31x01:02:03", "2026-01-31 12;00:00", "2026-01-31 12:00;00", "2026-00-10", "-838:59:59", "12:00:00",
	"=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "<&>\"'", "]]>", "a\rb", "a\r\nb", "\r", "\n", "a\n", "\ta", "_x0041_", "_x000D_", "_x_x0041_", "_x0041_x0042_", "_X0041_", "_x004", "__x0041__",
	"\x00", "a\x01b", "\x1f", "\x7f", "\xff", "a\xe4\xb8", "\xed\xa0\x80", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xef\xbf\xbd", "\xc0\x80", "\xf4\x90\x80\x80",
	"李伟", "1234567李", "😀", "a😀b", "12345678", "1234567&", "&1234567", "12345678<", "12345678_", "note _x00e9_ tail", "true", "FALSE", "yes",
}

func TestEncoder_Encode_odd_values(t *testing.T) {
	cols := anyColumns()
	for i := range cols {
		cols[i].Index = 0
	}
	b := new(row.Batch)
	b.Append(nil)
	for _, v := range odd {
		b.Append([]byte(v))
		b.Append([]byte(v + v))
		b.Append([]byte("12345678" + v + "12345678"))
	}
	same(t, cols, format.Options{}, maxRows, b)
}

// TestShortNumber_following_bytes has a number whose neighbour in the
// batch looks like what ends a number's cell in the file: the length of the text
// behind it is a "<".
func TestShortNumber_following_bytes(t *testing.T) {
	b := new(row.Batch)
	for range 3 {
		b.Append([]byte("1234567"), []byte("/v></c><c t=\"inlineStr\""+strings.Repeat("x", 37)))
	}
	cols := []format.Column{single(row.Int, -1), single(row.Text, -1)}
	cols[1].Index = 1
	same(t, cols, format.Options{}, maxRows, b)
}

// TestRowWriter_open_far_repeats has cells whose like stands more than
// 32 KiB before them, in the row and in the column.
func TestRowWriter_open_far_repeats(t *testing.T) {
	for _, n := range []int{16_300, 20_000, 32_000} {
		long := bytes.Repeat([]byte("long text "), n/10)
		b := new(row.Batch)
		for range 3 {
			b.Append([]byte("1234567.5"), []byte("2026-01-31"), long, long, []byte("1234567.5"), []byte("2026-01-31"))
		}
		cols := []format.Column{single(row.Decimal, 1), single(row.Date, 0), single(row.Text, -1), single(row.Text, -1), single(row.Decimal, 1), single(row.Date, 0)}
		for i := range cols {
			cols[i].Index = i
		}
		same(t, cols, format.Options{}, maxRows, b)
	}
}

// FuzzRowWriter_cell holds cells of every kind against the reference: two values, in
// rows one after another so that each is also a repeat.
func FuzzRowWriter_cell(f *testing.F) {
	for i, v := range odd {
		f.Add([]byte(v), []byte(odd[len(odd)-1-i]), uint64(i))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		cols := anyColumns()
		rng.Shuffle(len(cols), func(i, j int) { cols[i], cols[j] = cols[j], cols[i] })
		cols = cols[:1+rng.IntN(12)]
		values := [][]byte{a, b, nil, append(bytes.Clone(a), b...)}
		batches := []*row.Batch{new(row.Batch)}
		for range 1 + rng.IntN(12) {
			r := make([][]byte, len(cols))
			for c := range cols {
				cols[c].Index = c
				r[c] = values[rng.IntN(len(values))]
			}
			last := batches[len(batches)-1]
			last.Append(r...)
			if rng.IntN(3) == 0 {
				batches = append(batches, new(row.Batch))
			}
		}
		limit := maxRows
		if rng.IntN(2) == 0 {
			limit = 2 + rng.IntN(5)
		}
		same(t, cols, format.Options{Workers: 1 + rng.IntN(3), Small: rng.IntN(2) == 0, NoHeader: rng.IntN(4) == 0}, limit, batches...)
	})
}
