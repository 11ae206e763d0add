//go:build readers

package encoder

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
)

// pictures is where TestReaders_showcase_pictures puts its pictures.
var pictures = flag.String("pictures", "", "write pictures of spreadsheets into this `folder`")

const (
	showcaseRows = 24
	pictureRows  = 11
)

// save writes a file for programs to read.
func save(t *testing.T, name string, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// showcaseTotals adds up the rows of the report: quantity, price, amount, states.
func showcaseTotals() (qty, price, amount float64, states int) {
	for i := range showcaseRows {
		cells := showcaseRow(i)
		for n, sum := range map[int]*float64{4: &qty, 5: &price, 6: &amount} {
			var v float64
			if _, err := fmt.Sscan(string(cells[n]), &v); err == nil {
				*sum += v
			}
		}
		if cells[8] != nil {
			states++
		}
	}
	return qty, price / showcaseRows, amount, states
}

// facts is what a reader finds in the report.
type facts struct {
	Sheet, Title, Created, Merged string
	Totals                        []float64
	HeaderBold, AmountBold        bool
	Align                         []string
	Fill, Color                   string
}

func wantFacts() facts {
	return facts{
		Sheet: "Orders of March 2026", Title: "Orders of March 2026", Created: "2026-03-31 18:30:00", Merged: "B1:C1 E1:G1",
		HeaderBold: true, AmountBold: true, Align: []string{"left", "right", "center"}, Fill: "F2F2F2",
	}
}

func checkFacts(t *testing.T, want facts, out string) {
	t.Helper()
	var got facts
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	qty, price, amount, states := showcaseTotals()
	for i, v := range []float64{qty, price, amount, float64(states)} {
		if i >= len(got.Totals) || math.Abs(got.Totals[i]-v) > 1e-9*math.Abs(v) {
			t.Errorf("totals %v, want %v at %d", got.Totals, v, i)
			break
		}
	}
	got.Totals = nil
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

const openpyxl = `
import json, sys, openpyxl
b = openpyxl.load_workbook(sys.argv[1], data_only=True); s = b.active; p = b.properties; last = s.max_row
f = openpyxl.load_workbook(sys.argv[1]).active
assert [f.cell(last, c).value for c in (5, 6, 7, 9)] == ["=SUBTOTAL(%d,%s3:%s%d)" % (n, l, l, last-1) for n, l in ((109, "E"), (101, "F"), (109, "G"), (103, "I"))]
assert len(s.conditional_formatting) == 3, s.conditional_formatting
assert s.print_title_rows in ("1:2", "$1:$2") and s.page_setup.orientation == "landscape" and s.auto_filter.ref == "A2:J%d" % (last-1)
print(json.dumps({"Sheet": s.title, "Title": p.title, "Created": str(p.created), "Merged": " ".join(sorted(str(r) for r in s.merged_cells.ranges)),
 "Totals": [s.cell(last, c).value for c in (5, 6, 7, 9)], "HeaderBold": s["A2"].font.b, "AmountBold": s["G3"].font.b,
 "Align": [s[c].alignment.horizontal for c in ("A2", "E2", "I2")], "Fill": s["I3"].fill.fgColor.rgb[2:]}))`

const xlrd = `
import json, sys, xlrd
b = xlrd.open_workbook(sys.argv[1], formatting_info=True); s = b.sheet_by_index(0); last = s.nrows-1
xf = lambda r, c: b.xf_list[s.cell_xf_index(r, c)]
def name(r):
    r0, r1, c0, c1 = r
    return "%s%d:%s%d" % (chr(65+c0), r0+1, chr(64+c1), r1)
print(json.dumps({"Sheet": s.name, "Merged": " ".join(sorted(map(name, s.merged_cells))), "Totals": [s.cell_value(last, c) for c in (4, 5, 6, 8)],
 "HeaderBold": b.font_list[xf(1, 0).font_index].weight == 700, "AmountBold": b.font_list[xf(2, 6).font_index].weight == 700,
 "Align": [{1: "left", 2: "center", 3: "right"}[xf(1, c).alignment.hor_align] for c in (0, 4, 8)],
 "Fill": "%02X%02X%02X" % b.colour_map[xf(2, 8).background.pattern_colour_index]}))`

const exceljsFacts = `const E = require('exceljs'); (async () => { const b = new E.Workbook(); await b.xlsx.readFile(process.argv[1]); const s = b.worksheets[0], last = s.rowCount
const v = c => s.getCell(last, c).value.result
console.log(JSON.stringify({Sheet: s.name, Title: b.title, Created: b.created.toISOString().slice(0, 19).replace('T', ' '), Merged: Object.values(s.model.merges).sort().join(' '), Totals: [5, 6, 7, 9].map(v),
 HeaderBold: s.getCell('A2').font.bold, AmountBold: s.getCell('G3').font.bold, Align: ['A2', 'E2', 'I2'].map(c => s.getCell(c).alignment.horizontal), Fill: s.getCell('I3').fill.fgColor.argb.slice(2)})) })()`

func TestReaders_showcase(t *testing.T) {
	for _, small := range []bool{false, true} {
		path := save(t, "show.xlsx", showcaseFile(t, XLSX, showcaseRows, func(o *format.Options) { o.Small = small }))
		checkFacts(t, wantFacts(), run(t, nil, "/usr/bin/python3", "-c", openpyxl, path))
		checkFacts(t, wantFacts(), run(t, nil, "node", "-e", exceljsFacts, path))
		if got := strings.TrimSpace(run(t, nil, filepath.Join(os.Getenv("NODE_PATH"), ".bin", "ooxml-validate"), path, "--of", "json")); got != "[]" {
			t.Errorf("Open XML SDK: %s", got)
		}
	}
	path := save(t, "show.xls", showcaseFile(t, XLS, showcaseRows, nil))
	want := wantFacts()
	want.Title, want.Created = "", ""
	checkFacts(t, want, run(t, nil, "/usr/bin/python3", "-c", xlrd, path))
}

// libreOffice converts a file and returns the path of the result.
func libreOffice(t *testing.T, to, path string) string {
	t.Helper()
	dir := t.TempDir()
	ext, _, _ := strings.Cut(to, ":")
	run(t, nil, "soffice", "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", to, "--outdir", dir, path)
	return filepath.Join(dir, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))+"."+ext)
}

