package xls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"unicode/utf16"
)

// book is a workbook as the plain reader of these tests sees it.
type book struct {
	sheets  []readSheet
	strings []string
	total   uint32 // cstTotal
	stream  []byte
	xfs     []readXF
	formats map[uint16]string
}

type readXF struct {
	font, format uint16
	quoted       bool
}

type readSheet struct {
	name  string
	rows  int // of the Dimensions record
	cells map[[2]int]readCell
	recs  []rec
}

type readCell struct {
	value any // string, float64 or bool
	xf    uint16
}

type rec struct {
	id   uint16
	at   int // of the header in the stream
	body []byte
}

// grid is the sheet's cells as rows; a missing cell is nil.
func (s readSheet) grid(columns int) [][]any {
	g := make([][]any, s.rows)
	for i := range g {
		g[i] = make([]any, columns)
	}
	for at, c := range s.cells {
		g[at[0]][at[1]] = c.value
	}
	return g
}

func (s readSheet) find(id uint16) []rec {
	var found []rec
	for _, r := range s.recs {
		if r.id == id {
			found = append(found, r)
		}
	}
	return found
}

// read reads a file from its first byte, trusting nothing, and fails the test
// at whatever it finds against MS-CFB or MS-XLS.
func read(t *testing.T, file []byte) book {
	t.Helper()
	stream := readContainer(t, file)
	b := book{stream: stream, formats: map[uint16]string{}}
	globals := readRecords(t, stream, 0, bofGlobals)
	var places []uint32
	var names []string
	for i, r := range globals {
		switch r.id {
		case recBoundSheet8:
			places = append(places, le32(r.body))
			names = append(names, readString(t, r.body[7:], int(r.body[6])))
		case recFormat:
			b.formats[le16(r.body)] = readString(t, r.body[4:], int(le16(r.body[2:])))
		case recXF:
			b.xfs = append(b.xfs, readXF{font: le16(r.body), format: le16(r.body[2:]), quoted: r.body[4]&8 != 0})
		case recSST:
			b.readStrings(t, globals[i:])
		}
	}
	for i, at := range places {
		recs := readRecords(t, stream, int(at), bofSheet)
		b.sheets = append(b.sheets, b.readSheet(t, names[i], recs))
	}
	var labels uint32
	for _, s := range b.sheets {
		for _, c := range s.cells {
			if _, ok := c.value.(string); ok {
				labels++
			}
		}
	}
	if labels != b.total {
		t.Fatalf("cstTotal is %d, but %d cells are strings", b.total, labels)
	}
	return b
}

func le16(p []byte) uint16 { return binary.LittleEndian.Uint16(p) }
func le32(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }

// readContainer returns the stream "Workbook" of a compound file.
func readContainer(t *testing.T, file []byte) []byte {
	t.Helper()
	if len(file)%sectorSize != 0 || len(file) < 3*sectorSize {
		t.Fatalf("the file has %d bytes, not a number of sectors", len(file))
	}
	if !bytes.Equal(file[:8], []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}) {
		t.Fatalf("signature % x", file[:8])
	}
	sector := func(n uint32) []byte {
		at := (int(n) + 1) * sectorSize
		if at+sectorSize > len(file) {
			t.Fatalf("sector %d is behind the end", n)
		}
		return file[at : at+sectorSize]
	}
	var fatSectors []uint32
	for i := range headerFATs {
		if n := le32(file[76+4*i:]); n != freeSector {
			fatSectors = append(fatSectors, n)
		}
	}
	dif, difs := le32(file[68:]), 0
	for dif != endOfChain {
		difs++
		p := sector(dif)
		for i := range difPerSector {
			if n := le32(p[4*i:]); n != freeSector {
				fatSectors = append(fatSectors, n)
			}
		}
		dif = le32(p[4*difPerSector:])
	}
	if got := int(le32(file[72:])); got != difs {
		t.Fatalf("the header counts %d DIFAT sectors, the chain %d", got, difs)
	}
	if got := int(le32(file[44:])); got != len(fatSectors) {
		t.Fatalf("the header counts %d FAT sectors, listed are %d", got, len(fatSectors))
	}
	var fat []uint32
	for _, n := range fatSectors {
		p := sector(n)
		for i := range fatPerSector {
			fat = append(fat, le32(p[4*i:]))
		}
	}
	sectors := len(file)/sectorSize - 1
	if len(fat) < sectors {
		t.Fatalf("the FAT has %d entries for %d sectors", len(fat), sectors)
	}
	for i, n := range fat[sectors:] {
		if n != freeSector {
			t.Fatalf("FAT entry %d behind the end is %x", sectors+i, n)
		}
	}
	for _, n := range fatSectors {
		if fat[n] != fatSector {
			t.Fatalf("FAT sector %d is marked %x", n, fat[n])
		}
	}
	chain := func(n uint32) []byte {
		var all []byte
		for n != endOfChain {
			all = append(all, sector(n)...)
			n = fat[n]
		}
		return all
	}
	dir := chain(le32(file[48:]))
	root, stream := dir[:128], dir[128:256]
	if got := entryName(root); got != "Root Entry" {
		t.Fatalf("first directory entry %q", got)
	}
	if got := entryName(stream); got != "Workbook" || le32(root[76:]) != 1 {
		t.Fatalf("second directory entry %q, child of the root %d", got, le32(root[76:]))
	}
	size := int(le32(stream[120:]))
	if size < miniCutoff {
		t.Fatalf("the stream has %d bytes and would lie in the mini stream", size)
	}
	all := chain(le32(stream[116:]))
	if (size+sectorSize-1)/sectorSize*sectorSize != len(all) {
		t.Fatalf("the stream has %d bytes in a chain of %d", size, len(all))
	}
	return all[:size]
}

