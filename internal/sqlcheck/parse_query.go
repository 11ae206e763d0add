package sqlcheck

// query reads a query expression: [WITH …] SELECT … [UNION …] [ORDER BY …]
// [LIMIT …], and returns what it costs.
func (p *parser) query() cost {
	ctes, outer := p.ctes, p.block
	p.block = &block{outer: outer, columns: map[string]int{}} // for ORDER BY
	if p.accept("WITH") {
		p.with()
	}
	c := p.setOperations(p.queryTerm())
	defined := p.ctes.unused(ctes)
	c.selects += defined.selects + p.block.cost.selects
	c.tables += defined.tables + p.block.cost.tables
	p.ctes, p.block = ctes, outer
	return c
}

// with reads the common table expressions of a WITH clause and adds them to the
// scope.
func (p *parser) with() {
	recursive := p.accept("RECURSIVE")
	p.list(func() {
		name := p.name().name()
		if p.isPunct("(") {
			p.columnNames()
		}
		p.expect("AS")
		if recursive { // a reference of a query to itself reads a table
			p.ctes = p.ctes.with(name, cost{tables: 1})
			p.ctes.used = true
		}
		p.nested++
		c := p.subquery()
		p.nested--
		if p.accept("CYCLE") { // MariaDB
			p.list(func() { p.name() })
			p.expect("RESTRICT")
		}
		p.ctes = p.ctes.with(name, c)
	})
}

// subquery reads a query in brackets. A table value constructor, VALUES (1), (2),
// is a query only here: at the top it would be a statement of its own kind.
func (p *parser) subquery() cost {
	p.open()
	c := p.query()
	p.close()
	return c
}

// startsQuery reports whether token p.i+n begins a query, other than a query in
// brackets.
func (p *parser) startsQuery(n int) bool {
	t, after := p.peek(n), p.peek(n+1)
	return t.is("SELECT") || t.is("WITH") || t.is("VALUES") && (after.isPunct("(") || after.is("ROW")) || t.is("TABLE") && after.isName()
}

// startsSubquery reports whether a query in brackets begins at token p.i+n.
func (p *parser) startsSubquery(n int) bool {
	first := n
	for p.peek(n).isPunct("(") {
		n++
	}
	return n > first && p.startsQuery(n)
}

// queryTerm reads one operand of a set operation.
func (p *parser) queryTerm() cost {
	switch {
	case p.is("SELECT"):
		return p.selectBlock()
	case p.isPunct("("):
		return p.subquery()
	case p.is("VALUES") && p.nested > 0:
		return p.tableValues()
	case p.is("VALUES"), p.is("TABLE"):
		p.fail(p.i, p.peek(0).text+" statement", oneQuery)
	default:
		p.unexpected()
	}
	return cost{}
}

// setOperations reads what may follow an operand: UNION and the like with their
// operands, ORDER BY, LIMIT. first is what the operand before cost.
func (p *parser) setOperations(first cost) cost {
	total := first
	for p.acceptAny("UNION", "EXCEPT", "INTERSECT") {
		p.acceptAny("ALL", "DISTINCT")
		total = total.add(p.queryTerm()).stored()
	}
	if p.accept("ORDER", "BY") {
		p.orderItems()
	}
	if p.limit() {
		total = total.stored()
	}
	return total
}

// tableValues reads VALUES (1, 2), (3, 4) or VALUES ROW(1, 2), ROW(3, 4).
func (p *parser) tableValues() cost {
	outer := p.beginBlock()
	p.expect("VALUES")
	p.list(func() {
		p.accept("ROW")
		p.open()
		p.list(func() { p.expr() })
		p.close()
	})
	return p.endBlock(outer).stored()
}

