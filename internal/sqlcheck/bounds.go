package sqlcheck

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits of what a statement may multiply. A server works some of it out before
// it looks at a time limit, so that neither a deadline nor KILL ends it.
const (
	// maxSelects is how many SELECTs and table value constructors a statement may
	// have, those of a common table expression counted at each reference to it: the
	// servers expand it there.
	maxSelects = 1000
	// maxTables is how many tables these read, counted likewise.
	maxTables = 1000
	// maxNesting is how many SELECTs may be inside one another, through brackets
	// and through common table expressions. MySQL ends at 61.
	maxNesting = 50
	// maxJoin is how many tables one FROM may have: the servers' own limit, which
	// counts the tables of merged derived tables as well.
	maxJoin = 61
	// maxColumns is how many columns a SELECT list may have: the servers' own
	// limit. A wildcard counts as one.
	maxColumns = 4096
	// maxWildcards is how many of them may be wildcards.
	maxWildcards = 50
	// maxEvaluations is how often one column of a derived table may be worked out
	// for a row: its references, multiplied along nested derived tables. The
	// servers merge derived tables, so each reference works it out again.
	maxEvaluations = 100_000
	// maxWeight is how often the servers may work out one argument because they do
	// so several times at each level: the first argument of NULLIF, and the operand
	// of CASE, once for each type that it is compared with. Nested ones multiply.
	maxWeight    = 256
	nullIfWeight = 2
	caseWeight   = 4
	// maxRepeat is the length of the texts that REPEAT, SPACE, LPAD and RPAD make
	// of literal lengths, nested calls multiplied, in characters: the longest value
	// that the protocol can carry (max_allowed_packet).
	maxRepeat = 1 << 30
)

// saturated is the highest count: higher counts are all counted as saturated.
const saturated = 1 << 40

// cost is what a query costs to prepare.
type cost struct {
	selects     int
	tables      int
	depth       int // SELECTs inside one another
	evaluations int // of a column of its result per reference to it; 0 where the result is stored
}

// add returns the cost of c and d side by side.
func (c cost) add(d cost) cost {
	return cost{
		selects:     min(c.selects+d.selects, saturated),
		tables:      min(c.tables+d.tables, saturated),
		depth:       max(c.depth, d.depth),
		evaluations: max(c.evaluations, d.evaluations),
	}
}

// stored returns c for a query whose result the server stores in a temporary
// table: a reference to its columns reads that table.
func (c cost) stored() cost {
	c.evaluations = 0
	return c
}

// scope is a list of the common table expressions that can be referred to, the
// innermost one first.
type scope struct {
	name  string // in lower case
	cost  cost
	used  bool
	outer *scope
}

// with returns the scope with one more name.
func (s *scope) with(name string, c cost) *scope {
	return &scope{name: strings.ToLower(name), cost: c, outer: s}
}

// find returns what a reference to the table or common table expression name
// costs.
func (s *scope) find(name string) cost {
	for ; s != nil; s = s.outer {
		if s.name == strings.ToLower(name) {
			s.used = true
			return s.cost
		}
	}
	return cost{tables: 1}
}

// unused returns what the names that were added since outer and never referred to
// cost: the servers prepare them all the same.
func (s *scope) unused(outer *scope) cost {
	var total cost
	for ; s != outer; s = s.outer {
		if !s.used {
			total = total.add(s.cost)
		}
	}
	return total
}

// block counts what one query or one SELECT holds.
type block struct {
	outer       *block
	first       int            // index of its first token
	cost        cost           // of its tables and subqueries
	columns     map[string]int // references to columns, by name in lower case
	tables      int            // in its FROM
	derived     bool           // a derived table of its FROM is being read
	items       int
	wildcards   int
	evaluations int // of its derived tables
}

// add adds the cost of a subquery.
func (b *block) add(c cost) {
	c.evaluations = 0
	b.cost = b.cost.add(c)
}

func (p *parser) beginBlock() *block {
	outer := p.block
	p.block = &block{outer: outer, first: p.i, columns: map[string]int{}}
	return outer
}