func entryName(p []byte) string {
	n := int(le16(p[64:]))/2 - 1
	return decode16(p[:2*n])
}

func decode16(p []byte) string {
	u := make([]uint16, len(p)/2)
	for i := range u {
		u[i] = le16(p[2*i:])
	}
	return string(utf16.Decode(u))
}

// readRecords reads a substream from its BOF to its EOF record.
func readRecords(t *testing.T, stream []byte, at int, kind uint16) (recs []rec) {
	t.Helper()
	for {
		if at+headSize > len(stream) {
			t.Fatalf("no EOF record")
		}
		id, n := le16(stream[at:]), int(le16(stream[at+2:]))
		if n > maxRecord {
			t.Fatalf("record %04x at %d has %d bytes", id, at, n)
		}
		r := rec{id: id, at: at, body: stream[at+headSize : at+headSize+n]}
		if len(recs) == 0 && (id != recBOF || le16(r.body[2:]) != kind) {
			t.Fatalf("record %04x at %d, want the BOF of kind %d", id, at, kind)
		}
		recs = append(recs, r)
		at += headSize + n
		if id == recEOF {
			return recs
		}
	}
}

// readString reads the form byte and n characters.
func readString(t *testing.T, p []byte, n int) string {
	t.Helper()
	if p[0] == 0 {
		return latin1(p[1 : 1+n])
	}
	return decode16(p[1 : 1+2*n])
}

func latin1(p []byte) string {
	r := make([]rune, len(p))
	for i, c := range p {
		r[i] = rune(c)
	}
	return string(r)
}

// readStrings reads the SST record that recs begins with, its Continue records
// and the ExtSST record behind them.
func (b *book) readStrings(t *testing.T, recs []rec) {
	t.Helper()
	b.total = le32(recs[0].body)
	unique := int(le32(recs[0].body[4:]))
	k, at := 0, sstHead
	var starts []rec // where each string begins: the record, the offset in at
	for range unique {
		if at == len(recs[k].body) {
			k, at = k+1, 0
			if recs[k].id != recContinue {
				t.Fatalf("record %04x inside the string table", recs[k].id)
			}
		}
		starts = append(starts, rec{id: uint16(headSize + at), at: recs[k].at + headSize + at})
		p := recs[k].body
		if len(p)-at < 3 {
			t.Fatalf("the head of string %d is torn apart", len(b.strings))
		}
		n, form := int(le16(p[at:])), p[at+2]
		at += 3
		if n > 0 && at == len(p) {
			t.Fatalf("string %d is torn apart before its first letter", len(b.strings))
		}
		var u []uint16
		for len(u) < n {
			if at == len(p) {
				// xlrd, Gnumeric and libxls decode the parts separately.
				if len(u) > 0 && utf16.IsSurrogate(rune(u[len(u)-1])) && u[len(u)-1] < 0xdc00 {
					t.Fatalf("string %d is divided inside a surrogate pair", len(b.strings))
				}
				k++
				p = recs[k].body
				if recs[k].id != recContinue {
					t.Fatalf("record %04x inside a string", recs[k].id)
				}
				form, at = p[0], 1
			}
			switch form {
			case 0:
				u = append(u, uint16(p[at]))
				at++
			case 1:
				u = append(u, le16(p[at:]))
				at += 2
			default:
				t.Fatalf("form %x of string %d", form, len(b.strings))
			}
		}
		b.strings = append(b.strings, string(utf16.Decode(u)))
	}
	if at != len(recs[k].body) {
		t.Fatalf("%d bytes behind the last string", len(recs[k].body)-at)
	}
	checkExtSST(t, recs[k+1:], starts)
}

