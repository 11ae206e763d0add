package xls

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// orderColumns are the columns of the benchmark's order table, as a server
// announces them.
func orderColumns() []format.Column {
	source := []row.Column{
		{Name: "id", Type: "BIGINT", Kind: row.Int, Length: 20},
		{Name: "member_id", Type: "INT", Kind: row.Int, Length: 11},
		{Name: "order_no", Type: "VARCHAR", Kind: row.Text, Length: 32},
		{Name: "name", Type: "VARCHAR", Kind: row.Text, Length: 64},
		{Name: "phone", Type: "VARCHAR", Kind: row.Text, Length: 20},
		{Name: "amount", Type: "DECIMAL", Kind: row.Decimal, Scale: 2, Length: 14},
		{Name: "rate", Type: "DOUBLE", Kind: row.Float, Scale: -1, Length: 22},
		{Name: "status", Type: "TINYINT", Kind: row.Int, Length: 4},
		{Name: "created_at", Type: "DATETIME", Kind: row.DateTime, Length: 19},
		{Name: "remark", Type: "VARCHAR", Kind: row.Text, Length: 255},
	}
	cols := make([]format.Column, len(source))
	for i, c := range source {
		cols[i] = format.Column{Source: c, Index: i, Label: c.Name}
	}
	return cols
}

// order is row n, from 1, of that table: every value follows from n.
func order(n int) [][]byte {
	surnames := [...]string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "司马"}
	given := [...]string{"伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋", "小明"}
	cities := [...]string{"北京", "上海", "深圳"}
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	name := surnames[n%12] + given[n/12%11]
	if n%17 == 0 {
		name += "(" + cities[n%3] + "分公司)"
	}
	cents := n * 104729 % 1000000000
	if n%50 == 0 {
		cents -= 500000000
	}
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	rate := float64(n*65537%1000003) / 1000003
	rateText := strconv.FormatFloat(rate, 'g', -1, 64)
	if n%2 == 0 {
		rateText = strconv.FormatFloat(float64(int(rate*10000+0.5))/10000, 'g', -1, 64)
	}
	var remark []byte
	switch {
	case n%5 < 2:
	case n%60 == 14:
		remark = fmt.Appendf(nil, "客户说: \"尽快发货\", 编号 %d", n)
	case n%60 == 28:
		remark = fmt.Appendf(nil, "第一行%d\n第二行,带逗号", n)
	case n%60 == 42:
		remark = []byte("a,b;\"c\"\r\nd")
	case n%3 == 0:
		remark = fmt.Appendf(nil, "备注 %d", n%1000)
	default:
		sum := md5.Sum(strconv.AppendInt(nil, int64(n), 10))
		remark = []byte("note " + hex.EncodeToString(sum[:]))
	}
	return [][]byte{
		strconv.AppendInt(nil, int64(900000000000+n), 10),
		strconv.AppendInt(nil, int64(n*7919%2000003), 10),
		fmt.Appendf(nil, "SO%s%08d", start.AddDate(0, 0, n%730).Format("20060102"), n*48271%100000000),
		[]byte(name),
		fmt.Appendf(nil, "0%d-%08d", 10+n%89, n*16807%100000000),
		fmt.Appendf(nil, "%s%d.%02d", sign, cents/100, cents%100),
		[]byte(rateText),
		strconv.AppendInt(nil, int64(n%7-1), 10),
		start.Add(time.Duration(n)*61*time.Second).AppendFormat(nil, "2006-01-02 15:04:05"),
		remark,
	}
}

// orders are rows first to last, in batches of 500.
func orders(first, last int) []*row.Batch {
	var all []*row.Batch
	for n := first; n <= last; n++ {
		if (n-first)%500 == 0 {
			all = append(all, &row.Batch{})
		}
		all[len(all)-1].Append(order(n)...)
	}
	return all
}
