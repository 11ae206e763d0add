package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
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

func TestArchive_end_zip64(t *testing.T) {
	a, file := farArchive(0)
	e := &entry{name: "big", zip64: true}
	if err := a.begin(e); err != nil {
		t.Fatal(err)
	}
	if err := a.add([]byte(deflate.End), 0, 0); err != nil {
		t.Fatal(err)
	}
	e.size, e.packed = 5<<30, 6<<30 // as if that much had been added
	if err := a.end(); err != nil {
		t.Fatal(err)
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	f := z.File[0]
	if f.UncompressedSize64 != 5<<30 || f.CompressedSize64 != 6<<30 || f.ReaderVersion != version45 {
		t.Errorf("size %d, packed %d, version %d", f.UncompressedSize64, f.CompressedSize64, f.ReaderVersion)
	}
	if v := binary.LittleEndian.Uint16(file.Bytes()[4:]); v != version45 {
		t.Errorf("local header's version %d, want %d as in the directory", v, version45)
	}
	descriptor := file.Bytes()[30+len("big")+len(deflate.End):]
	if binary.LittleEndian.Uint32(descriptor) != sigDescriptor || binary.LittleEndian.Uint64(descriptor[16:]) != 5<<30 {
		t.Errorf("descriptor % x", descriptor[:24])
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
	if in, out := binary.LittleEndian.Uint16(file.Bytes()[4:]), z.File[0].ReaderVersion; in != version45 || out != version45 {
		t.Errorf("versions %d and %d, want both %d", in, out, version45)
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

func TestEncoder_beginSheet_zip64(t *testing.T) {
	wide := single(row.Text, -1)
	t.Run("small rows", func(t *testing.T) {
		file, _ := write(t, []format.Column{wide}, format.Options{}, one("x"))
		if d := cmp.Diff([][4]uint16{{version20, version20, flagDescriptor, flagDescriptor}}, sheetHeads(t, file)); d != "" {
			t.Errorf("versions and flags (-want +got):\n%s", d)
		}
	})
	t.Run("wide rows", func(t *testing.T) {
		file, _ := write(t, []format.Column{wide}, format.Options{}, one(strings.Repeat("x", 4000)))
		if d := cmp.Diff([][4]uint16{{version45, version45, flagDescriptor, flagDescriptor}}, sheetHeads(t, file)); d != "" {
			t.Errorf("versions and flags (-want +got):\n%s", d)
		}
	})
	t.Run("rows that become wide", func(t *testing.T) {
		var file bytes.Buffer
		e, err := newEncoder(&file, []format.Column{wide}, format.Options{}, maxRows)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, text := range []string{strings.Repeat("x", 30), strings.Repeat("y", 400000)} {
				if err := e.Encode(one(text)); err != nil {
					t.Fatal(err)
				}
			}
			e.sheets[0].bytes = maxSheetBytes + 1 // as if that much had been written
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		b := readBook(t, file.Bytes())
		if len(b.Cells) != 2 || len(b.Cells[0]) != 3 || len(b.Cells[1]) != 3 {
			t.Errorf("%d sheets, want 2 of two rows each", len(b.Cells))
		}
	})
}

func TestArchive_writeFirstParts(t *testing.T) {
	file, _ := write(t, orderColumns(), format.Options{}, orders(1, 3, 1)...)
	name := string(file[30 : 30+len("_rels/.rels")])
	if flags := binary.LittleEndian.Uint16(file[6:]); name != "_rels/.rels" || flags&flagDescriptor != 0 {
		t.Errorf("first entry %q, flags %#x: programs that tell files by their head would not know this one", name, flags)
	}
}
