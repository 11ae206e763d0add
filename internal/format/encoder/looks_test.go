package encoder

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

func TestCheckLooks(t *testing.T) {
	specs, err := format.ParseColumns(`[{"name":"n","conditions":[{"if":"< 5","bold":true},{"if":"< 6","bold":true},{"if":"< 7","bold":true},{"if":"< 8","bold":true}]}]`)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Format{CSV, XLSX} {
		if err := CheckLooks(f, specs); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	const want = `output columns: column 1 "n": conditions: 4, want at most 3 in an XLS file`
	if err := CheckLooks(XLS, specs); err == nil || err.Error() != want {
		t.Errorf("XLS: got %v, want %s", err, want)
	}
}

// The report is the same file each time, and every part of it is well-formed.
func TestNew_showcase(t *testing.T) {
	for _, f := range []Format{XLSX, XLS} {
		file := showcaseFile(t, f, 300, nil)
		if again := showcaseFile(t, f, 300, func(o *format.Options) { o.Workers = 3 }); !bytes.Equal(file, again) {
			t.Errorf("%s: two files of the same rows differ", f)
		}
		if f == XLSX {
			wellFormed(t, file)
		}
	}
}

// wellFormed parses all parts of an XLSX file.
func wellFormed(t *testing.T, file []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		d := xml.NewDecoder(bytes.NewReader(readFile(t, f)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
}

// FuzzNew_declarations writes files with any declaration that is taken.
func FuzzNew_declarations(f *testing.F) {
	f.Add(showcase, "1", "a\nb")
	f.Add(`[{"name":"n","total":"sum","conditions":[{"if":"<> -5e3","bold":true}]},{"name":"t","group":"<&>\"'","conditions":[{"if":"= \"","fill":"#000000"}]}]`, "-1", "=1")
	f.Add(`[{"name":"t","align":"right","total":"count","format":"@"},{"name":"n","type":"bool","fill":"#FFFFFF"}]`, "", "\x00")
	f.Add(`n:a, t`, "99999999999999999999", "x")
	f.Fuzz(func(t *testing.T, decl, number, text string) {
		specs, err := format.ParseColumns(decl)
		if err != nil {
			return
		}
		cols, err := format.Resolve(specs, append([]row.Column{{Name: "n", Type: "INT", Kind: row.Int, Scale: -1, Length: 11}, {Name: "t", Type: "VARCHAR", Scale: -1}}, showcaseSource...))
		if err != nil || len(cols) > 50 {
			return
		}
		cells := append([][]byte{[]byte(number), []byte(text)}, showcaseRow(len(text)%20)...)
		for _, kind := range []Format{XLSX, XLS} {
			if CheckLooks(kind, specs) != nil {
				continue
			}
			var out bytes.Buffer
			e, err := New(&out, kind, cols, format.Options{Title: text, Thousands: len(number)%2 == 0, TotalLabel: text, TempDir: t.TempDir()})
			if err != nil {
				return
			}
			b := new(row.Batch)
			b.Append(cells...)
			b.Append(make([][]byte, len(cells))...)
			if err := errors.Join(e.Encode(b), e.Close()); err != nil {
				t.Fatal(err)
			}
			if kind == XLSX {
				wellFormed(t, out.Bytes())
			}
		}
	})
}