// endBlock returns to the block outer and returns what the block before cost.
func (p *parser) endBlock(outer *block) cost {
	b := p.block
	p.block = outer
	c := b.cost
	c.selects++
	c.depth++
	if b.evaluations > 0 {
		c.evaluations = b.evaluations * b.mostReferences()
	} else {
		c.evaluations = 1
	}
	switch {
	case c.selects > maxSelects:
		p.tooMany(b.first, c.selects, "SELECTs, common table expressions counted at each reference", maxSelects)
	case c.tables > maxTables:
		p.tooMany(b.first, c.tables, "tables, common table expressions counted at each reference", maxTables)
	case c.depth > maxNesting:
		p.tooMany(b.first, c.depth, "SELECTs inside one another, common table expressions included", maxNesting)
	case c.evaluations > maxEvaluations:
		p.tooMany(b.first, c.evaluations, "evaluations of a column for each row, references in nested derived tables multiplied", maxEvaluations)
	}
	return c
}

// mostReferences returns how often the column that is referred to most is
// referred to, at least 1.
func (b *block) mostReferences() int {
	most := 1
	for _, n := range b.columns {
		most = max(most, n)
	}
	return most
}

// checkTotal checks what the whole statement costs.
func (p *parser) checkTotal(c cost) {
	switch {
	case c.selects > maxSelects:
		p.tooMany(0, c.selects, "SELECTs, common table expressions counted at each reference", maxSelects)
	case c.tables > maxTables:
		p.tooMany(0, c.tables, "tables, common table expressions counted at each reference", maxTables)
	}
}

// tooMany fails at token i because n is more than limit.
func (p *parser) tooMany(i, n int, what string, limit int) {
	count := strconv.Itoa(n)
	if n >= saturated {
		count = "too many to count:"
	}
	p.fail(i, count+" "+what, strconv.Itoa(limit))
}

// source counts a table or a derived table of a FROM clause.
func (p *parser) source(c cost) {
	b := p.block
	b.evaluations = max(b.evaluations, c.evaluations)
	b.add(c)
	if b.tables++; b.tables > maxJoin {
		p.tooMany(p.i-1, b.tables, "tables in one FROM", maxJoin)
	}
}

// countItem counts an item of a SELECT list.
func (p *parser) countItem() {
	if p.block.items++; p.block.items > maxColumns {
		p.tooMany(p.i, p.block.items, "columns in one SELECT list", maxColumns)
	}
}

// countWildcard counts a wildcard of a SELECT list.
func (p *parser) countWildcard() {
	if p.block.wildcards++; p.block.wildcards > maxWildcards {
		p.tooMany(p.i-1, p.block.wildcards, "wildcards in one SELECT list", maxWildcards)
	}
}

// countColumn counts a reference to a column, in the SELECT that holds it and in
// those around it, since it can be a column of any of them. A derived table cannot
// refer to columns of the SELECT that it is a table of.
func (p *parser) countColumn(name string) {
	name = strings.ToLower(name)
	for b := p.block; b != nil; b = b.outer {
		if !b.derived {
			b.columns[name] += p.weight
		}
	}
}

// derivedQuery reads a query with read as a derived table, without LATERAL.
func (p *parser) derivedQuery(read func() cost) cost {
	b := p.block
	outer := b.derived
	b.derived = true
	c := read()
	b.derived = outer
	return c
}

// nullIf reads the arguments of NULLIF.
func (p *parser) nullIf() {
	p.repeated(nullIfWeight)
	p.expectPunct(",")
	p.expr()
}

// repeated reads an expression that the servers work out weight times.
func (p *parser) repeated(weight int) {
	outer := p.weight
	p.weight *= weight
	if p.weight > maxWeight {
		p.tooMany(p.i, p.weight, "evaluations of the operand of nested NULLIF and CASE, which multiply", maxWeight)
	}
	p.expr()
	p.weight = outer
}

// padded reads the arguments of REPEAT, SPACE, LPAD or RPAD.
func (p *parser) padded(name string) {
	outer := p.size
	p.size = 1
	at := p.i
	length := p.expr()
	inner := p.size
	if name != "space" {
		p.expectPunct(",")
		at = p.i
		length = p.expr()
	}
	if p.acceptPunct(",") {
		p.expr()
	}
	size := inner
	if length.number > 0 {
		size = length.number
		if name == "repeat" {
			size = min(size, saturated) * inner
		}
	}
	if size > maxRepeat {
		p.fail(at, fmt.Sprintf("text of %d characters made by %s", min(size, saturated), strings.ToUpper(name)), strconv.Itoa(maxRepeat)+" characters")
	}
	p.size = max(outer, size)
}
