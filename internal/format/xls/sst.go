package xls

import (
	"encoding/binary"

	"exporttask/internal/format"
)

const (
	// bucketsMost is the maximum number of buckets of the ExtSST record; when it
	// is reached, every second bucket is dropped.
	bucketsMost = 1024
	// bucketStep is the minimum number of strings of a bucket (MS-XLS 2.4.107).
	bucketStep = 8
	// bucketStepMost is the maximum step, which the record stores in 16 bits.
	bucketStepMost = 32 << 10
	// sstHead is the size of the fields of the SST record before the first string.
	sstHead = 8
)

// sst is the shared string table (MS-XLS 2.4.265). The SST record and its
// Continue records are written to a spill in their final form, except for the
// two counts at the beginning, which finish sets.
type sst struct {
	out    spill
	record int // offset of the header of the open record in out.buf
	free   int // number of bytes that fit into the open record

	total  uint32 // number of string cells (cstTotal)
	unique uint32 // number of strings in the table (cstUnique)

	recent  recent
	scratch []byte

	buckets []bucket
	step    uint32
}

// bucket is the position of a string (ISSTInf, MS-XLS 2.5.167).
type bucket struct {
	at     int64  // offset from the beginning of the SST record
	inside uint16 // offset in its record including the header
}

func newSST(dir string) *sst {
	s := &sst{
		out:     spill{dir: dir},
		scratch: make([]byte, 0, 4<<10),
		step:    bucketStep,
	}
	s.open(recSST)
	s.out.buf = append(s.out.buf, make([]byte, sstHead)...)
	s.free -= sstHead
	return s
}

// add returns the index of text in the table and counts texts that were
// changed.
func (s *sst) add(text []byte, counts *format.WarningCounts) (uint32, error) {
	s.total++
	if i, ok := s.recent.find(text); ok {
		return i, nil
	}
	u := encode(text, s.scratch)
	if u.wide && cap(u.bytes) > cap(s.scratch) {
		s.scratch = u.bytes
	}
	i := s.unique
	switch {
	case u.cut || u.illegal: // not cached, so that every such cell is counted
		if u.cut {
			counts.Cut++
		}
		if u.illegal {
			counts.Illegal++
		}
	default:
		s.recent.put(text, i)
	}
	if i%s.step == 0 {
		s.bucket(u)
	}
	s.unique++
	return i, s.write(u)
}

// write appends the string: its length and form, then its characters. A record may
// end between two characters; the next record then begins with the form of the
// remaining ones (MS-XLS 2.5.293).
func (s *sst) write(u units) error {
	if err := s.fit(u); err != nil {
		return err
	}
	form := byte(0)
	if u.wide {
		form = 1
	}
	s.out.buf = binary.LittleEndian.AppendUint16(s.out.buf, uint16(u.count))
	s.out.buf = append(s.out.buf, form)
	s.free -= 3
	for p := u.bytes; ; {
		n := u.fits(p, s.free)
		s.out.buf = append(s.out.buf, p[:n]...)
		s.free -= n
		if p = p[n:]; len(p) == 0 {
			return nil
		}
		if err := s.next(); err != nil {
			return err
		}
		s.out.buf = append(s.out.buf, form)
		s.free--
	}
}

// fits returns how many of the bytes p of a string may be written to a record with
// room for free bytes: whole characters, since readers that decode each part of a
// string separately refuse half of a surrogate pair.
func (u *units) fits(p []byte, free int) int {
	if len(p) <= free {
		return len(p)
	}
	n := free
	if u.wide {
		n &^= 1
		if n >= 2 && p[n-1]&0xfc == 0xd8 { // the last code unit is a high surrogate
			n -= 2
		}
	}
	return n
}

// fit begins a record if the open one has no room for the head of a string and its
// first character.
func (s *sst) fit(u units) error {
	if s.free >= s.headOf(u) {
		return nil
	}
	return s.next()
}

// headOf returns the size of the part of a string that must not be divided: its
// length, its form and its first character.
func (s *sst) headOf(u units) int {
	switch {
	case !u.wide:
		return 4
	case u.count >= 2 && u.bytes[1]&0xfc == 0xd8:
		return 7
	}
	return 5
}

// next closes the open record and begins a Continue record.
func (s *sst) next() error {
	s.close()
	if err := s.out.flushIfFull(); err != nil {
		return err
	}
	s.open(recContinue)
	return nil
}

func (s *sst) open(id uint16) {
	s.record = len(s.out.buf)
	s.out.buf = binary.LittleEndian.AppendUint32(s.out.buf, uint32(id))
	s.free = maxRecord
}

func (s *sst) close() {
	n := len(s.out.buf) - s.record - headSize
	binary.LittleEndian.PutUint16(s.out.buf[s.record+2:], uint16(n))
}

// bucket records the position of the string u, which is written next.
func (s *sst) bucket(u units) {
	if len(s.buckets) == bucketsMost && s.step < bucketStepMost {
		for i := range bucketsMost / 2 {
			s.buckets[i] = s.buckets[2*i]
		}
		s.buckets = s.buckets[:bucketsMost/2]
		s.step *= 2
		// unique is a multiple of 1,024 old steps and therefore of the new step.
	}
	b := bucket{at: s.out.size(), inside: uint16(len(s.out.buf) - s.record)}
	if s.free < s.headOf(u) {
		b = bucket{at: b.at + headSize, inside: headSize}
	}
	s.buckets = append(s.buckets, b)
}

// finish closes the last record and sets the counts. The size of the table is
// s.out.size() from then on.
func (s *sst) finish() error {
	s.close()
	var counts [sstHead]byte
	binary.LittleEndian.PutUint32(counts[0:], s.total)
	binary.LittleEndian.PutUint32(counts[4:], s.unique)
	return s.out.patch(headSize, counts[:])
}

// index appends the ExtSST record (MS-XLS 2.4.107) for a string table at the
// position base of the workbook stream. Excel requires it beside an SST.
func (s *sst) index(r *records, base int64) {
	r.begin(recExtSST)
	r.u16(uint16(s.step))
	for _, b := range s.buckets {
		r.u32(uint32(base + b.at))
		r.u16(b.inside)
		r.u16(0)
	}
	r.end()
}
