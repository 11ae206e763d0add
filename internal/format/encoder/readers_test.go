//go:build readers

package encoder

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// run runs a program that reads input and returns what it prints.
func run(t *testing.T, input []byte, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, stderr.String())
	}
	return string(out)
}

const perl = `use Archive::Zip; use Spreadsheet::ParseXLSX; binmode STDOUT, ":utf8";
my $z = Archive::Zip->new; $z->read($ARGV[0]) == 0 or die "zip"; $_->contents for $z->members;
my $book = Spreadsheet::ParseXLSX->new->parse($ARGV[0]) or die "no workbook";
my $s = $book->worksheet(0); my (undef, $last) = $s->row_range; my (undef, $col) = $s->col_range;
for my $r (0..$last) { print join("\t", map { my $c = $s->get_cell($r, $_); my $v = $c ? $c->value : ""; $v =~ s/\n/\\n/g; $v } 0..$col), "\n" }`

const exceljs = `const ExcelJS = require('exceljs');
(async () => {
  const reader = new ExcelJS.stream.xlsx.WorkbookReader(process.stdin, {sharedStrings: 'cache', styles: 'cache', worksheets: 'emit'});
  for await (const sheet of reader) { for await (const row of sheet) console.log(row.values.slice(1).map(v => String(v).replace(/\n/g, '\\n')).join('\t')); break }
})().catch(e => { console.error(e); process.exit(1) });`

const readxl = `suppressMessages(library(readxl)); d <- read_excel(commandArgs(TRUE)[1], sheet=1, col_names=FALSE, col_types="text", .name_repair="minimal", trim_ws=FALSE)
for (i in seq_len(nrow(d))) cat(gsub("\n", "\\\\n", paste(unlist(d[i,]), collapse="\t")), "\n", sep="")`

// workbook is a table of texts whose rows are wide, so that sheets could be larger
// than 4 GiB.
func workbook(t *testing.T, f Format) (file []byte, lines []string) {
	t.Helper()
	cols := []format.Column{
		{Source: row.Column{Name: "n", Kind: row.Int}, Label: "n"},
		{Source: row.Column{Name: "a"}, Index: 1, Label: "a"},
		{Source: row.Column{Name: "b"}, Index: 2, Label: "订单"},
	}
	var out bytes.Buffer
	e, err := New(&out, f, cols, format.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, "n\ta\t订单")
	b := new(row.Batch)
	for i := range 40 {
		// 4,000 characters; pairs of surrogates begin at any place of a record.
		a, text := strings.Repeat("x", 4000-i), strings.Repeat("y", i)+strings.Repeat("😀", 500)+"\nz"
		b.Append([]byte(strconv.Itoa(i+1)), []byte(a), []byte(text))
		lines = append(lines, strconv.Itoa(i+1)+"\t"+a+"\t"+strings.ReplaceAll(text, "\n", `\n`))
	}
	if err := e.Encode(b); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), lines
}

// java compiles and runs testdata/StreamReader.java.
func java(t *testing.T, input []byte, what string) string {
	t.Helper()
	jars, err := filepath.Glob("/usr/share/java/*.jar")
	if err != nil || len(jars) == 0 {
		t.Fatalf("no jars: %v", err)
	}
	jars = slices.DeleteFunc(jars, func(j string) bool {
		for _, want := range []string{"poi", "xmlbeans", "commons", "curvesapi", "log4j"} {
			if strings.HasPrefix(filepath.Base(j), want) {
				return false
			}
		}
		return true
	})
	return run(t, input, "java", "-cp", strings.Join(jars, ":"), "testdata/StreamReader.java", what)
}

// dividedCharacter matches what exceljs makes of a character between two chunks.
var dividedCharacter = regexp.MustCompile("\uFFFD+")

func TestReaders_workbook(t *testing.T) {
	for _, f := range []Format{XLSX, XLS} {
		file, want := workbook(t, f)
		path := filepath.Join(t.TempDir(), "book"+f.shape().ext)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		readers := map[string]func(*testing.T) string{
			"Apache_POI": func(t *testing.T) string { return java(t, file, strings.ToLower(f.String())) },
			"readxl":     func(t *testing.T) string { return run(t, nil, "Rscript", "-e", readxl, path) },
		}
		if f == XLSX {
			readers["Spreadsheet_ParseXLSX"] = func(t *testing.T) string { return run(t, nil, "perl", "-e", perl, path) }
			// exceljs 4.4.0 decodes each chunk of the stream by itself (lib/utils/parse-sax.js),
			// so that a character between two chunks becomes U+FFFD. Here it can only be an
			// emoji.
			readers["exceljs_stream"] = func(t *testing.T) string {
				return dividedCharacter.ReplaceAllString(run(t, file, "node", "-e", exceljs), "😀")
			}
		}
		for name, read := range readers {
			t.Run(f.String()+"/"+name, func(t *testing.T) {
				got := strings.Split(strings.TrimRight(read(t), "\n"), "\n")
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("rows (-want +got):\n%.2000s", d)
				}
			})
		}
	}
}

// Archives are read by programs that cannot seek, and their names are those of the
// manifest after unzip.
func TestReaders_archive(t *testing.T) {
	book, _ := workbook(t, XLSX)
	archives := map[string][]byte{"a workbook": book}
	for _, f := range []Format{CSV, XLS, XLSX} {
		var out bytes.Buffer
		if _, err := write(t, &out, f, format.Options{PartRows: 10, PartName: "订单 明细"}, 25, 25); err != nil {
			t.Fatal(err)
		}
		archives[f.String()] = out.Bytes()
	}
	for name, file := range archives {
		z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, f := range z.File {
			want = append(want, f.Name)
		}
		lines := func(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }
		t.Run(name+"/bsdtar", func(t *testing.T) {
			if d := cmp.Diff(want, lines(run(t, file, "bsdtar", "-tf", "-"))); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			run(t, file, "bsdtar", "-xOf", "-") // reads the data
		})
		t.Run(name+"/ZipInputStream", func(t *testing.T) {
			var got []string
			for _, line := range lines(java(t, file, "zip")) {
				n, _, _ := strings.Cut(line, "\t")
				if n, _, _ = strings.Cut(n, ".xlsx/"); strings.HasSuffix(name, "XLSX") && n != "manifest.json" {
					n += ".xlsx"
				}
				got = append(got, n)
			}
			if d := cmp.Diff(want, slices.Compact(got)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
		path := filepath.Join(t.TempDir(), "a.zip")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(name+"/7z", func(t *testing.T) { run(t, nil, "7z", "t", path) })
		t.Run(name+"/python", func(t *testing.T) {
			run(t, nil, "/usr/bin/python3", "-c", "import sys,zipfile; assert zipfile.ZipFile(sys.argv[1]).testzip() is None", path)
		})
		t.Run(name+"/unzip", func(t *testing.T) {
			dir := t.TempDir()
			run(t, nil, "unzip", "-q", path, "-d", dir)
			if name == "a workbook" {
				return
			}
			var m Manifest
			text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &m); err != nil {
				t.Fatal(err)
			}
			for _, part := range m.Files {
				if s, err := os.Stat(filepath.Join(dir, part.Name)); err != nil || s.Size() != part.Bytes {
					t.Errorf("%s: %v", part.Name, err)
				}
			}
		})
	}
}