// selectBlock reads SELECT … up to its last own clause.
func (p *parser) selectBlock() cost {
	outer := p.beginBlock()
	p.nested++
	defer func() { p.nested-- }()
	stored := false
	p.expect("SELECT")
	for {
		switch {
		case p.peek(0).kind == hint:
			p.next()
		case p.acceptAny("DISTINCT", "DISTINCTROW"):
			stored = true
		case p.acceptAny("ALL", "STRAIGHT_JOIN", "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_NO_CACHE"):
		case p.is("SQL_CACHE") && !p.peek(1).isPunct("("): // with a bracket a stored function of MySQL
			p.next()
		default:
			p.list(p.selectItem)
			if p.accept("FROM") {
				p.tableRefs()
			}
			if p.accept("WHERE") {
				p.expr()
			}
			if p.accept("GROUP", "BY") {
				stored = true
				p.groupItems()
			}
			if p.accept("HAVING") {
				p.expr()
			}
			if p.accept("WINDOW") {
				p.list(func() {
					p.name()
					p.expect("AS")
					p.windowSpec()
				})
			}
			c := p.endBlock(outer)
			if stored {
				c = c.stored()
			}
			return c
		}
	}
}

// selectItem reads a result column: an expression with or without an alias, or a
// wildcard.
func (p *parser) selectItem() {
	p.countItem()
	if p.acceptPunct("*") || p.wildcard() {
		p.countWildcard()
		return
	}
	first := p.i
	p.expr()
	last := p.i - 1
	named := false
	switch t := p.peek(0); {
	case p.accept("AS"):
		named = true
		if p.peek(0).kind == text {
			p.next()
		} else {
			p.name()
		}
	case t.kind == text, p.implicitAlias():
		named = true
		p.next()
	}
	if !named && p.refused == nil && p.holdsParam(first, last) {
		p.items = append(p.items, item{first, last})
	}
}

// wildcard reads t.* or schema.t.* if that comes next.
func (p *parser) wildcard() bool {
	n := 0
	for (p.peek(n).isName() || p.peek(n).isAnsiName()) && p.peek(n+1).isPunct(".") {
		n += 2
	}
	if n == 0 || n > 4 || !p.peek(n).isPunct("*") {
		return false
	}
	if n == 4 {
		p.schema(p.peek(0))
	}
	if p.refused == nil {
		p.i += n + 1
	}
	return true
}

// holdsParam reports whether one of the tokens from first to last is a
// parameter.
func (p *parser) holdsParam(first, last int) bool {
	for i := first; i <= last; i++ {
		if p.tokens[i].kind == param {
			return true
		}
	}
	return false
}

// orderItems reads the items of ORDER BY or PARTITION BY.
func (p *parser) orderItems() {
	p.list(func() {
		p.sortExpr()
		p.acceptAny("ASC", "DESC")
	})
}

// groupItems reads the items of GROUP BY. ASC and DESC are the syntax of MySQL
// 5.7 and MariaDB. ROLLUP(…), the syntax of MySQL 9, calls a stored function on
// other servers.
func (p *parser) groupItems() {
	p.orderItems()
	p.accept("WITH", "ROLLUP")
}

// sortExpr reads an expression to sort or group by. It must not be a parameter
// alone: that is one value for all rows, and a number would be the position of a
// column.
func (p *parser) sortExpr() {
	first := p.i
	if e := p.expr(); e.mark >= 0 {
		p.fail(first, "parameter as the thing to sort or group by, which would be one value for all rows",
			"columns and expressions; a parameter is a value")
	}
}

// limit reads LIMIT, or OFFSET and FETCH, and reports whether there was one.
func (p *parser) limit() bool {
	if p.accept("LIMIT") {
		p.rowCount()
		if p.acceptPunct(",") || p.accept("OFFSET") {
			p.rowCount()
		}
		return true
	}
	found := false
	if p.is("OFFSET") {
		p.next()
		p.rowCount()
		if !p.acceptAny("ROW", "ROWS") {
			p.unexpected()
		}
		found = true
	}
	if p.accept("FETCH") {
		if !p.acceptAny("FIRST", "NEXT") {
			p.unexpected()
		}
		if !p.is("ROW") && !p.is("ROWS") {
			p.rowCount()
		}
		if !p.acceptAny("ROW", "ROWS") || !p.accept("ONLY") && !p.accept("WITH", "TIES") {
			p.unexpected()
		}
		found = true
	}
	return found
}

// rowCount reads a number or a parameter of LIMIT.
func (p *parser) rowCount() {
	switch p.peek(0).kind {
	case number:
		p.next()
	case param:
		p.param(useLimit)
	default:
		p.unexpected()
	}
}
