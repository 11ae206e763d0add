package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"

	"exporttask/internal/render/cell"
	"exporttask/internal/render/xlsx/deflate"
)

func TestCombinedChecksumIsThatOfTheWhole(t *testing.T) {
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

func TestEntryPast4GiBIsZip64(t *testing.T) {
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

func TestArchivePast4GiBHasA64BitDirectory(t *testing.T) {
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

func TestSmallPartsComeFirstWithTheirSizes(t *testing.T) {
	file, _ := write(t, orderColumns(), cell.Options{}, orders(1, 3, 1)...)
	name := string(file[30 : 30+len("_rels/.rels")])
	if flags := binary.LittleEndian.Uint16(file[6:]); name != "_rels/.rels" || flags&flagDescriptor != 0 {
		t.Errorf("first entry %q, flags %#x: programs that tell files by their head would not know this one", name, flags)
	}
}
