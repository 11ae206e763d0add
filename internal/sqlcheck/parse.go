package sqlcheck

import (
	"slices"
	"strconv"
	"strings"
)

const (
	sharedSyntax = "the SELECT syntax of MariaDB and MySQL"
	maxDepth     = 100 // brackets and CASE expressions inside one another
)

// parser reads the tokens of a statement with a grammar of what MariaDB and
// MySQL know as a query. It is a recursive descent parser; each method reads the
// part of the grammar that it is named after and begins at token p.i.
//
// The grammar is wider than either server's where that is harmless: the server
// has the last word on whether a statement is valid. It is strict about what
// decides whether a statement is a plain read: each function call, each schema
// and each bracket is read by exactly one production.
//
// The first error stays in refused and moves p.i behind the last token, so that
// every method returns soon.
type parser struct {
	sql     string
	tokens  []token
	opt     Options
	marks   []mark // the parameters; the parser sets their use
	i       int
	depth   int // brackets and CASE expressions that are open
	refused *Refused

	ctes   *scope
	nested int    // common table expressions and SELECTs that are open
	block  *block // the query or SELECT that is being read
	weight int    // evaluations of the expression that is being read, see nullIf
	size   int    // characters of the longest text that it makes, see padded
	items  []item // result columns to name
}

// item is a result column without an alias whose text holds a parameter: the
// tokens from first to last.
type item struct{ first, last int }

// parse checks the tokens of a statement and sets the use of each of marks. It
// returns the result columns that need an alias, in the order of the text.
func parse(sql string, tokens []token, marks []mark, opt Options) ([]item, *Refused) {
	p := &parser{sql: sql, tokens: tokens, opt: opt, marks: marks, weight: 1, size: 1}
	total := p.query()
	if p.refused == nil && p.i < len(p.tokens) {
		p.unexpected()
	}
	if p.refused == nil {
		p.checkTotal(total)
	}
	return p.items, p.refused
}

// peek returns token p.i+n, or a token that matches nothing at the end of the
// text.
func (p *parser) peek(n int) token {
	if i := p.i + n; i >= 0 && i < len(p.tokens) {
		return p.tokens[i]
	}
	return token{kind: punct}
}

// next reads one token, whatever it is.
func (p *parser) next() { p.i = min(p.i+1, len(p.tokens)) }

// is reports whether the next tokens are these keywords.
func (p *parser) is(words ...string) bool {
	for n, w := range words {
		if !p.peek(n).is(w) {
			return false
		}
	}
	return true
}

// accept reads the keywords words if they come next, and reports whether they
// did.
func (p *parser) accept(words ...string) bool {
	if !p.is(words...) {
		return false
	}
	p.i += len(words)
	return true
}

// acceptAny reads one of the keywords if it comes next.
func (p *parser) acceptAny(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return p.accept(w) })
}

// acceptPunct reads the punctuation s if it comes next. An operator of several
// characters is several tokens that touch.
func (p *parser) acceptPunct(s string) bool {
	if !p.isPunct(s) {
		return false
	}
	p.i += len(s)
	return true
}

func (p *parser) isPunct(s string) bool {
	for n := range len(s) {
		t := p.peek(n)
		if t.kind != punct || t.text != s[n:n+1] || n > 0 && t.off != p.peek(n-1).end {
			return false
		}
	}
	return true
}

// expect reads the keywords words, and fails where they do not come next.
func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			p.unexpected()
			return
		}
	}
}

func (p *parser) expectPunct(s string) {
	if !p.acceptPunct(s) {
		p.unexpected()
	}
}

// open reads "(" and close reads ")". Every production that nests does so
// between the two, or between enter and leave.
func (p *parser) open() {
	p.expectPunct("(")
	p.enter()
}

func (p *parser) close() {
	p.expectPunct(")")
	p.leave()
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.fail(p.i-1, strconv.Itoa(p.depth)+" brackets and CASE expressions inside one another", strconv.Itoa(maxDepth))
	}
}

func (p *parser) leave() { p.depth-- }

// list reads one element or more, with commas between them.
func (p *parser) list(element func()) {
	for element(); p.acceptPunct(","); {
		element()
	}
}

// fail records the first error, about token i.
func (p *parser) fail(i int, reason, allowed string) {
	if p.refused == nil {
		i = min(max(i, 0), len(p.tokens)-1)
		p.refused = refuse(p.sql, p.tokens[i].off, p.tokens[i].end, reason, allowed)
	}
	p.i = len(p.tokens)
}

// unexpected fails at token p.i.
func (p *parser) unexpected() {
	t := p.peek(0)
	switch {
	case p.refused != nil:
	case p.i >= len(p.tokens):
		end := p.tokens[len(p.tokens)-1].end
		p.refused = refuse(p.sql, end, end, "end of the text in the middle of a statement", sharedSyntax)
	case t.kind == param:
		p.fail(p.i, "parameter in a place that is not a value", "parameters where a value may stand")
	case t.kind == word && p.reserved(t.text):
		p.fail(p.i, "syntax error", sharedSyntax+NameHint(t.text))
	default:
		p.fail(p.i, "syntax error", sharedSyntax)
	}
	p.i = len(p.tokens)
}

// name reads the name of a table, a column, an alias or the like.
func (p *parser) name() token {
	t := p.peek(0)
	switch {
	case !t.isName() && !t.isAnsiName():
		p.unexpected()
	case t.kind == word && clauseWord(t.text):
		p.unexpected()
	case t.kind == word && p.reserved(t.text):
		p.fail(p.i, "reserved word as a name", "back-quotes around the name: `"+t.text+"`")
	}
	p.next()
	return t
}

// qualifiedName reads name, schema.name and the like: at most limit names that
// are joined by dots. After a dot every word is a name.
func (p *parser) qualifiedName(limit int) []token {
	names := []token{p.name()}
	for p.acceptPunct(".") {
		if t := p.peek(0); !t.isName() && !t.isAnsiName() || len(names) == limit {
			p.unexpected()
			return names
		}
		names = append(names, p.peek(0))
		p.next()
	}
	return names
}

// schema checks the schema that qualifies a table, a column or a wildcard.
func (p *parser) schema(t token) {
	if slices.Contains(p.opt.Schemas, t.name()) {
		return
	}
	allowed := "names without a schema"
	if len(p.opt.Schemas) > 0 {
		allowed += ", and the schemas " + strings.Join(p.opt.Schemas, ", ")
	}
	i := slices.IndexFunc(p.tokens, func(other token) bool { return other.off == t.off })
	p.fail(i, "schema "+t.name()+", which is not allowed here", allowed)
}

// columnNames reads a list of names in brackets.
func (p *parser) columnNames() {
	p.open()
	p.list(func() { p.name() })
	p.close()
}