// LibreOffice calculates the totals itself, and shows every value: no ### in the
// printed pages, in which a value of the last rows is far wider than the first ones.
func TestReaders_LibreOffice_shows_values(t *testing.T) {
	for _, f := range []Format{XLSX, XLS} {
		t.Run(f.String(), func(t *testing.T) {
			path := save(t, "show"+f.shape().ext, showcaseFile(t, f, 300, nil))
			csv, err := os.ReadFile(libreOffice(t, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", path))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(csv), "###") || !strings.Contains(string(csv), "\nTotal,") {
				t.Errorf("cells:\n%.2000s", csv)
			}
			if lines := strings.Split(string(csv), "\n"); f == XLSX {
				for i, line := range lines[2:100] {
					if strings.HasPrefix(line, "0") && !strings.Contains(line, ",TRUE,") && !strings.Contains(line, ",FALSE,") {
						t.Errorf("row %d has no truth value: %s", i, line)
					}
				}
			}
			text := run(t, nil, "pdftotext", "-layout", libreOffice(t, "pdf", path), "-")
			if strings.Contains(text, "###") {
				t.Errorf("%d of the shown values are ###", strings.Count(text, "###"))
			}
			pages := strings.Count(text, "\f")
			if headers := strings.Count(text, "Ordered on"); pages < 2 || pages > 12 || headers != pages {
				t.Errorf("%d pages with %d headers, want a few, each with the header", pages, headers)
			}
		})
	}
}

// TestReaders_pictures makes the pictures of docs/formats.md, with -pictures.
func TestReaders_pictures(t *testing.T) {
	if *pictures == "" {
		t.Log("no -pictures")
		return
	}
	for _, f := range []Format{XLSX, XLS} {
		pdf := libreOffice(t, "pdf", save(t, "show"+f.shape().ext, showcaseFile(t, f, pictureRows, nil)))
		to := filepath.Join(*pictures, "sheet-"+strings.ToLower(f.String()))
		run(t, nil, "pdftoppm", "-png", "-r", "68", "-x", "44", "-y", "60", "-W", "708", "-H", "206", "-singlefile", pdf, to)
	}
}
