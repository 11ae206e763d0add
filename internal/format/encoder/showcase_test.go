package encoder

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// showcase is a report with everything that a spreadsheet can show: groups, totals,
// conditions, formats, texts with line breaks, truth values, NULL.
const showcase = `[
  {"name":"order_no","label":"Order"},
  {"name":"customer","label":"Customer","group":"Customer"},
  {"name":"city","label":"城市","group":"Customer"},
  {"name":"created","label":"Ordered on","format":"dddd, d mmmm yyyy"},
  {"name":"qty","label":"Quantity","total":"sum","group":"Amounts"},
  {"name":"price","label":"Price","format":"#,##0.00 \"EUR\"","group":"Amounts","total":"average"},
  {"name":"amount","label":"Amount","total":"sum","bold":true,"group":"Amounts",
   "conditions":[{"if":"< 0","color":"#9C0006","fill":"#FFC7CE"},{"if":">= 5000","color":"#006100","fill":"#C6EFCE"}]},
  {"name":"paid","label":"Paid","type":"bool","conditions":[{"if":"= FALSE","color":"#C00000","bold":true}]},
  {"name":"state","label":"State","align":"center","fill":"#F2F2F2","map":{"1":"open","2":"shipped","3":"returned"},
   "conditions":[{"if":"= returned","color":"#9C5700","fill":"#FFEB9C"}],"total":"count"},
  {"name":"remark","label":"Remark"}
]`

// showcaseSource are the columns of the report's result.
var showcaseSource = []row.Column{
	{Name: "order_no", Type: "VARCHAR", Scale: -1, Length: 32},
	{Name: "customer", Type: "VARCHAR", Scale: -1, Length: 64},
	{Name: "city", Type: "VARCHAR", Scale: -1, Length: 64},
	{Name: "created", Type: "DATE", Kind: row.Date, Scale: -1},
	{Name: "qty", Type: "INT", Kind: row.Int, Scale: -1, Length: 11},
	{Name: "price", Type: "DECIMAL", Kind: row.Decimal, Scale: 2, Length: 10},
	{Name: "amount", Type: "DECIMAL", Kind: row.Decimal, Scale: 2, Length: 14},
	{Name: "paid", Type: "TINYINT", Kind: row.Int, Scale: -1, Length: 4},
	{Name: "state", Type: "TINYINT", Kind: row.Int, Scale: -1, Length: 4},
	{Name: "remark", Type: "VARCHAR", Scale: -1, Length: 255},
}

// showcaseOptions are the options of the report.
var showcaseOptions = format.Options{
	Title: "Orders of March 2026", Thousands: true, Created: time.Date(2026, 3, 31, 18, 30, 0, 0, time.UTC),
}

var (
	showcaseNames   = []string{"Amélie Dubois", "王秀英", "Nguyễn Thị Hoa", "Schulze & Söhne GmbH", "O'Neil", "欧阳小明"}
	showcaseCities  = []string{"Lyon", "深圳", "Hà Nội", "Köln", "Dublin", "上海市浦东新区"}
	showcaseRemarks = []string{"", "ring twice", "客户说：尽快发货", "first line\nsecond line", "00123", "=1+1"}
)

// showcaseRow is row i of the report, nil for NULL.
func showcaseRow(i int) [][]byte {
	qty, cents := 1+i*7%40, 199+i*7919%90000
	if i%11 == 4 {
		qty = -qty
	}
	amount := qty * cents
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	cells := [][]byte{
		fmt.Appendf(nil, "%07d", 1204+i), []byte(showcaseNames[i%6]), []byte(showcaseCities[i%6]),
		[]byte(time.Date(2026, 3, 1+i%31, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)), fmt.Append(nil, qty),
		fmt.Appendf(nil, "%d.%02d", cents/100, cents%100), fmt.Appendf(nil, "%s%d.%02d", sign, amount/100, amount%100),
		fmt.Append(nil, i%3%2), fmt.Append(nil, 1+i%5%3), []byte(showcaseRemarks[i*5%6]),
	}
	if i%9 == 5 {
		cells[6], cells[8] = nil, nil
	}
	return cells
}

// showcaseFile writes the first rows of the report.
func showcaseFile(t testing.TB, f Format, rows int, change func(*format.Options)) []byte {
	t.Helper()
	specs, err := format.ParseColumns(showcase)
	if err != nil {
		t.Fatal(err)
	}
	cols, err := format.Resolve(specs, showcaseSource)
	if err != nil {
		t.Fatal(err)
	}
	opt := showcaseOptions
	opt.TempDir = t.TempDir()
	if change != nil {
		change(&opt)
	}
	var out bytes.Buffer
	e, err := New(&out, f, cols, opt)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < rows; i += 50 {
		b := new(row.Batch)
		for k := i; k < min(i+50, rows); k++ {
			b.Append(showcaseRow(k)...)
		}
		if err := e.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
