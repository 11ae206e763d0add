//go:build readers

package xlsx

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// The tests of this file ask programs that nobody here wrote what they find in
// our files. They need, on Debian, python3-openpyxl, gnumeric,
// libreoffice-calc-nogui, nodejs and npm, and the npm packages xlsx@0.18.5 and
// @ooxml-tools/validate@0.4.6 in a folder that NODE_PATH names (its
// node_modules). What is missing fails, it is never skipped.

// run starts a program and returns what it prints.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing; see the head of readers_test.go for what to install", name)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	return out
}

// The columns of the sample, in its order.
const (
	colID = iota
	colBig
	colDecimal
	colDouble
	colText
	colDate
	colDateTime
	colMicros
	colBool
	colNull
)

// legible are texts that every reader gives back as they are. Escapes
// (_x0041_) are not among them: openpyxl and Gnumeric leave them as they are
// written in inline strings, Excel, LibreOffice and SheetJS undo them. Nor is
// the carriage return: LibreOffice makes a line of it.
var legible = []string{
	"", " ", "plain", " both ends ", "two\nlines", "tab\there", "=1+1", "+1", "-1", "@x", "'quoted", `"`, "<&>\"'", "]]>", "007", "1e5",
	"2026-01-31", "TRUE", "李伟", "a😀b", "trailing\n", "\tleading", "_x004", "a_b", "1234567&", "12345678<12345678",
	"a\u00a0b", "\u2028", "ÄÖÜ", strings.Repeat("long ", 6000),
	"12345678901234567890", "שלום עולם", "مرحبا \u202eabc", strings.Repeat("x", format.MaxCellText),
}

// mended are texts that a file cannot hold, and what it holds instead.
var mended = map[string]string{
	"a\x01b\x1f":        "a\ufffdb\ufffd",
	"\xed\xa0\x80 lone": "\ufffd\ufffd\ufffd lone",
	"\xff":              "\ufffd",
	"\ufffe":            "\ufffd",
	strings.Repeat("y", format.MaxCellText+1):        strings.Repeat("y", format.MaxCellText),
	strings.Repeat("z", format.MaxCellText-1) + "😀!": strings.Repeat("z", format.MaxCellText-1),
}

// sample is a workbook of three sheets and its rows as text, nil for NULL.
func sample(t *testing.T) (path string, rows [][]string) {
	t.Helper()
	kinds := []row.Column{
		colID: {Name: "id", Kind: row.Int, Length: 20}, colBig: {Name: "big", Kind: row.Int, Length: 20, Unsigned: true},
		colDecimal: {Name: "decimal", Kind: row.Decimal, Scale: 10}, colDouble: {Name: "double", Kind: row.Float, Scale: -1},
		colText: {Name: "text"}, colDate: {Name: "date", Kind: row.Date, Scale: -1}, colDateTime: {Name: "datetime", Kind: row.DateTime},
		colMicros: {Name: "micros", Kind: row.DateTime, Scale: 3}, colBool: {Name: "bool", Kind: row.Int}, colNull: {Name: "null"},
	}
	cols := make([]format.Column, len(kinds))
	for i, k := range kinds {
		cols[i] = format.Column{Source: k, Index: i, Label: k.Name}
	}
	cols[colBool].Type = format.AsBool
	b := new(row.Batch)
	texts := slices.Concat(legible, slices.Sorted(maps.Keys(mended)))
	for i, text := range texts {
		r := []string{
			strconv.Itoa(900000000000 + i), strconv.FormatUint(1<<63+uint64(i), 10), fmt.Sprintf("%d.%010d", i, i*123457), strconv.FormatFloat(1/float64(i+3), 'g', -1, 64),
			text, fmt.Sprintf("20%02d-02-28", i), fmt.Sprintf("2026-01-31 23:59:%02d", 59-i), fmt.Sprintf("1999-12-31 00:00:%02d.%03d", i, 999-i*7), strconv.Itoa(i % 2),
		}
		var cells [][]byte
		for _, v := range r {
			cells = append(cells, []byte(v))
		}
		if want, ok := mended[text]; ok {
			r[colText] = want
		}
		rows = append(rows, r)
		b.Append(append(cells, nil)...)
	}
	file, _ := writeLimited(t, cols, format.Options{SheetName: "O'Neil & 订单"}, sampleLimit, b)
	path = filepath.Join(t.TempDir(), "sample.xlsx")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, rows
}

