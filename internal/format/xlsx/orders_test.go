package xlsx

import (
	"crypto/md5"
	"fmt"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// orderColumns describes a table of orders as a server announces it: an even
// mix of integers, decimals, doubles, dates, short texts and long ones.
func orderColumns() []format.Column {
	src := []row.Column{
		{Name: "id", Type: "BIGINT", Kind: row.Int, Scale: -1, Length: 20},
		{Name: "member_id", Type: "INT", Kind: row.Int, Scale: -1, Length: 11},
		{Name: "order_no", Type: "VARCHAR", Scale: -1, Length: 32},
		{Name: "name", Type: "VARCHAR", Scale: -1, Length: 64},
		{Name: "phone", Type: "VARCHAR", Scale: -1, Length: 20},
		{Name: "amount", Type: "DECIMAL", Kind: row.Decimal, Scale: 2, Length: 14},
		{Name: "rate", Type: "DOUBLE", Kind: row.Float, Scale: -1, Length: 22},
		{Name: "status", Type: "TINYINT", Kind: row.Int, Scale: -1, Length: 4},
		{Name: "created_at", Type: "DATETIME", Kind: row.DateTime, Scale: 0, Length: 19},
		{Name: "remark", Type: "VARCHAR", Scale: -1, Length: 255},
	}
	cols := make([]format.Column, len(src))
	for i, c := range src {
		cols[i] = format.Column{Source: c, Index: i, Label: c.Name}
	}
	return cols
}

var (
	families = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "司马"}
	givens   = []string{"伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋", "小明"}
	cities   = []string{"北京", "上海", "深圳"}
)

// appendOrder adds order s, a pure function of its number, from 1.
func appendOrder(b *row.Batch, s int) {
	day := time.Date(2024, 1, 1+s%730, 0, 0, 0, 0, time.UTC)
	name := families[s%len(families)] + givens[s/12%len(givens)]
	if s%17 == 0 {
		name += "(" + cities[s%3] + "分公司)"
	}
	cents := s * 104729 % 1000000000
	if s%50 == 0 {
		cents -= 500000000
	}
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	rate := float64(s*65537%1000003) / 1000003
	rateText := fmt.Sprint(rate)
	if s%2 == 0 {
		rateText = fmt.Sprint(float64(int(rate*10000+0.5)) / 10000)
	}
	var remark []byte
	switch {
	case s%5 < 2:
	case s%60 == 14:
		remark = fmt.Appendf(nil, "客户说: \"尽快发货\", 编号 %d", s)
	case s%60 == 28:
		remark = fmt.Appendf(nil, "第一行%d\n第二行,带逗号", s)
	case s%60 == 42:
		remark = []byte("a,b;\"c\"\r\nd")
	case s%3 == 0:
		remark = fmt.Appendf(nil, "备注 %d", s%1000)
	default:
		remark = fmt.Appendf(nil, "note %x", md5.Sum(fmt.Append(nil, s)))
	}
	b.Append(
		fmt.Append(nil, 900000000000+s), fmt.Append(nil, s*7919%2000003),
		fmt.Appendf(nil, "SO%s%08d", day.Format("20060102"), s*48271%100000000), []byte(name),
		fmt.Appendf(nil, "0%d-%08d", 10+s%89, s*16807%100000000),
		fmt.Appendf(nil, "%s%d.%02d", sign, cents/100, cents%100), []byte(rateText),
		fmt.Append(nil, s%7-1),
		[]byte(time.Date(2024, 1, 1, 0, 0, 61*s, 0, time.UTC).Format(time.DateTime)), remark,
	)
}

// orders are rows from to to of the table in batches of about size bytes.
func orders(from, to, size int) []*row.Batch {
	var all []*row.Batch
	b := new(row.Batch)
	for s := from; s <= to; s++ {
		appendOrder(b, s)
		if len(b.Data) >= size || s == to {
			all = append(all, b)
			b = new(row.Batch)
		}
	}
	return all
}
