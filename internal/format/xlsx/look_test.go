package xlsx

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// declared returns the columns n INT, d DECIMAL(10,2), t VARCHAR, day DATE and on
// TINYINT with a declaration.
func declared(t *testing.T, decl string) []format.Column {
	t.Helper()
	specs, err := format.ParseColumns(decl)
	if err != nil {
		t.Fatal(err)
	}
	cols, err := format.Resolve(specs, []row.Column{
		{Name: "n", Type: "INT", Kind: row.Int, Scale: -1, Length: 11},
		{Name: "d", Type: "DECIMAL", Kind: row.Decimal, Scale: 2, Length: 10},
		{Name: "t", Type: "VARCHAR", Scale: -1},
		{Name: "day", Type: "DATE", Kind: row.Date, Scale: -1},
		{Name: "on", Type: "TINYINT", Kind: row.Int, Scale: -1, Length: 4},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cols
}

// table makes a batch of rows whose values are separated by "|"; "" is NULL.
func table(rows ...string) *row.Batch {
	b := new(row.Batch)
	for _, r := range rows {
		var cells [][]byte
		for v := range strings.SplitSeq(r, "|") {
			if v == "" {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, []byte(v))
		}
		b.Append(cells...)
	}
	return b
}

func hold(t *testing.T, part string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(part, want) {
			t.Errorf("no %s in\n%.3000s", want, part)
		}
	}
}

func TestEncoder_totals(t *testing.T) {
	cols := declared(t, `["t",{"name":"n","total":"sum"},{"name":"d","total":"average"},{"name":"day","total":"count"}]`)
	rows := table("1|0.10|a|2026-01-01|1", "2|0.20||2026-01-02|1", "|-0.05|c||0", "9007199254740993|1000.00|d|2026-01-03|1")
	for _, workers := range []int{0, 3} {
		file, sum := write(t, cols, format.Options{Workers: workers, TotalLabel: "合计"}, rows)
		b := readBook(t, file)
		got := []shown{b.Cells[0]["A6"], b.Cells[0]["B6"], b.Cells[0]["C6"], b.Cells[0]["D6"]}
		want := []shown{
			{Type: "inlineStr", Value: "合计"},
			{Value: "9.007199254740996e+15", Format: "0", Formula: "SUBTOTAL(109,B2:B5)"},
			{Value: "250.0625", Format: "0.00", Formula: "SUBTOTAL(101,C2:C5)"},
			{Value: "3", Format: "0", Formula: "SUBTOTAL(103,D2:D5)"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("totals (-want +got):\n%s", d)
		}
		// The totals are not part of the filtered rows, and long numbers are not left out.
		hold(t, b.Parts[sheetPath(1)], `<dimension ref="A1:D6"/>`, `<autoFilter ref="A1:D5"/>`)
		if d := cmp.Diff([]format.Warning{{Code: format.RoundedNumber, Count: 1}}, sum.Warnings); d != "" {
			t.Errorf("warnings (-want +got):\n%s", d)
		}
	}
	t.Run("no rows", func(t *testing.T) {
		file, _ := write(t, cols, format.Options{})
		b := readBook(t, file)
		if got, want := b.Cells[0]["B2"], (shown{Value: "0", Format: "0"}); got != want {
			t.Errorf("sum: got %+v, want %+v", got, want)
		}
		if got, ok := b.Cells[0]["C2"]; ok {
			t.Errorf("average: got %+v", got)
		}
	})
	t.Run("several sheets", func(t *testing.T) {
		var all []string
		for i := range 20 {
			all = append(all, fmt.Sprintf("%d|1|x|2026-01-01|1", i))
		}
		file, _ := writeLimited(t, cols, format.Options{Title: "it's"}, 10, table(all...))
		b := readBook(t, file)
		if got, want := b.Cells[2]["B6"], (shown{Value: "190", Format: "0", Formula: "SUBTOTAL(109,'it''s'!B2:B9,'it''s (2)'!B2:B9,B2:B5)"}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestEncoder_groups(t *testing.T) {
	cols := declared(t, `["t",{"name":"n","group":"Amounts & more"},{"name":"d","group":"Amounts & more"},{"name":"day","group":"Day"}]`)
	file, _ := write(t, cols, format.Options{}, table("1|0.10|a|2026-01-01|1"))
	b := readBook(t, file)
	got := []string{b.Cells[0]["B1"].Value, b.Cells[0]["D1"].Value, b.Cells[0]["A2"].Value, b.Cells[0]["D2"].Value, b.Cells[0]["B3"].Value}
	if d := cmp.Diff([]string{"Amounts & more", "Day", "t", "day", "1"}, got); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
	hold(t, b.Parts[sheetPath(1)], `<pane ySplit="2" topLeftCell="A3" activePane="bottomLeft" state="frozen"/>`,
		`<autoFilter ref="A2:D3"/><mergeCells count="1"><mergeCell ref="B1:C1"/></mergeCells>`)
	hold(t, b.Parts["xl/workbook.xml"], `!$1:$2</definedName>`, `!$A$2:$D$3</definedName>`)
	file, _ = write(t, cols, format.Options{NoHeader: true}, table("1|0.10|a|2026-01-01|1"))
	if got := readBook(t, file).Cells[0]["B1"].Value; got != "1" {
		t.Errorf("without a header: B1 is %q", got)
	}
}

func TestEncoder_conditions(t *testing.T) {
	cols := declared(t, `[{"name":"n","conditions":[{"if":"< -1.5","color":"#c00000"},{"if":"empty","fill":"#FFFF00"}]},
		{"name":"t","conditions":[{"if":"= a\"b","bold":true},{"if":"contains <&>","bold":true},{"if":"<> x","bold":true}]},
		{"name":"day","conditions":[{"if":">= 2026-01-31","fill":"#FFFF00"}]},
		{"name":"on","type":"bool","conditions":[{"if":"= yes","fill":"#FFFF00"}]}]`)
	file, _ := write(t, cols, format.Options{}, table("1|0.10|a|2026-01-01|1"))
	b := readBook(t, file)
	hold(t, b.Parts[sheetPath(1)],
		`<conditionalFormatting sqref="A2:A2"><cfRule type="expression" dxfId="0" priority="1" stopIfTrue="1"><formula>AND(ISNUMBER($A2),$A2&lt;-1.5)</formula></cfRule>`+
			`<cfRule type="expression" dxfId="1" priority="2" stopIfTrue="1"><formula>LEN($A2)=0</formula></cfRule></conditionalFormatting>`,
		`<formula>EXACT($B2,&quot;a&quot;&quot;b&quot;)</formula>`, `<formula>ISNUMBER(FIND(&quot;&lt;&amp;&gt;&quot;,$B2))</formula>`,
		`<formula>AND(LEN($B2)&gt;0,NOT(EXACT($B2,&quot;x&quot;)))</formula>`, `<formula>AND(ISNUMBER($C2),$C2&gt;=46053)</formula>`, `<formula>AND(LEN($D2)&gt;0,$D2=TRUE)</formula>`)
	hold(t, b.Parts["xl/styles.xml"], `<dxfs count="3"><dxf><font><color rgb="FFC00000"/></font></dxf>`, `<dxf><font><b/></font></dxf></dxfs>`)
	file, _ = write(t, cols, format.Options{})
	if strings.Contains(readParts(t, file)[sheetPath(1)], "conditionalFormatting") {
		t.Error("conditions without rows")
	}
}

func TestEncoder_looks(t *testing.T) {
	cols := declared(t, `[{"name":"n","align":"center"},{"name":"d","fill":"#FFFF00","color":"#112233","bold":true},"t","day",{"name":"on","type":"bool"}]`)
	created := time.Date(2026, 1, 31, 8, 0, 0, 0, time.FixedZone("", 8*3600))
	file, _ := write(t, cols, format.Options{Title: "R&D <1>", Created: created, RightToLeft: true, Thousands: true}, table("1|1234.50|a|2026-01-01|1", "2||b|2026-01-01|0"))
	b := readBook(t, file)
	if got, want := b.Cells[0]["B2"], (shown{Value: "1234.50", Format: "#,##0.00"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if d := cmp.Diff([]string{"R&D <1>"}, b.Names); d != "" {
		t.Errorf("sheets (-want +got):\n%s", d)
	}
	hold(t, b.Parts[sheetPath(1)], `<sheetView rightToLeft="1" tabSelected="1"`, ` r="B3"/>`)
	hold(t, b.Parts["docProps/core.xml"], `<dc:title>R&amp;D &lt;1&gt;</dc:title>`, `<dcterms:created xsi:type="dcterms:W3CDTF">2026-01-31T00:00:00Z</dcterms:created>`)
	hold(t, b.Parts["xl/styles.xml"], `<alignment horizontal="center"/>`, `<b/><sz val="11"/><color rgb="FF112233"/>`, `<fgColor rgb="FFFFFF00"/>`,
		`<alignment horizontal="right" vertical="center" wrapText="1"/>`, `shrinkToFit="1"`)
}

// Rows with line breaks are as high as their lines, whatever they and their
// neighbors hold.
func TestRowWriter_heighten(t *testing.T) {
	cols := []format.Column{single(row.Text, -1), single(row.Text, -1)}
	cols[1].Index = 1
	texts := []string{"15.0", `<row ht="15.0" r="1`, "a\nb", "\n\n" + `ht="15.0" r="` + "\n", "plain", strings.Repeat("x\n", 40), "15.0\n15.0"}
	for _, small := range []bool{false, true} {
		b := new(row.Batch)
		var heights []string
		for i := range 2000 {
			one, two := texts[i*7%len(texts)], texts[i*i%len(texts)]
			b.Append([]byte(one), []byte(two))
			n := min(1+max(strings.Count(one, "\n"), strings.Count(two, "\n")), 27)
			heights = append(heights, fmt.Sprintf(`<row ht="%.4s" r="%d">`, fmt.Sprintf("%d.0", 15*n), i+2))
		}
		same(t, cols, format.Options{Small: small}, maxRows, b)
		file, _ := write(t, cols, format.Options{Small: small}, b)
		sheet := readParts(t, file)[sheetPath(1)]
		for i, want := range heights {
			if !strings.Contains(sheet, want) && i > 0 {
				t.Fatalf("small %t: no %s", small, want)
			}
		}
	}
}