const sampleLimit = 13 // rows of a sheet, with the header

// readCells are what a reader found: per sheet, per row from 1, per column.
type readCells [][][]any

// each holds the reader's cells against the rows: want gives what is expected
// of a value in its column.
func (f readCells) each(t *testing.T, rows [][]string, want func(col int, v string) any) {
	t.Helper()
	perSheet := sampleLimit - 1
	if sheets := (len(rows) + perSheet - 1) / perSheet; len(f) != sheets {
		t.Fatalf("%d sheets, want %d", len(f), sheets)
	}
	for i, r := range rows {
		got := f[i/perSheet][i%perSheet+1]
		for c, v := range r {
			if d := cmp.Diff(want(c, v), got[c]); d != "" {
				t.Errorf("row %d, column %d (-want +got):\n%s", i, c, d)
			}
		}
		if len(got) > colNull && got[colNull] != nil {
			t.Errorf("row %d: %v where NULL was", i, got[colNull])
		}
	}
}

// float is the double that a spreadsheet should have of a number's text.
func float(v string) float64 {
	f, _ := strconv.ParseFloat(v, 64)
	return f
}

// serialOf is the double of a date.
func serialOf(v string) float64 {
	s, _ := format.ParseSerial([]byte(v))
	return float(string(s.Append(nil)))
}

func TestReaders_openpyxl(t *testing.T) {
	path, rows := sample(t)
	out := run(t, "/usr/bin/python3", "-c", `
import datetime, json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
def show(v):
    if isinstance(v, datetime.datetime):
        return v.isoformat(sep=" ", timespec="milliseconds")
    return v
print(json.dumps([[[show(c) for c in r] for r in s.iter_rows(values_only=True)] for s in book]))`, path)
	var got readCells
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	got.each(t, rows, func(col int, v string) any {
		switch col {
		case colID, colDecimal, colDouble:
			return float(v)
		case colDate:
			return v + " 00:00:00.000"
		case colDateTime:
			return v + ".000"
		case colBool:
			return v == "1"
		}
		return v
	})
}

func TestReaders_SheetJS(t *testing.T) {
	path, rows := sample(t)
	out := run(t, "node", "-e", `
const XLSX = require("xlsx")
const book = XLSX.readFile(process.argv[1], {cellNF: true})
console.log(JSON.stringify(book.SheetNames.map(name => {
  const sheet = book.Sheets[name], range = XLSX.utils.decode_range(sheet["!ref"]), rows = []
  for (let r = 0; r <= range.e.r; r++) {
    rows.push([])
    for (let c = 0; c <= range.e.c; c++) {
      const cell = sheet[XLSX.utils.encode_cell({r, c})]
      rows[r].push(!cell ? null : /^yyyy/.test(cell.z) ? cell.w : cell.v)
    }
  }
  return rows
})))`, path)
	var got readCells
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	got.each(t, rows, func(col int, v string) any {
		switch col {
		case colID, colDecimal, colDouble:
			return float(v)
		case colBool:
			return v == "1"
		}
		return v
	})
}