func checkExtSST(t *testing.T, recs []rec, starts []rec) {
	t.Helper()
	if recs[0].id != recExtSST {
		t.Fatalf("record %04x behind the string table, want ExtSST", recs[0].id)
	}
	body := append([]byte(nil), recs[0].body...)
	for _, r := range recs[1:] {
		if r.id != recContinue {
			break
		}
		body = append(body, r.body...)
	}
	step := int(le16(body))
	if step < bucketStep {
		t.Fatalf("dsst is %d", step)
	}
	body = body[2:]
	if got, want := len(body)/8, (len(starts)+step-1)/step; got != want {
		t.Fatalf("ExtSST has %d places, want %d", got, want)
	}
	for i := range len(body) / 8 {
		s := starts[i*step]
		if got := le32(body[8*i:]); int(got) != s.at || le16(body[8*i+4:]) != s.id {
			t.Fatalf("ExtSST says string %d is at %d (%d), want %d (%d)", i*step, got, le16(body[8*i+4:]), s.at, s.id)
		}
	}
}

func (b *book) readSheet(t *testing.T, name string, recs []rec) readSheet {
	t.Helper()
	s := readSheet{name: name, cells: map[[2]int]readCell{}, recs: recs}
	put := func(r rec, col int, xf uint16, v any) {
		at := [2]int{int(le16(r.body)), col}
		if _, twice := s.cells[at]; twice {
			t.Fatalf("sheet %q: cell %v stands there twice", name, at)
		}
		s.cells[at] = readCell{value: v, xf: xf}
	}
	for _, r := range recs {
		p := r.body
		switch r.id {
		case recDimensions:
			s.rows = int(le32(p[4:]))
		case recLabelSst:
			put(r, int(le16(p[2:])), le16(p[4:]), b.strings[le32(p[6:])])
		case recNumber:
			put(r, int(le16(p[2:])), le16(p[4:]), math.Float64frombits(binary.LittleEndian.Uint64(p[6:])))
		case recBoolErr:
			put(r, int(le16(p[2:])), le16(p[4:]), p[6] == 1)
		case recRK:
			put(r, int(le16(p[2:])), le16(p[4:]), rkValue(le32(p[6:])))
		case recMulRk:
			first, n := int(le16(p[2:])), (len(p)-6)/6
			if last := int(le16(p[len(p)-2:])); last != first+n-1 {
				t.Fatalf("MulRk of %d cells from %d ends at %d", n, first, last)
			}
			for i := range n {
				put(r, first+i, le16(p[4+6*i:]), rkValue(le32(p[6+6*i:])))
			}
		}
	}
	s.checkBlocks(t)
	return s
}

func rkValue(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

func isCell(id uint16) bool {
	return id == recLabelSst || id == recNumber || id == recBoolErr || id == recRK || id == recMulRk
}

// checkBlocks follows the Index record to the DBCell records, from those to
// the Row records and to the first cell of every row.
func (s readSheet) checkBlocks(t *testing.T) {
	t.Helper()
	byPlace := map[int]rec{}
	firstCell := map[uint16]int{} // by row: the place of its first cell
	lastRow := -1
	var cells, rows int
	for _, r := range s.recs {
		byPlace[r.at] = r
		if isCell(r.id) {
			row := le16(r.body)
			if _, ok := firstCell[row]; !ok {
				firstCell[row] = r.at
				cells++
			}
			if int(row) < lastRow {
				t.Fatalf("row %d after row %d", row, lastRow)
			}
			lastRow = int(row)
		}
		if r.id == recRow {
			rows++
		}
	}
	if rows != cells {
		t.Fatalf("%d Row records for %d rows with cells", rows, cells)
	}
	index := s.find(recIndex)[0]
	if got := int(le32(index.body[8:])); got != lastRow+1 {
		t.Fatalf("Index ends at row %d, the cells at %d", got, lastRow+1)
	}
	if r := byPlace[int(le32(index.body[12:]))]; r.id != recDefColWidth {
		t.Fatalf("Index points at record %04x, want DefColWidth", r.id)
	}
	if got, want := (len(index.body)-16)/4, (lastRow+blockRows)/blockRows; got != want {
		t.Fatalf("Index has %d blocks, want %d", got, want)
	}
	seen := 0
	for i := 16; i < len(index.body); i += 4 {
		db := byPlace[int(le32(index.body[i:]))]
		if db.id != recDBCell {
			t.Fatalf("Index points at record %04x, want DBCell", db.id)
		}
		if le32(db.body) == 0 {
			continue
		}
		first := db.at - int(le32(db.body))
		at := first + rowRecord
		for k := 4; k < len(db.body); k += 2 {
			r := byPlace[first+(k-4)/2*rowRecord]
			if r.id != recRow {
				t.Fatalf("DBCell points at record %04x, want Row", r.id)
			}
			at += int(le16(db.body[k:]))
			if want := firstCell[le16(r.body)]; at != want {
				t.Fatalf("DBCell says row %d begins at %d, want %d", le16(r.body), at, want)
			}
			seen++
		}
	}
	if seen != rows {
		t.Fatalf("the DBCell records know %d rows of %d", seen, rows)
	}
}

func (c readCell) String() string { return fmt.Sprintf("%v (xf %d)", c.value, c.xf) }
