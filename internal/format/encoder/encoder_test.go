package encoder

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"exporttask/internal/format"
)

func TestExt_ContentType(t *testing.T) {
	gb := format.Options{GB18030: true}
	const sheetType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	for _, tt := range []struct {
		format         Format
		opt            format.Options
		ext, mediaType string
	}{
		{CSV, format.Options{}, ".csv", "text/csv; charset=utf-8"},
		{CSV, gb, ".csv", "text/csv; charset=gb18030"},
		{CSV, format.Options{Gzip: true}, ".csv.gz", "application/gzip"},
		{CSV, format.Options{Gzip: true, PartRows: 10}, ".zip", "application/zip"},
		{CSV, format.Options{Zstd: true}, ".csv.zst", "application/zstd"},
		{JSONL, format.Options{}, ".jsonl", "application/x-ndjson"},
		{JSONL, format.Options{Gzip: true}, ".jsonl.gz", "application/gzip"},
		{JSONL, format.Options{Zstd: true}, ".jsonl.zst", "application/zstd"},
		{JSONL, format.Options{Zstd: true, PartRows: 10}, ".zip", "application/zip"},
		{XLSX, format.Options{Zstd: true}, ".xlsx", sheetType},
		{XLS, format.Options{Gzip: true}, ".xls", "application/vnd.ms-excel"},
		{XLSX, format.Options{}, ".xlsx", sheetType},
		{XLSX, format.Options{PartRows: 10}, ".zip", "application/zip"},
	} {
		if got := Ext(tt.format, tt.opt); got != tt.ext {
			t.Errorf("%v %+v: got extension %q, want %q", tt.format, tt.opt, got, tt.ext)
		}
		if got := ContentType(tt.format, tt.opt); got != tt.mediaType {
			t.Errorf("%v %+v: got type %q, want %q", tt.format, tt.opt, got, tt.mediaType)
		}
	}
}

func TestCheckColumns(t *testing.T) {
	for _, tt := range []struct {
		format Format
		n      int
		want   string
	}{
		{CSV, 0, ""},
		{CSV, 16384, ""},
		{XLS, 256, ""},
		{XLSX, 16384, ""},
		{XLS, 257, "XLS holds at most 256 columns, got 257"},
		{XLSX, 16385, "XLSX holds at most 16384 columns, got 16385"},
	} {
		got := ""
		if err := CheckColumns(tt.format, tt.n); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%v with %d columns: got %q, want %q", tt.format, tt.n, got, tt.want)
		}
	}
	if _, err := New(io.Discard, XLS, make([]format.Column, 257), format.Options{}); err == nil {
		t.Error("an XLS file of 257 columns: got no error")
	}
	if _, err := New(io.Discard, CSV, someColumns(t), format.Options{PartRows: -1}); err == nil {
		t.Error("parts of -1 rows: got no error")
	}
	if _, err := New(io.Discard, CSV, someColumns(t), format.Options{PartRows: 1, Delimiter: 'x'}); err == nil {
		t.Error("a wrong delimiter in parts: got no error at creation")
	}
}

func TestNew_compressed(t *testing.T) {
	unpack := map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
	}
	for _, f := range []Format{CSV, JSONL} {
		for _, small := range []bool{false, true} {
			var plain bytes.Buffer
			if _, err := write(t, &plain, f, format.Options{}, 10_000, 300); err != nil {
				t.Fatal(err)
			}
			for name, opt := range map[string]format.Options{"gzip": {Gzip: true, Small: small}, "zstd": {Zstd: true, Small: small}} {
				var packed bytes.Buffer
				if _, err := write(t, &packed, f, opt, 10_000, 300); err != nil {
					t.Fatal(err)
				}
				if packed.Len() > plain.Len()/2 {
					t.Errorf("%v, %s, small %t: %d bytes of %d", f, name, small, packed.Len(), plain.Len())
				}
				r, err := unpack[name](&packed)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, plain.Bytes()) {
					t.Errorf("%v, %s, small %t: %d bytes unpacked differ from the %d of the plain file", f, name, small, len(got), plain.Len())
				}
			}
		}
	}
}

// unzip is the archive's files by name, and their names in order.
func unzip(t *testing.T, archive []byte) (names []string, files map[string][]byte) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name], err = io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		if err := rc.Close(); err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
	}
	return names, files
}