func TestReaders_Gnumeric(t *testing.T) {
	path, rows := sample(t)
	out := filepath.Join(t.TempDir(), "sample.gnumeric")
	run(t, "ssconvert", "-T", "Gnumeric_XmlIO:sax:0", path, out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var book struct {
		Sheets []struct {
			Cells []struct {
				Row  int    `xml:"Row,attr"`
				Col  int    `xml:"Col,attr"`
				Type int    `xml:"ValueType,attr"`
				Text string `xml:",chardata"`
			} `xml:"Cells>Cell"`
		} `xml:"Sheets>Sheet"`
	}
	if err := xml.Unmarshal(text, &book); err != nil {
		t.Fatal(err)
	}
	var got readCells
	for _, s := range book.Sheets {
		cells := make([][]any, sampleLimit)
		for i := range cells {
			cells[i] = make([]any, colNull+1)
		}
		for _, c := range s.Cells {
			switch c.Type {
			case 20:
				cells[c.Row][c.Col] = c.Text == "TRUE"
			case 40:
				cells[c.Row][c.Col] = float(c.Text)
			default:
				cells[c.Row][c.Col] = c.Text
			}
		}
		got = append(got, cells)
	}
	got.each(t, rows, func(col int, v string) any {
		switch col {
		case colID, colDecimal, colDouble:
			return float(v)
		case colDate, colDateTime, colMicros:
			return serialOf(v)
		case colBool:
			return v == "1"
		}
		return v
	})
}

func TestReaders_LibreOffice(t *testing.T) {
	path, rows := sample(t)
	dir := t.TempDir()
	// Comma, double quotes, UTF-8, all sheets.
	run(t, "soffice", "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to",
		"csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", "--outdir", dir, path)
	files, err := filepath.Glob(filepath.Join(dir, "sample-*.csv"))
	if err != nil {
		t.Fatal(err)
	}
	bySheet := map[string][][]any{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var cells [][]any
		for _, l := range lines {
			var r []any
			for _, v := range l {
				r = append(r, v)
			}
			cells = append(cells, r[:min(len(r), colNull)])
		}
		bySheet[name] = cells
	}
	var got readCells
	for n := 1; n <= len(files); n++ {
		suffix := ".csv"
		if n > 1 {
			suffix = fmt.Sprintf(" (%d).csv", n)
		}
		for name, cells := range bySheet {
			if strings.HasSuffix(name, suffix) && (n > 1 || !strings.Contains(name, " (")) {
				got = append(got, cells)
			}
		}
	}
	got.each(t, rows, func(col int, v string) any {
		switch col {
		case colDecimal, colDouble: // it writes 15 digits
			return strconv.FormatFloat(float(strconv.FormatFloat(float(v), 'g', 15, 64)), 'f', -1, 64)
		case colBool:
			return map[string]string{"0": "FALSE", "1": "TRUE"}[v]
		}
		return v
	})
}

func TestReaders_excelize(t *testing.T) {
	path, rows := sample(t)
	var got readCells
	if err := json.Unmarshal(run(t, "go", "run", "-C", "../../../tools/readers", ".", path), &got); err != nil {
		t.Fatal(err)
	}
	for _, sheet := range got { // all cells are texts
		for _, r := range sheet[1:] {
			for c := range min(len(r), colNull) {
				if c != colBig && c != colText {
					r[c] = float(r[c].(string))
				}
			}
		}
	}
	got.each(t, rows, func(col int, v string) any {
		switch col {
		case colID, colDecimal, colDouble, colBool:
			return float(v)
		case colDate, colDateTime, colMicros:
			return serialOf(v)
		}
		return v
	})
}

func TestReaders_OpenXML_schemas(t *testing.T) {
	dir := os.Getenv("NODE_PATH")
	if dir == "" {
		t.Fatal("NODE_PATH is not set; see the head of readers_test.go for what to install")
	}
	validator := filepath.Join(dir, ".bin", "ooxml-validate")
	problems := func(path string) string {
		t.Helper()
		return strings.TrimSpace(string(run(t, validator, path, "--of", "json")))
	}
	path, _ := sample(t)
	if got := problems(path); got != "[]" {
		t.Errorf("sample: %s", got)
	}
	orders, _ := write(t, orderColumns(), format.Options{Small: true, NoFilter: true, NoFreeze: true}, orders(1, 50, 1)...)
	path = filepath.Join(t.TempDir(), "orders.xlsx")
	if err := os.WriteFile(path, orders, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := problems(path); got != "[]" {
		t.Errorf("orders: %s", got)
	}
}
