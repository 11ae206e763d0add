//go:build readers

package xls

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// These tests open the files with readers that nobody here wrote. A reader
// that is missing is a failure. They need
//
//	apt-get install --no-install-recommends python3-xlrd gnumeric libreoffice-calc-nogui nodejs npm
//	npm install --prefix DIR xlsx@0.18.5    and NODE_PATH=DIR/node_modules

// program finds a reader's program.
func program(t *testing.T, name, from string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("the reader %s is missing, install %s: %v", name, from, err)
	}
	return p
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, errs.Bytes())
	}
	return out
}

// oddTable is a table of everything that a reader could stumble over: orders,
// then all kinds of values, texts of every length around the edges of records,
// rows and cells that are missing.
func oddTable() ([]format.Column, *row.Batch) {
	cols := orderColumns()
	truth := format.Column{Index: len(cols), Label: "paid", Source: row.Column{Kind: row.Int}, Type: format.AsBool}
	day := format.Column{Index: len(cols) + 1, Label: "日期", Source: row.Column{Kind: row.Date}}
	cols = append(cols, truth, day)
	b := &row.Batch{}
	for n := 1; n <= 700; n++ {
		c := order(n)
		c = append(c, strconv.AppendInt(nil, int64(n%2), 10), fmt.Appendf(nil, "2026-%02d-%02d", 1+n%12, 1+n%28))
		switch {
		case n%9 == 0:
			c[0] = []byte("18446744073709551615")
			c[5] = []byte("12345678901234567.89")
			c[8] = []byte("0000-00-00 00:00:00")
			c[11] = []byte("1900-02-28")
		case n%11 == 0:
			c[0] = []byte("00000042")
			c[2] = []byte("=1+1")
			c[3] = []byte("")
			c[6] = []byte("1e-7")
		case n%12 == 0:
			c[9] = []byte("a\x00b") // not shared: stands in the string table each time
		case n%13 == 0:
			c[2] = []byte(strings.Repeat("x", 17*n))
			c[9] = []byte(strings.Repeat("中文", 3*n) + "é😀")
		case n > 100 && n < 170:
			for i := range c {
				c[i] = nil
			}
		}
		b.Append(c...)
	}
	b.Append(nil, nil, []byte(strings.Repeat("y", 32767)), []byte(strings.Repeat("é", 32767)), nil, nil, nil, nil, nil,
		[]byte(strings.Repeat("中", 32767)), nil, []byte("9999-12-31"))
	return cols, b
}

// oddFile writes the table and returns the file's name and what it must show.
func oddFile(t *testing.T) (name string, sheets [][][]any) {
	t.Helper()
	cols, b := oddTable()
	return writeFile(t, cols, b), wantGrid(cols, format.Options{}, b)
}

// twoSheets is a table of one row more than a sheet holds.
func twoSheets(t *testing.T) (name string, sheets [][][]any) {
	t.Helper()
	cols := []format.Column{one(row.Int, format.Auto)[0], one(row.Text, format.Auto)[0]}
	cols[1].Index = 1
	b := &row.Batch{}
	for i := range maxRows {
		b.Append(strconv.AppendInt(nil, int64(i), 10), fmt.Appendf(nil, "row %d of a table that goes on 在下一页", i))
	}
	return writeFile(t, cols, b), wantGrid(cols, format.Options{}, b)
}

