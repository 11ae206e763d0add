package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	kflate "github.com/klauspost/compress/flate"
)

// inflate reads a joined stream back with two decoders nobody here wrote.
func inflate(t *testing.T, stream []byte) []byte {
	t.Helper()
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(stream)))
	if err != nil {
		t.Fatalf("compress/flate: %v", err)
	}
	other, err := io.ReadAll(kflate.NewReader(bytes.NewReader(stream)))
	if err != nil {
		t.Fatalf("klauspost: %v", err)
	}
	if !bytes.Equal(got, other) {
		t.Fatal("the two decoders differ")
	}
	return got
}

// hint is a place whose bytes may repeat those at from.
type hint struct{ pos, from, n uint32 }

// block makes a block of src after telling of the hints: those that hold are
// stated, in one way or another, or else guessed.
func block(e *Encoder, dst, src []byte, hints []hint) []byte {
	e.Reset()
	for i, h := range hints {
		end := min(h.pos+h.n, uint32(len(src)))
		if h.pos < e.covered {
			continue
		}
		if h.from < h.pos && end-h.pos <= maxRepeat && repeats(src, h.pos, h.from, end) {
			half := (end - h.pos) / 2
			switch i % 4 {
			case 0:
				e.Repeat(src, h.pos, h.from, end-h.pos)
				continue
			case 1:
				e.RepeatTwo(src, h.pos, h.from, half, h.from+half, end-h.pos-half)
				continue
			case 2:
				if dist := h.pos - h.from; dist <= Window {
					e.Agree(src, h.pos+half, dist, end-h.pos-half, half)
				}
				continue
			}
		}
		e.Guess(src, h.pos, h.from, end)
	}
	return e.AppendBlock(dst, src)
}

// repeats tells whether src from pos to end is what stands at from, which may
// overlap it.
func repeats(src []byte, pos, from, end uint32) bool {
	return bytes.Equal(src[pos:end], src[from:from+end-pos])
}

func roundTrip(t *testing.T, e *Encoder, src []byte, hints []hint) int {
	t.Helper()
	stream := block(e, nil, slices.Clip(src), hints)
	size := len(stream)
	// What lies behind src is read and must not matter.
	behind := append(append([]byte(nil), src...), "behind"...)
	if fast := block(e, nil, behind[:len(src)], hints); !bytes.Equal(stream, fast) {
		t.Fatalf("search %t: %d bytes make another block where there is room behind them", e.Search, len(src))
	}
	stream = block(e, stream, src, hints)
	stream = append(stream, End...)
	if got := inflate(t, stream); !bytes.Equal(got, append(bytes.Clone(src), src...)) {
		t.Fatalf("search %t: two blocks of %d bytes came back different (%d bytes)", e.Search, len(src), len(got))
	}
	return size
}

func TestEncoder_AppendBlock(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 70000)
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	steep := []byte{} // counts like Fibonacci's numbers make the deepest code
	for i, n, m := 0, 1, 1; i < 24; i, n, m = i+1, m, n+m {
		steep = append(steep, bytes.Repeat([]byte{byte(i)}, n)...)
	}
	var table strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&table, `<row r="%d"><c r="A%d"><v>%d</v></c></row>`, i, i, i*7919)
	}
	cases := map[string][]byte{
		"empty": nil, "one byte": {0}, "one symbol": bytes.Repeat([]byte("a"), 3000), "two": []byte("ab"),
		"all bytes": random[:256], "random": random, "steep counts": steep, "table": []byte(table.String()),
	}
	for name, src := range cases {
		t.Run(name, func(t *testing.T) {
			for _, search := range []bool{false, true} {
				roundTrip(t, &Encoder{Search: search}, src, nil)
				for range 2 {
					roundTrip(t, &Encoder{Search: search}, src, randomHints(rng, len(src)))
				}
			}
		})
	}
}

// randomHints are ascending places with sources that are near, far, ahead or
// absent.
func randomHints(rng *rand.Rand, n int) []hint {
	var hints []hint
	for pos := 0; pos < n; pos += 1 + rng.IntN(40) {
		from := uint32(rng.IntN(n))
		if rng.IntN(2) == 0 {
			from = uint32(max(0, pos-1-rng.IntN(100)))
		}
		if rng.IntN(10) == 0 {
			from = None
		}
		hints = append(hints, hint{uint32(pos), from, uint32(rng.IntN(300))})
	}
	return hints
}

func TestEncoder_AppendBlock_lengths_and_distances(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	src := make([]byte, 3*Window)
	for i := range src {
		src[i] = byte(rng.Uint32())
	}
	var hints []hint
	pos := uint32(Window + maxMatch)
	length, dist := uint32(minMatch), uint32(1)
	for pos+maxMatch < uint32(len(src)) {
		for i := range length {
			src[pos+i] = src[pos+i-dist]
		}
		hints = append(hints, hint{pos, pos - dist, length})
		pos += length + 1
		if length++; length > maxMatch {
			length = minMatch
		}
		if dist = dist*5/4 + 1; dist > Window {
			dist = Window - dist%7
		}
	}
	plain := roundTrip(t, new(Encoder), src, nil)
	hinted := roundTrip(t, new(Encoder), src, hints)
	if hinted >= plain*3/4 {
		t.Errorf("hints were not followed: %d bytes without, %d with", plain, hinted)
	}
}

func TestEncoder_Repeat_beyond_window(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	src := make([]byte, Window+2000)
	for i := range src {
		src[i] = byte(rng.Uint32())
	}
	copy(src[Window+1000:], src[1000:2000]) // Window bytes away
	near := roundTrip(t, new(Encoder), src, []hint{{Window + 1000, 1000, 1000}})
	copy(src[Window+1000:], src[999:1999]) // one more
	far := roundTrip(t, new(Encoder), src, []hint{{Window + 1000, 999, 1000}})
	if near > far-900 {
		t.Errorf("a repeat at the Window's edge gave %d bytes, one beyond it %d", near, far)
	}
}

func TestEncoder_AppendBlock_allocations(t *testing.T) {
	src := bytes.Repeat([]byte("0123456789"), 1000)
	hints := []hint{{10, 0, 1000}}
	for _, search := range []bool{false, true} {
		e := &Encoder{Search: search}
		dst := block(e, nil, src, hints)
		if n := testing.AllocsPerRun(20, func() { dst = block(e, dst[:0], src, hints) }); n != 0 {
			t.Errorf("search %t: %v allocations a block", search, n)
		}
	}
}

func FuzzEncoder_AppendBlock(f *testing.F) {
	f.Add([]byte("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"2\"><c r=\"A2\"><v>1</v></c></row>"), uint64(1), false)
	f.Add(bytes.Repeat([]byte("ab"), 700), uint64(2), true)
	f.Add([]byte{0xff}, uint64(3), true)
	f.Fuzz(func(t *testing.T, src []byte, seed uint64, search bool) {
		if len(src) > 1<<18 {
			t.Skip("longer than a block of the encoder")
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		e := &Encoder{Search: search}
		if len(src) > 0 {
			roundTrip(t, e, src, randomHints(rng, len(src)))
		}
		roundTrip(t, e, src, nil)
	})
}
