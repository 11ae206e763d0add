package xlsx

import (
	"strconv"
	"strings"

	"exporttask/internal/format"
)

// totals returns the row of totals behind the last row of the last sheet: formulas
// over the rows of all sheets, with their values (ECMA-376 part 1, section
// 18.3.1.4). All jobs sent before must have been written.
func (e *Encoder) totals() string {
	label := format.TotalLabelAt(e.declared)
	tallies := e.pipe.tallies()
	s := &e.sheets[len(e.sheets)-1]
	n := strconv.Itoa(s.next)
	var xml strings.Builder
	xml.WriteString(`<row r="` + n + `">`)
	for i := range e.cols {
		c := e.cols[i].src
		look := xf{Style: format.Style{Bold: true}, border: lineAbove, align: c.HeaderAlign()}
		at := ` r="` + columnName(i) + n + `"`
		if c.Total == format.NoTotal {
			text := ""
			if i == label {
				look.align = format.Left
				text = `<is><t xml:space="preserve">` + escape(e.opt.Label()) + `</t></is>`
				at += ` t="inlineStr"`
			}
			xml.WriteString(`<c s="` + strconv.Itoa(e.styles.of(look)) + `"` + at + `>` + text + `</c>`)
			continue
		}
		look.format, look.shrink = c.TotalFormat(), true
		xml.WriteString(`<c s="` + strconv.Itoa(e.styles.of(look)) + `"` + at + `>`)
		if e.rows > 0 {
			xml.WriteString(`<f>` + escape(e.formula(i, c.Total)) + `</f>`)
		}
		if v, ok := tallies[i].Value(); ok {
			xml.WriteString(`<v>` + strconv.FormatFloat(v, 'g', -1, 64) + `</v>`)
		} else if e.rows > 0 {
			xml.WriteString(`<v>#DIV/0!</v>`) // the value of the formula
		}
		xml.WriteString(`</c>`)
	}
	return xml.String() + `</row>`
}

// maxArguments is the maximum number of references of SUBTOTAL.
const maxArguments = 254

// formula returns the formula of a total of column i.
func (e *Encoder) formula(i int, total format.Total) string {
	letters := columnName(i)
	var b strings.Builder
	b.WriteString("SUBTOTAL(" + strconv.Itoa(total.Subtotal()))
	for n, s := range e.sheets[:min(len(e.sheets), maxArguments)] {
		b.WriteByte(',')
		if n < len(e.sheets)-1 {
			b.WriteString(quoteSheet(s.name) + "!")
		}
		b.WriteString(letters + strconv.Itoa(e.headerRows()+1) + ":" + letters + strconv.Itoa(s.next-1))
	}
	return b.String() + ")"
}

// quoteSheet returns the name of a sheet for a reference.
func quoteSheet(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }

// conditions returns the conditional formats of a sheet (ECMA-376 part 1, section
// 18.3.1.18) whose rows of data are first..last.
func (e *Encoder) conditions(first, last int) string {
	if first > last {
		return ""
	}
	var xml strings.Builder
	for i := range e.cols {
		c := e.cols[i].src
		if len(c.Conditions) == 0 {
			continue
		}
		letters := columnName(i)
		from := letters + strconv.Itoa(first)
		xml.WriteString(`<conditionalFormatting sqref="` + from + `:` + letters + strconv.Itoa(last) + `">`)
		for n := range c.Conditions {
			xml.WriteString(`<cfRule type="expression" dxfId="` + strconv.Itoa(e.styles.differential(c.Conditions[n].Style)) +
				`" priority="` + strconv.Itoa(n+1) + `" stopIfTrue="1"><formula>` + escape(conditionFormula(&c.Conditions[n], "$"+from)) + `</formula></cfRule>`)
		}
		xml.WriteString(`</conditionalFormatting>`)
	}
	return xml.String()
}

// conditionFormula returns the formula of a condition for the cell ref. The empty
// cell and the text are neither less nor greater than a number.
func conditionFormula(c *format.Condition, ref string) string {
	text := `"` + strings.ReplaceAll(c.Value, `"`, `""`) + `"`
	switch {
	case c.Op == format.Empty:
		return "LEN(" + ref + ")=0"
	case c.Op == format.Contains:
		return "ISNUMBER(FIND(" + text + "," + ref + "))"
	case c.Number == "TRUE" || c.Number == "FALSE":
		return "AND(LEN(" + ref + ")>0," + ref + c.Op.Sign() + c.Number + ")"
	case c.Number != "":
		return "AND(ISNUMBER(" + ref + ")," + ref + c.Op.Sign() + c.Number + ")"
	case c.Op == format.NotEqual:
		return "AND(LEN(" + ref + ")>0,NOT(EXACT(" + ref + "," + text + ")))"
	}
	return "EXACT(" + ref + "," + text + ")"
}