func writeFile(t *testing.T, cols []format.Column, b *row.Batch) string {
	t.Helper()
	file, _ := encodeAll(t, cols, format.Options{SheetName: "订单"}, b)
	name := filepath.Join(t.TempDir(), "export.xls")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// compare holds sheets against what they should be. Cells that a reader does
// not tell from missing ones are nil in both.
func compare(t *testing.T, want, got [][][]any, opts ...cmp.Option) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d sheets, want %d", len(got), len(want))
	}
	wrong := 0
	for s := range want {
		for r := range want[s] {
			for c, w := range want[s][r] {
				var g any
				if r < len(got[s]) && c < len(got[s][r]) {
					g = got[s][r][c]
				}
				if !cmp.Equal(w, g, opts...) {
					if wrong++; wrong <= 5 {
						t.Errorf("sheet %d row %d column %d (-want +got):\n%s", s, r, c, cmp.Diff(w, g, opts...))
					}
				}
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d cells differ", wrong)
	}
}

// each replaces cells by f.
func each(sheets [][][]any, f func(any) any) [][][]any {
	for _, s := range sheets {
		for _, r := range s {
			for i, c := range r {
				r[i] = f(c)
			}
		}
	}
	return sheets
}

func emptyIsNil(v any) any {
	if v == "" {
		return nil
	}
	return v
}

const xlrdScript = `
import json, sys, xlrd
b = xlrd.open_workbook(sys.argv[1], formatting_info=True)
out = []
for s in b.sheets():
    rows = []
    for r in range(s.nrows):
        row = []
        for c in s.row(r):
            v = c.value
            if c.ctype == xlrd.XL_CELL_BOOLEAN: v = bool(v)
            elif c.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK): v = None
            elif c.ctype == xlrd.XL_CELL_ERROR: v = 'error %d' % v
            row.append(v)
        rows.append(row)
    out.append(dict(name=s.name, rows=rows, frozen=s.panes_are_frozen, split=s.horz_split_pos))
names = [(n.name, n.builtin) for n in b.name_obj_list]
json.dump(dict(sheets=out, names=names), sys.stdout)
`

func TestReaders_xlrd(t *testing.T) {
	python := program(t, "/usr/bin/python3", "python3-xlrd")
	for _, make := range []func(*testing.T) (string, [][][]any){oddFile, twoSheets} {
		name, want := make(t)
		var got struct {
			Sheets []struct {
				Name   string
				Rows   [][]any
				Frozen int
				Split  int
			}
			Names [][]any
		}
		if err := json.Unmarshal(run(t, python, "-c", xlrdScript, name), &got); err != nil {
			t.Fatal(err)
		}
		var sheets [][][]any
		for i, s := range got.Sheets {
			sheets = append(sheets, s.Rows)
			if s.Frozen != 1 || s.Split != 1 {
				t.Errorf("sheet %d: frozen %d at row %d", i, s.Frozen, s.Split)
			}
			if want := format.SheetName("订单", i+1); s.Name != want {
				t.Errorf("sheet %d is called %q, want %q", i, s.Name, want)
			}
			if d := cmp.Diff([][]any{{"_FilterDatabase", 1.0}, {"Print_Titles", 1.0}}, got.Names[2*i:min(2*i+2, len(got.Names))]); d != "" {
				t.Errorf("names of sheet %d (-want +got):\n%s", i, d)
			}
		}
		compare(t, want, sheets)
	}
}

const sheetJSScript = `
const X = require('xlsx');
const b = X.readFile(process.argv[1], {dense: true, cellNF: true});
const out = b.SheetNames.map(n => {
  const s = b.Sheets[n];
  const data = s['!data'] || s;
  return {filter: s['!autofilter'].ref, rows: Array.from(data, r => Array.from(r || [], c => c === undefined || c === null ? null : c.v))};
});
process.stdout.write(JSON.stringify(out));
`

func TestReaders_SheetJS(t *testing.T) {
	node := program(t, "node", "nodejs, and xlsx from npm")
	for _, make := range []func(*testing.T) (string, [][][]any){oddFile, twoSheets} {
		name, want := make(t)
		var got []struct {
			Filter string
			Rows   [][]any
		}
		if err := json.Unmarshal(run(t, node, "-e", sheetJSScript, name), &got); err != nil {
			t.Fatal(err)
		}
		var sheets [][][]any
		for i, s := range got {
			sheets = append(sheets, s.Rows)
			right := string(rune('A' + len(want[i][0]) - 1))
			if want := fmt.Sprintf("A1:%s%d", right, len(want[i])); s.Filter != want {
				t.Errorf("sheet %d: filter on %q, want %q", i, s.Filter, want)
			}
		}
		compare(t, want, sheets)
	}
}

// gnumericBook is what matters here of gnumeric's own file format.
type gnumericBook struct {
	Sheets []struct {
		Name  string `xml:"Name"`
		Cells []struct {
			Row  int    `xml:"Row,attr"`
			Col  int    `xml:"Col,attr"`
			Type int    `xml:"ValueType,attr"`
			Text string `xml:",chardata"`
		} `xml:"Cells>Cell"`
		Filters []struct {
			Area string `xml:"Area,attr"`
		} `xml:"Filters>Filter"`
		Freeze struct {
			At string `xml:"UnfrozenTopLeft,attr"`
		} `xml:"SheetLayout>FreezePanes"`
	} `xml:"Sheets>Sheet"`
}

func TestReaders_Gnumeric(t *testing.T) {
	ssconvert := program(t, "ssconvert", "gnumeric")
	for _, make := range []func(*testing.T) (string, [][][]any){oddFile, twoSheets} {
		name, want := make(t)
		to := filepath.Join(t.TempDir(), "export.gnumeric")
		run(t, ssconvert, name, to)
		f, err := os.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var book gnumericBook
		if err := xml.NewDecoder(z).Decode(&book); err != nil {
			t.Fatal(err)
		}
		var sheets [][][]any
		for i, s := range book.Sheets {
			g := grid(len(want[i]), len(want[i][0]))
			for _, c := range s.Cells {
				switch c.Type {
				case 20:
					g[c.Row][c.Col] = c.Text == "TRUE"
				case 30, 40:
					g[c.Row][c.Col], _ = strconv.ParseFloat(c.Text, 64)
				case 60:
					g[c.Row][c.Col] = c.Text
				}
			}
			sheets = append(sheets, g)
			if s.Freeze.At != "A2" || len(s.Filters) != 1 {
				t.Errorf("sheet %d: frozen at %q, %d filters", i, s.Freeze.At, len(s.Filters))
			}
		}
		// An XML reader turns CR LF into LF.
		lines := func(v any) any {
			if s, ok := v.(string); ok {
				return emptyIsNil(strings.ReplaceAll(s, "\r\n", "\n"))
			}
			return v
		}
		compare(t, each(want, lines), each(sheets, lines))
		closeFile(t, f)
	}
}

func closeFile(t *testing.T, f io.Closer) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func grid(rows, columns int) [][]any {
	g := make([][]any, rows)
	for i := range g {
		g[i] = make([]any, columns)
	}
	return g
}

// soffice converts a file with a profile of its own.
func soffice(t *testing.T, name, format string) string {
	t.Helper()
	office := program(t, "soffice", "libreoffice-calc-nogui")
	dir := t.TempDir()
	run(t, office, "-env:UserInstallation=file://"+t.TempDir(), "--headless", "--convert-to", format, "--outdir", dir, name)
	return filepath.Join(dir, "export."+format)
}

func TestReaders_LibreOffice(t *testing.T) {
	for _, make := range []func(*testing.T) (string, [][][]any){oddFile, twoSheets} {
		name, want := make(t)
		f, err := os.Open(soffice(t, name, "fods"))
		if err != nil {
			t.Fatal(err)
		}
		sheets := readFlatODS(t, f, want)
		// Line ends are paragraphs there, and numbers have 15 digits.
		near := func(v any) any {
			if s, ok := v.(string); ok {
				return emptyIsNil(strings.ReplaceAll(s, "\r", ""))
			}
			return v
		}
		digits := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-14*math.Abs(a) })
		compare(t, each(want, near), each(sheets, near), digits)
		closeFile(t, f)
	}
}

