package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
	"exporttask/internal/format/xlsx/deflate"
)

func TestCombineCRC(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := make([]byte, 5000)
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
	for range 200 {
		a, b := p[:rng.IntN(2500)], p[2500:2500+rng.IntN(2500)]
		got := combineCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b)))
		if want := crc32.ChecksumIEEE(append(bytes.Clone(a), b...)); got != want {
			t.Fatalf("%d and %d bytes: %08x, want %08x", len(a), len(b), got, want)
		}
	}
}

// farArchive is an archive that pretends to have n bytes already.
func farArchive(n uint64) (*archive, *bytes.Buffer) {
	var b bytes.Buffer
	return &archive{w: &b, written: n}, &b
}

func TestArchive_add_limit(t *testing.T) {
	a, _ := farArchive(0)
	e := &entry{name: "big"}
	if err := a.begin(e); err != nil {
		t.Fatal(err)
	}
	e.size = maxEntry - 1
	if err := a.add([]byte(deflate.End), 0, 1); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := a.add([]byte(deflate.End), 0, 1); !errors.Is(err, errEntrySize) {
		t.Errorf("past the limit: got %v, want %v", err, errEntrySize)
	}
}

func TestArchive_close_zip64(t *testing.T) {
	const far = 5 << 30
	a, file := farArchive(far)
	if err := a.store("small", []byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(&shifted{bytes.NewReader(file.Bytes()), far}, far+int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if in, out := binary.LittleEndian.Uint16(file.Bytes()[4:]), z.File[0].ReaderVersion; in != version20 || out != version20 {
		t.Errorf("versions %d and %d, want both %d", in, out, version20)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); string(got) != "content" {
		t.Errorf("got %q, %v", got, err)
	}
}

// shifted is a file whose first bytes are not there.
type shifted struct {
	r   *bytes.Reader
	off int64
}

func (s *shifted) ReadAt(p []byte, at int64) (int, error) {
	gap := int(min(max(s.off-at, 0), int64(len(p))))
	clear(p[:gap])
	n, err := s.r.ReadAt(p[gap:], max(at-s.off, 0))
	return gap + n, err
}

// sheetHeads are the version and flags of each sheet in its local header and
// in the directory.
func sheetHeads(t *testing.T, file []byte) (heads [][4]uint16) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "xl/worksheets/") {
			continue
		}
		name := bytes.Index(file, []byte(f.Name)) // first in its local header
		local := file[name-30 : name]
		heads = append(heads, [4]uint16{binary.LittleEndian.Uint16(local[4:]), f.ReaderVersion, binary.LittleEndian.Uint16(local[6:]), f.Flags})
	}
	return heads
}

func TestEncoder_beginSheet_version(t *testing.T) {
	for name, text := range map[string]string{"narrow rows": "x", "wide rows": strings.Repeat("x", 4000), "widest rows": strings.Repeat("\r", format.MaxCellText)} {
		t.Run(name, func(t *testing.T) {
			file, _ := write(t, []format.Column{single(row.Text, -1)}, format.Options{}, one(text))
			if d := cmp.Diff([][4]uint16{{version20, version20, flagDescriptor, flagDescriptor}}, sheetHeads(t, file)); d != "" {
				t.Errorf("versions and flags (-want +got):\n%s", d)
			}
		})
	}
}

// Sheets stay below the limit also if every byte of a text takes five, and the
// file does not depend on the number of workers.
func TestEncoder_hasRoom(t *testing.T) {
	const limit, rows = 16 << 20, 400
	text := bytes.Repeat([]byte("&"), 20_000)
	mapped := single(row.Text, -1)
	mapped.Index = 1
	mapped.Map = map[string]string{"&": strings.Repeat("&", 1000)}
	var first []byte
	for _, workers := range []int{1, 4} {
		var file bytes.Buffer
		e, err := newEncoder(&file, []format.Column{single(row.Text, -1), mapped}, format.Options{Workers: workers}, maxRows)
		if err != nil {
			t.Fatal(err)
		}
		e.sheetSize = limit
		for range rows / 10 {
			b := new(row.Batch)
			for range 10 {
				b.Append(text, []byte("&"))
			}
			if err := e.Encode(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = bytes.Clone(file.Bytes())
		} else if !bytes.Equal(first, file.Bytes()) {
			t.Error("the file depends on the number of workers")
		}
	}
	z, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	sheets := 0
	for _, f := range z.File {
		if f.UncompressedSize64 > limit+4096 {
			t.Errorf("%s has %d bytes, want at most %d", f.Name, f.UncompressedSize64, limit)
		}
		if strings.HasPrefix(f.Name, "xl/worksheets/") {
			sheets++
		}
	}
	got := 0
	for _, cells := range readBook(t, first).Cells {
		got += len(cells)/2 - 1
	}
	// A row has 105,000 bytes.
	if want := rows * 105_000 / limit; got != rows || sheets < want || sheets > want+2 {
		t.Errorf("%d rows in %d sheets, want %d in about %d", got, sheets, rows, want)
	}
}

func TestArchive_writeFirstParts(t *testing.T) {
	file, _ := write(t, orderColumns(), format.Options{}, orders(1, 3, 1)...)
	name := string(file[30 : 30+len("_rels/.rels")])
	if flags := binary.LittleEndian.Uint16(file[6:]); name != "_rels/.rels" || flags&flagDescriptor != 0 {
		t.Errorf("first entry %q, flags %#x: programs that tell files by their head would not know this one", name, flags)
	}
}
