package sqlcheck

import "slices"

// operand is what the parser must know of an expression that it has read.
type operand struct {
	mark   int  // index in parser.marks of the parameter that is the whole expression, or -1
	row    bool // (a, b) or ROW(a, b)
	query  bool // a query in brackets and nothing else
	number int  // the value of an integer literal, or 0
}

// computed is the operand of any other expression.
var computed = operand{mark: -1}

// expr reads an expression: predicates joined by AND, OR, XOR, && and ||.
func (p *parser) expr() operand {
	var first operand
	for n := 0; ; n++ {
		not := false
		for p.accept("NOT") || p.acceptPunct("!") {
			not = true
		}
		e := p.predicate()
		if n == 0 {
			first = e
		}
		if n > 0 || not {
			first = computed
		}
		if !p.acceptAny("AND", "OR", "XOR") && !p.acceptPunct("&&") {
			return first
		}
		first = computed
	}
}

// comparisons are the operators that compare, the longer ones first.
var comparisons = []string{"<=>", "<=", ">=", "<>", "!=", "<<", ">>", "=", "<", ">"}

// predicate reads an expression above AND: comparisons, IN, BETWEEN, LIKE,
// REGEXP, IS.
func (p *parser) predicate() operand {
	left := p.bits()
	for n := 0; ; n++ {
		first := left
		if n > 0 {
			first = computed
		}
		if p.is("NOT") && (p.peek(1).is("IN") || p.peek(1).is("BETWEEN") || p.peek(1).is("LIKE") || p.peek(1).is("REGEXP") || p.peek(1).is("RLIKE")) {
			p.next()
		}
		switch {
		case p.accept("IS"):
			p.accept("NOT")
			if !p.acceptAny("NULL", "TRUE", "FALSE", "UNKNOWN") {
				p.unexpected()
			}
		case p.accept("IN"):
			p.in(first)
		case p.accept("BETWEEN"):
			low := p.bits()
			p.expect("AND")
			high := p.bits()
			p.compared(first, low, high)
		case p.accept("LIKE"), p.accept("SOUNDS", "LIKE"):
			p.compared(first, p.bits())
			if p.accept("ESCAPE") {
				p.unary()
			}
		case p.acceptAny("REGEXP", "RLIKE"):
			p.bits()
		case p.is("MEMBER") && (p.peek(1).is("OF") || p.peek(1).isPunct("(")):
			p.next()
			p.accept("OF")
			p.open()
			p.expr()
			p.close()
		case p.comparison():
			if p.isAny("ALL", "ANY", "SOME") && p.startsSubquery(1) {
				p.next()
				p.block.add(p.subquery())
			} else {
				p.compared(first, p.bits())
			}
		default:
			if n > 0 {
				return computed
			}
			return left
		}
	}
}

// comparison reads an operator that compares, if one comes next.
func (p *parser) comparison() bool {
	for _, op := range comparisons {
		if op != "<<" && op != ">>" && p.acceptPunct(op) {
			return true
		}
	}
	return false
}

// compared notes the parameters among operands that are compared with something
// else: a date there is sent as text, which the server compares with a column of
// any type through its index.
func (p *parser) compared(operands ...operand) {
	constant := !slices.ContainsFunc(operands, func(o operand) bool { return o.mark < 0 })
	for _, o := range operands {
		if o.mark >= 0 && !constant && p.marks[o.mark].use == useValue {
			p.marks[o.mark].use = useCompare
		}
	}
}

// in reads the brackets of IN. A parameter that is alone in them, with one value
// before IN, may be a list.
func (p *parser) in(left operand) {
	if p.startsQuery(1) && p.isPunct("(") {
		p.block.add(p.subquery())
		return
	}
	first := p.i
	p.open()
	var all []operand
	p.list(func() { all = append(all, p.expr()) })
	p.restOfQuery(all)
	p.close()
	alone := p.i == first+3 && len(all) == 1 && all[0].mark >= 0
	if alone && !left.row {
		p.marks[all[0].mark].use = useIn
		return
	}
	p.compared(append(all, left)...)
}

// bits reads an expression above comparisons: arithmetic, shifts, bit operators
// and string concatenation.
func (p *parser) bits() operand {
	first := p.unary()
	for p.binary() {
		p.unary()
		first = computed
	}
	return first
}

// binary reads an arithmetic operator, if one comes next.
func (p *parser) binary() bool {
	if slices.ContainsFunc([]string{"||", "<<", ">>"}, p.acceptPunct) {
		return true
	}
	if p.isPunct("&&") {
		return false
	}
	if slices.ContainsFunc([]string{"|", "&", "+", "-", "*", "/", "%", "^"}, p.acceptPunct) {
		return true
	}
	return p.acceptAny("DIV", "MOD")
}

// unary reads a value with its prefix operators and its COLLATE.
func (p *parser) unary() operand {
	prefixed := false
	for p.acceptPunct("-") || p.acceptPunct("+") || p.acceptPunct("~") || p.acceptPunct("!") || p.accept("BINARY") {
		prefixed = true
	}
	e := p.primary()
	for {
		switch {
		case p.accept("COLLATE"):
			if t := p.peek(0); !t.isName() && t.kind != text {
				p.unexpected()
			}
			p.next()
		case p.acceptPunct("->>"), p.acceptPunct("->"):
			p.stringLiteral()
		default:
			if prefixed {
				return computed
			}
			return e
		}
		prefixed = true
	}
}