// readFlatODS reads the tables of a flat OpenDocument file into grids of the
// sizes of want.
func readFlatODS(t *testing.T, from io.Reader, want [][][]any) [][][]any {
	t.Helper()
	d := xml.NewDecoder(from)
	var sheets [][][]any
	var r, c, repeatRow, repeatCell int
	var value any
	var text strings.Builder
	var isText, inText bool
	paragraphs := 0
	attr := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	count := func(s string) int {
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
		return 1
	}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return sheets
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "table":
				n := len(sheets)
				sheets = append(sheets, grid(len(want[n]), len(want[n][0])))
				r = 0
			case "table-row":
				c, repeatRow = 0, count(attr(e, "number-rows-repeated"))
			case "table-cell":
				paragraphs, value = 0, nil
				text.Reset()
				repeatCell = count(attr(e, "number-columns-repeated"))
				isText = attr(e, "value-type") == "string"
				switch attr(e, "value-type") {
				case "float", "percentage", "currency":
					value, _ = strconv.ParseFloat(attr(e, "value"), 64)
				case "date":
					value = odsDate(t, attr(e, "date-value"))
				}
				switch attr(e, "formula") { // what LibreOffice makes of a BoolErr record
				case "of:=TRUE()":
					value = true
				case "of:=FALSE()":
					value = false
				}
			case "p":
				inText = true
				if paragraphs++; paragraphs > 1 {
					text.WriteByte('\n')
				}
			case "s":
				text.WriteString(strings.Repeat(" ", count(attr(e, "c"))))
			case "tab":
				text.WriteByte('\t')
			case "line-break":
				text.WriteByte('\n')
			}
		case xml.CharData:
			if inText {
				text.Write(e)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "p":
				inText = false
			case "table-cell":
				if isText {
					value = text.String()
				}
				for ; repeatCell > 0; repeatCell-- {
					for k := range repeatRow {
						if s := sheets[len(sheets)-1]; value != nil && r+k < len(s) && c < len(s[0]) {
							s[r+k][c] = value
						}
					}
					c++
				}
			case "table-row":
				r += repeatRow
			}
		}
	}
}

func odsDate(t *testing.T, s string) float64 {
	t.Helper()
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil {
			return float64(at.UnixMilli())/86400e3 + 25569 // 1970-01-01
		}
	}
	t.Fatalf("date %q", s)
	return 0
}

// What LibreOffice makes of the header row shows in the XLSX that it writes.
func TestReaders_LibreOffice_filter_and_pane(t *testing.T) {
	name, want := oddFile(t)
	z, err := zip.OpenReader(soffice(t, name, "xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer closeFile(t, z)
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{fmt.Sprintf(`<autoFilter ref="A1:L%d"`, len(want[0])), `state="frozen"`, `topLeftCell="A2"`} {
		if !bytes.Contains(p, []byte(part)) {
			t.Errorf("no %s", part)
		}
	}
}
