package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// shown is a cell as a reader finds it.
type shown struct {
	Type   string // the t attribute
	Format string // number format
	Value  string // content of v or is/t, with the escapes of ST_Xstring decoded
	Look   string // "quoted", "wrapped" or both

	Formula string
}

// book is a workbook read back by the book: archive/zip and encoding/xml.
type book struct {
	Names []string
	Cells []map[string]shown // per sheet, by reference
	Parts map[string]string
}

// readBook reads a workbook and fails where a part is missing or not well
// formed.
func readBook(t testing.TB, file []byte) book {
	t.Helper()
	b := book{Parts: readParts(t, file)}
	formats := b.formats(t)
	var wb struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
		} `xml:"sheets>sheet"`
	}
	b.parse(t, "xl/workbook.xml", &wb)
	for i, s := range wb.Sheets {
		b.Names = append(b.Names, s.Name)
		b.Cells = append(b.Cells, b.cells(t, sheetPath(i+1), formats))
	}
	return b
}

// readParts reads the parts' text.
func readParts(t testing.TB, file []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("zip: %v", err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		part, err := io.ReadAll(r) // checks the CRC and the sizes
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		parts[f.Name] = string(part)
	}
	return parts
}

func (b *book) parse(t testing.TB, part string, into any) {
	t.Helper()
	if err := xml.Unmarshal([]byte(b.Parts[part]), into); err != nil {
		t.Fatalf("%s: %v", part, err)
	}
}

// formats returns the number format and the look of each cell style.
func (b *book) formats(t testing.TB) []shown {
	t.Helper()
	var st struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Styles []struct {
			ID     int  `xml:"numFmtId,attr"`
			Quoted bool `xml:"quotePrefix,attr"`
			Align  struct {
				Wrap bool `xml:"wrapText,attr"`
			} `xml:"alignment"`
		} `xml:"cellXfs>xf"`
	}
	b.parse(t, "xl/styles.xml", &st)
	codes := map[int]string{0: "", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 49: "@"}
	for _, f := range st.Formats {
		codes[f.ID] = f.Code
	}
	var formats []shown
	for _, s := range st.Styles {
		code, ok := codes[s.ID]
		if !ok {
			t.Fatalf("style with number format %d, which is nowhere", s.ID)
		}
		look := ""
		if s.Quoted {
			look = "quoted"
		}
		if s.Align.Wrap {
			look += "wrapped"
		}
		formats = append(formats, shown{Format: code, Look: look})
	}
	return formats
}

func (b *book) cells(t testing.TB, part string, formats []shown) map[string]shown {
	t.Helper()
	var ws struct {
		Rows []struct {
			R     int `xml:"r,attr"`
			Cells []struct {
				R      string  `xml:"r,attr"`
				T      string  `xml:"t,attr"`
				S      int     `xml:"s,attr"`
				V      *string `xml:"v"`
				F      string  `xml:"f"`
				Inline *struct {
					Text  string `xml:",chardata"`
					Space string `xml:"http://www.w3.org/XML/1998/namespace space,attr"`
				} `xml:"is>t"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	b.parse(t, part, &ws)
	cells := map[string]shown{}
	lastRow := 0
	for _, r := range ws.Rows {
		if r.R <= lastRow {
			t.Errorf("%s: row %d after row %d", part, r.R, lastRow)
		}
		lastRow = r.R
		lastCol := 0
		for _, c := range r.Cells {
			col, num := splitRef(t, c.R)
			if num != r.R || col <= lastCol {
				t.Errorf("%s: cell %s in row %d behind column %d", part, c.R, r.R, lastCol)
			}
			lastCol = col
			s := formats[c.S]
			s.Type = c.T
			switch {
			case c.T == "inlineStr" && c.Inline != nil && c.V == nil:
				s.Value = unescape(c.Inline.Text)
				if s.Value != strings.Trim(s.Value, " \t\n\r") && c.Inline.Space != "preserve" {
					t.Errorf("%s: %s: %q without xml:space", part, c.R, s.Value)
				}
			case c.T != "inlineStr" && c.Inline == nil && c.V != nil:
				s.Value = *c.V
				s.Formula = c.F
			case c.T == "" && c.Inline == nil && c.S != 0:
				continue // a background alone
			default:
				t.Errorf("%s: cell %s of type %q has the wrong child", part, c.R, c.T)
			}
			cells[c.R] = s
		}
	}
	return cells
}

func splitRef(t testing.TB, ref string) (col, num int) {
	t.Helper()
	letters := strings.TrimRight(ref, "0123456789")
	for _, c := range letters {
		col = col*26 + int(c-'A') + 1
	}
	num, err := strconv.Atoi(ref[len(letters):])
	if err != nil {
		t.Fatalf("reference %q", ref)
	}
	return col, num
}

var escapes = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescape undoes ST_Xstring's escapes from left to right.
func unescape(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		n, _ := strconv.ParseUint(e[2:6], 16, 16)
		return string(utf16.Decode([]uint16{uint16(n)}))
	})
}

// write encodes the batches with our encoder and returns the file.
func write(t testing.TB, cols []format.Column, opt format.Options, batches ...*row.Batch) ([]byte, format.Summary) {
	t.Helper()
	return writeLimited(t, cols, opt, maxRows, batches...)
}

func writeLimited(t testing.TB, cols []format.Column, opt format.Options, limit int, batches ...*row.Batch) ([]byte, format.Summary) {
	t.Helper()
	var file bytes.Buffer
	e, err := newEncoder(&file, cols, opt, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := e.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), e.Summary()
}

// one makes a batch of rows of one column; nil is NULL.
func one(values ...any) *row.Batch {
	b := new(row.Batch)
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b.Append(nil)
		case []byte:
			b.Append(v)
		default:
			b.Append([]byte(fmt.Sprint(v)))
		}
	}
	return b
}

// single is one column of a kind, named v.
func single(kind row.Kind, scale int) format.Column {
	return format.Column{Source: row.Column{Name: "v", Kind: kind, Scale: scale, Length: 20}, Label: "v"}
}

// column reads the cells A2, A3, … of the first sheet; NULL is an empty shown.
func columnOf(b book, n int) []shown {
	var got []shown
	for i := range n {
		got = append(got, b.Cells[0]["A"+strconv.Itoa(i+2)])
	}
	return got
}
