package sqlcheck

// tableRefs reads the list of tables after FROM, with their joins.
func (p *parser) tableRefs() {
	p.list(func() {
		p.tableFactor()
		p.joins()
	})
}

// joins reads joins with a table that was read already.
func (p *parser) joins() {
	for {
		switch {
		case p.accept("ON"):
			p.expr()
		case p.accept("USING"):
			p.columnNames()
		case p.acceptAny("JOIN", "STRAIGHT_JOIN"),
			p.accept("INNER", "JOIN"), p.accept("CROSS", "JOIN"),
			p.accept("LEFT", "JOIN"), p.accept("LEFT", "OUTER", "JOIN"),
			p.accept("RIGHT", "JOIN"), p.accept("RIGHT", "OUTER", "JOIN"):
			p.tableFactor()
		case p.accept("NATURAL"):
			if p.acceptAny("LEFT", "RIGHT") {
				p.accept("OUTER")
			} else {
				p.accept("INNER")
			}
			p.expect("JOIN")
			p.tableFactor()
		default:
			return
		}
	}
}

// tableFactor reads a table, a derived table, JSON_TABLE(…) or joins in
// brackets.
func (p *parser) tableFactor() {
	switch {
	case p.is("LATERAL") && p.peek(1).isPunct("("):
		p.next()
		p.source(p.subquery())
		p.derivedAlias()
	case p.is("JSON_TABLE") && p.peek(1).isPunct("("):
		p.jsonTable()
		p.source(cost{tables: 1})
		p.derivedAlias()
	case p.acceptPunct("{"): // ODBC: {oj a LEFT JOIN b ON …}
		p.enter()
		p.expect("OJ")
		p.tableFactor()
		p.joins()
		p.expectPunct("}")
		p.leave()
	case p.isPunct("("):
		if c, derived := p.tableBrackets(); derived {
			p.source(c)
			p.derivedAlias()
		}
	default:
		p.table()
	}
}

// tableBrackets reads "(…)" after FROM. It reports whether that was a query,
// which costs c and takes an alias; otherwise it was a list of tables.
func (p *parser) tableBrackets() (c cost, derived bool) {
	p.open()
	defer p.close()
	switch {
	case p.startsQuery(0):
		return p.derivedQuery(p.query), true
	case !p.isPunct("("):
		p.tableRefs()
		return cost{}, false
	}
	c, derived = p.tableBrackets()
	if !derived {
		p.joins()
		p.moreTables()
		return cost{}, false
	}
	if p.isPunct(")") || p.isAny("UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT", "OFFSET", "FETCH") {
		return p.derivedQuery(func() cost { return p.setOperations(c) }), true
	}
	p.source(c)
	p.derivedAlias()
	p.joins()
	p.moreTables()
	return cost{}, false
}

// moreTables reads the rest of a list of tables.
func (p *parser) moreTables() {
	if p.acceptPunct(",") {
		p.tableRefs()
	}
}

// isAny reports whether the next token is one of the keywords.
func (p *parser) isAny(words ...string) bool {
	for _, w := range words {
		if p.is(w) {
			return true
		}
	}
	return false
}

// table reads the name of a table, with its partitions, alias and index hints.
func (p *parser) table() {
	if p.is("DUAL") {
		p.next()
		return
	}
	first := p.i
	names := p.qualifiedName(2)
	if p.isPunct("(") {
		p.fail(first, "table function", "tables, derived tables and JSON_TABLE")
		return
	}
	if len(names) == 2 {
		p.schema(names[0])
		p.source(cost{tables: 1})
	} else {
		p.source(p.ctes.find(names[0].name()))
	}
	if p.accept("PARTITION") {
		p.columnNames()
	}
	p.alias()
	for p.acceptAny("USE", "FORCE", "IGNORE") {
		p.indexHint()
	}
}

// alias reads [AS] name, if there is one.
func (p *parser) alias() bool {
	switch {
	case p.accept("AS"):
		p.name()
		return true
	case p.implicitAlias():
		p.next()
		return true
	}
	return false
}

// derivedAlias reads [AS] name [(column, …)].
func (p *parser) derivedAlias() {
	if p.alias() && p.isPunct("(") {
		p.columnNames()
	}
}

// indexHint reads INDEX [FOR JOIN | FOR ORDER BY | FOR GROUP BY] (name, …).
func (p *parser) indexHint() {
	if !p.acceptAny("INDEX", "KEY") {
		p.unexpected()
	}
	if p.accept("FOR") && !p.accept("JOIN") && !p.accept("ORDER", "BY") && !p.accept("GROUP", "BY") {
		p.unexpected()
	}
	p.open()
	if !p.isPunct(")") {
		p.list(func() {
			if !p.accept("PRIMARY") {
				p.name()
			}
		})
	}
	p.close()
}

// jsonTable reads JSON_TABLE(document, path COLUMNS (…)).
func (p *parser) jsonTable() {
	p.expect("JSON_TABLE")
	p.open()
	p.expr()
	p.expectPunct(",")
	p.stringLiteral()
	p.jsonColumns()
	p.close()
}

// jsonColumns reads COLUMNS (column, …).
func (p *parser) jsonColumns() {
	p.expect("COLUMNS")
	p.open()
	p.list(p.jsonColumn)
	p.close()
}

// jsonColumn reads one column of JSON_TABLE: name FOR ORDINALITY, name type
// [EXISTS] PATH 'path' [… ON EMPTY] [… ON ERROR], or NESTED [PATH] 'path'
// COLUMNS (…).
func (p *parser) jsonColumn() {
	if p.accept("NESTED") {
		p.accept("PATH")
		p.stringLiteral()
		p.jsonColumns()
		return
	}
	p.name()
	if p.accept("FOR", "ORDINALITY") {
		return
	}
	p.dataType()
	p.accept("EXISTS")
	p.expect("PATH")
	p.stringLiteral()
	p.onEmptyOrError()
}

// onEmptyOrError reads {NULL | ERROR | DEFAULT 'value'} ON {EMPTY | ERROR}, any
// number of times.
func (p *parser) onEmptyOrError() {
	for p.isAny("NULL", "ERROR", "DEFAULT") {
		if p.accept("DEFAULT") {
			p.unary()
		} else {
			p.next()
		}
		p.expect("ON")
		if !p.acceptAny("EMPTY", "ERROR") {
			p.unexpected()
		}
	}
}

// stringLiteral reads one string.
func (p *parser) stringLiteral() {
	if p.peek(0).kind != text {
		p.unexpected()
	}
	p.next()
}
