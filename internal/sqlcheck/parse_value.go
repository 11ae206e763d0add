package sqlcheck

import (
	"strconv"
	"strings"
)

// primary reads a value: a literal, a parameter, a column, a call, CASE, or an
// expression or query in brackets.
func (p *parser) primary() operand {
	switch t := p.peek(0); t.kind {
	case param:
		return operand{mark: p.param(useValue)}
	case number:
		p.next()
		n, err := strconv.Atoi(t.text)
		if err != nil && !strings.ContainsAny(t.text, ".eExXbB") {
			n = saturated
		}
		return operand{mark: -1, number: n}
	case text:
		if t.isAnsiName() {
			if p.peek(1).isPunct(".") {
				return p.columnOrCall()
			}
			p.countColumn(t.name())
		}
		for p.peek(0).kind == text { // 'a' 'b' is one string
			p.next()
		}
		return computed
	case quoted:
		return p.columnOrCall()
	case word:
		return p.wordValue(t)
	case punct:
		if p.isPunct("(") {
			return p.brackets()
		}
		if p.isPunct("{") {
			p.odbcEscape()
			return computed
		}
	case uservar, sysvar, hint:
	}
	p.unexpected()
	return computed
}

// param reads a parameter and returns its index in p.marks.
func (p *parser) param(u use) int {
	for m := range p.marks {
		if p.marks[m].token == p.i {
			p.marks[m].use = u
			p.next()
			return m
		}
	}
	p.unexpected()
	return -1
}

// brackets reads an expression, a row or a query in brackets.
func (p *parser) brackets() operand {
	if p.startsQuery(1) {
		p.block.add(p.subquery())
		return operand{mark: -1, query: true}
	}
	p.open()
	var all []operand
	p.list(func() { all = append(all, p.expr()) })
	p.restOfQuery(all)
	p.close()
	if len(all) != 1 {
		return operand{mark: -1, row: true}
	}
	return all[0]
}

// restOfQuery reads the rest of a query whose first operand was read as an
// expression, since both begin with a bracket: ((SELECT 1) UNION (SELECT 2)).
func (p *parser) restOfQuery(all []operand) {
	if len(all) == 1 && all[0].query && !p.isPunct(")") {
		p.block.add(p.setOperations(cost{}))
	}
}

// wordValue reads a value that begins with an unquoted word.
func (p *parser) wordValue(t token) operand {
	next := p.peek(1)
	bracket := next.isPunct("(")
	switch w := strings.ToUpper(t.text); {
	case next.isPunct("."):
		return p.columnOrCall()
	case w == "CASE":
		p.caseExpr()
	case w == "EXISTS" && bracket:
		p.next()
		p.block.add(p.subquery())
	case w == "ROW" && bracket:
		p.next()
		p.open()
		p.expr()
		p.expectPunct(",")
		p.list(func() { p.expr() })
		p.close()
		return operand{mark: -1, row: true}
	case w == "INTERVAL":
		p.interval()
	case w == "MATCH":
		p.match()
	case next.kind == text && (w == "DATE" || w == "TIME" || w == "TIMESTAMP"),
		(next.kind == text || next.isHex()) && introducer(w):
		p.next()
		return p.primary()
	case bracket:
		return p.columnOrCall()
	case bareValue(w):
		p.next()
	default:
		return p.columnOrCall()
	}
	return computed
}

// columnOrCall reads a column, table.column, schema.table.column, or a call of a
// function.
func (p *parser) columnOrCall() operand {
	n := 1
	for p.peek(n).isPunct(".") {
		n += 2
	}
	if p.peek(n).isPunct("(") {
		p.call(n)
		return computed
	}
	names := p.qualifiedName(3)
	if p.refused != nil {
		return computed
	}
	last := names[len(names)-1]
	// With MariaDB's sql_mode=ORACLE, seq.nextval advances a sequence.
	if w := strings.ToLower(last.name()); len(names) > 1 && (w == "nextval" || w == "currval") {
		p.fail(p.i-1, "column "+names[len(names)-2].name()+"."+last.name()+", which can be the state of a sequence", "the column's name alone")
	}
	if len(names) == 3 {
		p.schema(names[0])
	}
	p.countColumn(last.name())
	return computed
}

// odbcEscape reads {d '…'}, {t '…'}, {ts '…'} or {fn …}.
func (p *parser) odbcEscape() {
	p.expectPunct("{")
	p.enter()
	switch {
	case p.accept("FN"):
		p.expr()
	case p.acceptAny("D", "T", "TS"):
		p.stringLiteral()
	default:
		p.unexpected()
	}
	p.expectPunct("}")
	p.leave()
}

// caseExpr reads CASE … END.
func (p *parser) caseExpr() {
	p.expect("CASE")
	p.enter()
	if !p.is("WHEN") {
		p.repeated(caseWeight)
	}
	for ok := true; ok; ok = p.is("WHEN") {
		p.expect("WHEN")
		p.expr()
		p.expect("THEN")
		p.expr()
	}
	if p.accept("ELSE") {
		p.expr()
	}
	p.expect("END")
	p.leave()
}

// interval reads INTERVAL expression unit, or the function INTERVAL(a, b, …).
func (p *parser) interval() {
	p.expect("INTERVAL")
	if !p.isPunct("(") {
		p.expr()
		p.unit()
		return
	}
	if p.startsQuery(1) {
		p.bits()
		p.unit()
		return
	}
	p.open()
	n := 0
	p.list(func() { p.expr(); n++ })
	p.close()
	if n > 1 {
		return
	}
	for p.binary() {
		p.unary()
	}
	p.unit()
}

// unit reads the unit of an interval.
func (p *parser) unit() {
	if t := p.peek(0); t.kind != word || !intervalUnit(strings.ToLower(t.text)) {
		p.unexpected()
	}
	p.next()
}

// match reads MATCH (column, …) AGAINST (expression [modifier]).
func (p *parser) match() {
	p.expect("MATCH")
	if p.isPunct("(") {
		p.open()
		p.list(func() { p.qualifiedColumn() })
		p.close()
	} else {
		p.list(func() { p.qualifiedColumn() })
	}
	p.expect("AGAINST")
	p.open()
	p.bits()
	switch {
	case p.accept("IN", "BOOLEAN", "MODE"), p.accept("IN", "NATURAL", "LANGUAGE", "MODE"):
		p.accept("WITH", "QUERY", "EXPANSION")
	default:
		p.accept("WITH", "QUERY", "EXPANSION")
	}
	p.close()
}

// qualifiedColumn reads the name of a column where an expression may not stand.
func (p *parser) qualifiedColumn() {
	names := p.qualifiedName(3)
	if len(names) == 3 {
		p.schema(names[0])
	}
}
