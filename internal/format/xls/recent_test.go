package xls

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestRecent_find_exact(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var r recent
	var all []string // by index
	for range 700000 {
		n := rnd.IntN(1 << rnd.IntN(18))
		s := fmt.Appendf(nil, "%0*d", rnd.IntN(40), n)
		if rnd.IntN(50) == 0 {
			s = fmt.Appendf(nil, "%0*d", rnd.IntN(2*recentLongest), n)
		}
		if i, ok := r.find(s); ok {
			if all[i] != string(s) {
				t.Fatalf("%q was found as %q", s, all[i])
			}
			continue
		}
		r.put(s, uint32(len(all)))
		all = append(all, string(s))
	}
	if r.head < 2*recentBytes {
		t.Fatalf("only %d bytes went through the ring", r.head)
	}
	if len(r.ring) > recentBytes || len(r.slots) > recentSlots {
		t.Errorf("ring of %d bytes, %d slots", len(r.ring), len(r.slots))
	}
}

// A string that keeps coming is found however many others come between.
func TestRecent_put_keeps_frequent(t *testing.T) {
	var r recent
	often := []byte("often")
	misses := 0
	for i := range uint32(300000) {
		s := fmt.Appendf(nil, "a string of its own that nobody ever asks for %d", i)
		if _, ok := r.find(s); !ok {
			r.put(s, i)
		}
		if i%100 == 0 {
			if _, ok := r.find(often); !ok {
				misses++
				r.put(often, i)
			}
		}
	}
	if misses != 1 {
		t.Errorf("missed %d times of 3,000, want only the first", misses)
	}
}

func TestRecent_find(t *testing.T) {
	var r recent
	for i := range uint32(1000) {
		s := fmt.Append(nil, i)
		if _, ok := r.find(s); ok {
			t.Fatalf("%q found before it was put", s)
		}
		r.put(s, i)
		if got, ok := r.find(s); !ok || got != i {
			t.Fatalf("%q: %d, %t", s, got, ok)
		}
	}
}

func TestRecent_find_collision(t *testing.T) {
	seen := map[uint32][]byte{}
	for i := range 1 << 20 {
		s := fmt.Appendf(nil, "%08d", i)
		other, ok := seen[hash(s)]
		if !ok {
			seen[hash(s)] = s
			continue
		}
		var r recent
		r.find(other)
		r.put(other, 1)
		if _, ok := r.find(s); ok {
			t.Fatalf("%q was found as %q", s, other)
		}
		return
	}
	t.Fatal("no two strings have the same hash")
}