func TestNew_parts_rows(t *testing.T) {
	var whole bytes.Buffer
	if _, err := write(t, &whole, CSV, format.Options{}, 25, 25); err != nil {
		t.Fatal(err)
	}
	header, rows, _ := strings.Cut(whole.String(), "\r\n")
	for _, per := range []int{1, 4, 10, 25} {
		t.Run(fmt.Sprintf("batches of %d", per), func(t *testing.T) {
			var out bytes.Buffer
			sum, err := write(t, &out, CSV, format.Options{PartRows: 10, PartName: "orders"}, 25, per)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(format.Summary{Rows: 25, Warnings: []format.Warning{{Code: format.GuardedFormula, Count: 25}}}, sum); diff != "" {
				t.Errorf("summary: -want +got\n%s", diff)
			}
			names, files := unzip(t, out.Bytes())
			if diff := cmp.Diff([]string{"orders-0001.csv", "orders-0002.csv", "orders-0003.csv", "manifest.json"}, names); diff != "" {
				t.Fatalf("names: -want +got\n%s", diff)
			}
			want := Manifest{Rows: 25}
			joined := ""
			for i, name := range names[:3] {
				first, body, _ := strings.Cut(string(files[name]), "\r\n")
				if first != header {
					t.Errorf("%s: got header %q, want %q", name, first, header)
				}
				joined += body
				hash := sha256.Sum256(files[name])
				want.Files = append(want.Files, Part{Name: name, Rows: []int64{10, 10, 5}[i], Bytes: int64(len(files[name])), SHA256: hex.EncodeToString(hash[:])})
			}
			if diff := cmp.Diff(rows, joined); diff != "" {
				t.Errorf("rows of the parts together: -want +got\n%s", diff)
			}
			var got Manifest
			if err := json.Unmarshal(files["manifest.json"], &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("manifest: -want +got\n%s", diff)
			}
		})
	}
}

func TestNew_parts_entries(t *testing.T) {
	created := time.Date(2026, 3, 4, 5, 6, 8, 0, time.FixedZone("", 8*3600))
	for _, f := range []Format{CSV, XLS, XLSX} {
		var out bytes.Buffer
		opt := format.Options{PartRows: 10, PartName: "订单", Created: created}
		if _, err := write(t, &out, f, opt, 25, 25); err != nil {
			t.Fatal(err)
		}
		z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range z.File {
			const unix, utf8Flag = 3, 1 << 11
			utf8 := e.Flags&utf8Flag != 0
			if e.CreatorVersion>>8 != unix || utf8 != (i < 3) || e.Method != zip.Deflate || !e.Modified.Equal(created) || e.Mode() != 0o644 {
				t.Errorf("%s %s: creator %d, UTF-8 %t, method %d, modified %v, mode %v", f, e.Name, e.CreatorVersion>>8, utf8, e.Method, e.Modified, e.Mode())
			}
		}
		var m Manifest
		if err := json.Unmarshal(readFile(t, z.File[len(z.File)-1]), &m); err != nil {
			t.Fatal(err)
		}
		for i, part := range m.Files {
			if part.Name != z.File[i].Name {
				t.Errorf("manifest %q, archive %q", part.Name, z.File[i].Name)
			}
		}
	}
}

func readFile(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	p, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNew_parts_count(t *testing.T) {
	for _, tt := range []struct{ rows, parts int }{{0, 1}, {1, 1}, {10, 1}, {11, 2}, {20, 2}, {21, 3}} {
		var out bytes.Buffer
		if _, err := write(t, &out, XLSX, format.Options{PartRows: 10}, tt.rows, 3); err != nil {
			t.Fatal(err)
		}
		names, files := unzip(t, out.Bytes())
		if got := len(names) - 1; got != tt.parts {
			t.Errorf("%d rows: got %d parts, want %d", tt.rows, got, tt.parts)
		}
		if inner, _ := unzip(t, files["part-0001.xlsx"]); len(inner) == 0 {
			t.Errorf("%d rows: the first part holds nothing", tt.rows)
		}
	}
}

func TestNew_parts_limit(t *testing.T) {
	_, err := write(t, io.Discard, CSV, format.Options{PartRows: 1}, maxParts+1, 1000)
	if err == nil || !strings.Contains(err.Error(), "more than 10000 of 1 rows each") {
		t.Errorf("got %v", err)
	}
	if _, err := write(t, io.Discard, CSV, format.Options{PartRows: 1}, maxParts, 1000); err != nil {
		t.Errorf("as many as allowed: %v", err)
	}
}
