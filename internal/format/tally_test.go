package format

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"exporttask/internal/format/row"
)

func TestTally_Value(t *testing.T) {
	for _, tt := range []struct {
		total Total
		scale int
		cells []string
		want  float64
		ok    bool
	}{
		{Sum, 0, nil, 0, true},
		{Average, 2, nil, 0, false},
		{Count, 2, nil, 0, true},
		{Sum, 2, []string{"0.10", "0.20", "-0.30", "1"}, 1, true},
		{Sum, 2, []string{"-0.01"}, -0.01, true},
		{Sum, 0, []string{"9223372036854775807", "9223372036854775807", "2"}, 18446744073709551616, true},
		{Sum, 0, []string{"-999999999999999999", "-999999999999999999", "-999999999999999999"}, -2999999999999999997, true},
		{Sum, -1, []string{"1e300", "1", "-1e300", "0.5"}, 1.5, true},
		{Sum, 2, []string{"x", "", "1.5", "2.25.1", "-", "+1", "007", "1e3", "."}, 1009.5, true},
		{Sum, 2, []string{"1.123", "1.12"}, 2.243, true},
		{Average, 0, []string{"1", "2", "x"}, 1.5, true},
		{Average, 30, []string{"0.100000000000000000000000000000", "0.3"}, 0.2, true},
		{Count, 0, []string{"1", "x", ""}, 3, true},
	} {
		tally := NewTally(&Column{Source: row.Column{Scale: tt.scale}, Look: Look{Total: tt.total}})
		for _, c := range tt.cells {
			tally.Add([]byte(c))
		}
		if got, ok := tally.Value(); got != tt.want || ok != tt.ok {
			t.Errorf("%d of %q: got %v, %t, want %v, %t", tt.total, tt.cells, got, ok, tt.want, tt.ok)
		}
	}
	if NewTally(new(Column)) != nil {
		t.Error("a column without a total has a tally")
	}
}

// The sum is the same however the cells are divided between goroutines.
func TestTally_Merge(t *testing.T) {
	c := &Column{Source: row.Column{Scale: 2}, Look: Look{Total: Sum}}
	rnd := rand.New(rand.NewPCG(1, 1))
	all, parts := NewTally(c), []*Tally{NewTally(c), NewTally(c), NewTally(c)}
	cents := int64(0)
	for i := range 10000 {
		n := rnd.Int64N(2e15) - 1e15
		cents += n
		text := strconv.AppendFloat(nil, float64(n)/100, 'f', 2, 64)
		if i%7 == 0 {
			text = strconv.AppendFloat(nil, rnd.NormFloat64(), 'g', -1, 64)
			cents -= n
		}
		all.Add(text)
		parts[rnd.IntN(3)].Add(text)
	}
	parts[2].Merge(parts[0])
	parts[2].Merge(parts[1])
	want, _ := all.Value()
	if got, _ := parts[2].Value(); got != want {
		t.Errorf("in parts %v, together %v", got, want)
	}
	if exact := float64(cents) / 100; want < exact-500 || want > exact+500 {
		t.Errorf("got %v, want about %v", want, exact)
	}
}
