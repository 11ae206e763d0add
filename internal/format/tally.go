package format

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// Tally adds up the cells of a column for its total. The sum does not depend on the
// order of the cells: decimal numbers are added exactly, others with more digits
// than a double has.
type Tally struct {
	total Total
	scale int // decimals of hi and lo

	cells, numbers int64
	hi             int64 // with lo the sum of most numbers, times ten to the power of scale
	lo             uint64
	rest           *big.Float // sum of the other numbers; nil = 0
}

// maxTallyDigits is a number of digits that an int64 holds.
const maxTallyDigits = 18

// restPrecision is the precision of the sum of doubles in bits.
const restPrecision = 256

// NewTally returns the tally of a column, nil for one without a total.
func NewTally(c *Column) *Tally {
	if c.Total == NoTotal {
		return nil
	}
	return &Tally{total: c.Total, scale: min(max(c.Source.Scale, 0), maxTallyDigits)}
}

// Add adds a cell that is not NULL, as written by AppendText. A text that is no
// number counts as a cell only.
func (t *Tally) Add(text []byte) {
	t.cells++
	if t.total == Count {
		return
	}
	if n, ok := t.fixed(text); ok {
		t.numbers++
		var carry uint64
		t.lo, carry = bits.Add64(t.lo, uint64(n), 0)
		t.hi += n>>63 + int64(carry)
		return
	}
	if !IsNumber(text) {
		return
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.IsInf(f, 0) {
		return
	}
	t.numbers++
	t.addRest(new(big.Float).SetFloat64(f))
}

func (t *Tally) addRest(f *big.Float) {
	if t.rest == nil {
		t.rest = new(big.Float).SetPrec(restPrecision)
	}
	t.rest.Add(t.rest, f)
}

// fixed returns a number times ten to the power of scale. ok is false if it has too
// many digits or is no decimal number.
func (t *Tally) fixed(text []byte) (n int64, ok bool) {
	p := text
	if len(p) > 0 && p[0] == '-' {
		p = p[1:]
	}
	whole := digits(p)
	if whole == 0 || whole+t.scale > maxTallyDigits {
		return 0, false
	}
	for _, c := range p[:whole] {
		n = n*10 + int64(c-'0')
	}
	var frac []byte
	if whole < len(p) {
		frac = p[whole+1:]
		if p[whole] != '.' || len(frac) == 0 || len(frac) > t.scale || digits(frac) != len(frac) {
			return 0, false
		}
	}
	for i := range t.scale {
		n *= 10
		if i < len(frac) {
			n += int64(frac[i] - '0')
		}
	}
	if text[0] == '-' {
		n = -n
	}
	return n, true
}

// Merge adds the cells of another tally of the same column.
func (t *Tally) Merge(o *Tally) {
	t.cells += o.cells
	t.numbers += o.numbers
	var carry uint64
	t.lo, carry = bits.Add64(t.lo, o.lo, 0)
	t.hi += o.hi + int64(carry)
	if o.rest != nil {
		t.addRest(o.rest)
	}
}

// Value returns the total. ok is false for an average of no numbers.
func (t *Tally) Value() (v float64, ok bool) {
	if t.total == Count {
		return float64(t.cells), true
	}
	sum := new(big.Int).Lsh(big.NewInt(t.hi), 64)
	sum.Add(sum, new(big.Int).SetUint64(t.lo))
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.scale)), nil)
	all := new(big.Float).SetPrec(restPrecision).SetInt(sum)
	all.Quo(all, new(big.Float).SetInt(unit))
	if t.rest != nil {
		all.Add(all, t.rest)
	}
	if t.total == Average {
		if t.numbers == 0 {
			return 0, false
		}
		all.Quo(all, new(big.Float).SetInt64(t.numbers))
	}
	v, _ = all.Float64()
	return v, true
}
