package sqlcheck

import "strings"

// call reads the call of a function; its "(" is n tokens ahead. The function
// must be callable, and the text in front of the bracket must mean that function
// on every server: in back-quotes, behind a blank or with a schema it can mean a
// stored function.
func (p *parser) call(n int) {
	first := p.i
	fn := p.peek(n - 1)
	name, lower := fn.name(), strings.ToLower(fn.name())
	if n > 1 {
		schema := p.peek(n - 3).name()
		if n > 3 || !p.opt.callable(schema, name) {
			p.fail(first+n-1, "stored function "+schema+"."+name, plainFunctions)
			return
		}
		p.i += n
		p.arguments(lower)
		return
	}
	native := builtin(lower, p.opt.Dialect)
	switch {
	case !p.opt.callable("", name):
		p.fail(first, unknownFunction(name), plainFunctions)
		return
	case native && fn.kind == quoted:
		p.fail(first, "built-in function in back-quotes, which means a stored function of that name", "the name without back-quotes")
		return
	case native && tight(lower) && fn.end != p.peek(1).off:
		p.fail(first, "blank between function and bracket, which means a stored function of that name", name+"(…)")
		return
	}
	p.next()
	p.arguments(lower)
}

// arguments reads the brackets of a call, in the form that the function name, in
// lower case, has, and what may follow them.
func (p *parser) arguments(name string) {
	p.open()
	switch name {
	case "cast":
		p.expr()
		if p.accept("AT", "TIME", "ZONE") {
			p.accept("INTERVAL")
			p.stringLiteral()
		}
		p.expect("AS")
		p.dataType()
	case "convert":
		p.expr()
		if p.accept("USING") {
			p.charset()
		} else {
			p.expectPunct(",")
			p.dataType()
		}
	case "trim":
		p.trim()
	case "extract":
		p.unit()
		p.expect("FROM")
		p.expr()
	case "position":
		p.bits()
		p.expect("IN")
		p.expr()
	case "substring", "substr", "mid":
		p.expr()
		if p.accept("FROM") {
			p.expr()
			if p.accept("FOR") {
				p.expr()
			}
		} else if p.acceptPunct(",") {
			p.list(func() { p.expr() })
		}
	case "nullif":
		p.nullIf()
	case "point":
		// With another number of arguments it is a stored function.
		p.expr()
		p.expectPunct(",")
		p.expr()
	case "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection":
		p.list(func() { p.expr() }) // without arguments it is a stored function
	case "repeat", "space", "lpad", "rpad":
		p.padded(name)
	default:
		p.generalArguments()
	}
	p.close()
	p.afterCall()
}

// generalArguments reads "*", or [DISTINCT] expression, … with the clauses that
// some functions have at the end.
func (p *parser) generalArguments() {
	if p.isPunct(")") || p.acceptPunct("*") {
		return
	}
	p.acceptAny("DISTINCT", "ALL")
	p.list(func() { p.expr() })
	if p.accept("USING") { // CHAR(65 USING utf8mb4)
		p.charset()
	}
	if p.accept("AS") { // WEIGHT_STRING(s AS CHAR(3))
		p.dataType()
	}
	if p.accept("ORDER", "BY") { // GROUP_CONCAT, JSON_ARRAYAGG
		p.orderItems()
	}
	if p.accept("SEPARATOR") {
		if p.peek(0).isHex() {
			p.next()
		} else {
			p.stringLiteral()
		}
	}
	p.limit()
	if p.accept("RETURNING") { // JSON_VALUE
		p.dataType()
	}
	p.onEmptyOrError()
}

// trim reads the arguments of TRIM: [[BOTH | LEADING | TRAILING] [s] FROM] s.
func (p *parser) trim() {
	if p.acceptAny("BOTH", "LEADING", "TRAILING") && p.accept("FROM") {
		p.expr()
		return
	}
	p.expr()
	if p.accept("FROM") {
		p.expr()
	}
}

// charset reads the name of a character set. The server decides whether there
// is one of that name.
func (p *parser) charset() {
	if t := p.peek(0); !t.isName() && t.kind != text {
		p.unexpected()
	}
	p.next()
}

// dataType reads the type of CAST, CONVERT and JSON_TABLE: words, with numbers or
// texts in brackets, a character set and a collation.
func (p *parser) dataType() {
	for n := 0; ; n++ {
		switch {
		case n > 0 && p.isAny("PATH", "EXISTS", "NULL", "ERROR", "DEFAULT", "FROM"):
			return
		case p.accept("CHARACTER", "SET"), p.accept("CHARSET"), p.accept("COLLATE"):
			p.charset()
		case p.peek(0).kind == word:
			p.next()
		case n > 0 && p.isPunct("("):
			p.open()
			p.list(func() {
				if k := p.peek(0).kind; k != number && k != text { // DECIMAL(10, 2), ENUM('a', 'b')
					p.unexpected()
				}
				p.next()
			})
			p.close()
		default:
			if n == 0 {
				p.unexpected()
			}
			return
		}
	}
}

// afterCall reads the clauses that may follow the brackets of an aggregate or
// window function.
func (p *parser) afterCall() {
	if p.accept("WITHIN", "GROUP") {
		p.open()
		p.expect("ORDER", "BY")
		p.orderItems()
		p.close()
	}
	if p.accept("FROM", "FIRST") || p.accept("FROM", "LAST") || p.accept("RESPECT", "NULLS") || p.accept("IGNORE", "NULLS") {
		p.expectOver()
		return
	}
	if p.is("OVER") {
		p.expectOver()
	}
}

// expectOver reads OVER with the name or the definition of a window.
func (p *parser) expectOver() {
	p.accept("RESPECT", "NULLS")
	p.accept("IGNORE", "NULLS")
	p.expect("OVER")
	if p.isPunct("(") {
		p.windowSpec()
	} else {
		p.name()
	}
}

// windowSpec reads ([name] [PARTITION BY …] [ORDER BY …] [frame]).
func (p *parser) windowSpec() {
	p.open()
	if t := p.peek(0); t.isName() && !p.isAny("PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS") {
		p.name()
	}
	if p.accept("PARTITION", "BY") {
		p.orderItems()
	}
	if p.accept("ORDER", "BY") {
		p.orderItems()
	}
	if p.acceptAny("ROWS", "RANGE", "GROUPS") {
		if p.accept("BETWEEN") {
			p.frameBound()
			p.expect("AND")
		}
		p.frameBound()
		if p.accept("EXCLUDE") && !p.accept("CURRENT", "ROW") && !p.acceptAny("GROUP", "TIES") {
			p.expect("NO", "OTHERS")
		}
	}
	p.close()
}

// frameBound reads one end of a window's frame.
func (p *parser) frameBound() {
	if p.accept("CURRENT", "ROW") {
		return
	}
	if !p.accept("UNBOUNDED") {
		p.bits()
	}
	if !p.acceptAny("PRECEDING", "FOLLOWING") {
		p.unexpected()
	}
}
