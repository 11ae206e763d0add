// Package formattest has rows and columns for the tests of encoders.
package formattest

import (
	"crypto/md5" //nolint:gosec // see Order
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// OrderColumns are columns like those of the benchmark table bench_orders.
func OrderColumns() []format.Column {
	return Columns(
		row.Column{Name: "id", Type: "BIGINT", Kind: row.Int},
		row.Column{Name: "member_id", Type: "INT", Kind: row.Int},
		row.Column{Name: "order_no", Type: "VARCHAR", Kind: row.Text},
		row.Column{Name: "name", Type: "VARCHAR", Kind: row.Text},
		row.Column{Name: "phone", Type: "VARCHAR", Kind: row.Text},
		row.Column{Name: "amount", Type: "DECIMAL", Kind: row.Decimal, Length: 12, Scale: 2},
		row.Column{Name: "rate", Type: "DOUBLE", Kind: row.Float, Scale: -1},
		row.Column{Name: "status", Type: "TINYINT", Kind: row.Int},
		row.Column{Name: "created_at", Type: "DATETIME", Kind: row.DateTime},
		row.Column{Name: "remark", Type: "VARCHAR", Kind: row.Text},
	)
}

// Columns makes output columns of source columns as they come.
func Columns(source ...row.Column) []format.Column {
	cols, err := format.Resolve(nil, source)
	if err != nil {
		panic(err)
	}
	return cols
}

// Order is the row seq of bench_orders, by the formulas of the SQL that fills it; a
// nil cell is NULL.
func Order(seq int) [][]byte {
	family := []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "司马"}
	given := []string{"伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋", "小明"}
	name := family[seq%12] + given[seq/12%11]
	if seq%17 == 0 {
		name += "(" + []string{"北京", "上海", "深圳"}[seq%3] + "分公司)"
	}
	first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	cents := seq * 104729 % 1000000000
	if seq%50 == 0 {
		cents -= 500000000
	}
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	rate := float64(seq*65537%1000003) / 1000003
	digits := -1
	if seq%2 == 0 {
		digits = 4
	}
	rateText := strconv.FormatFloat(rate, 'f', digits, 64)
	var remark []byte
	switch {
	case seq%5 < 2:
	case seq%60 == 14:
		remark = fmt.Appendf(nil, `客户说: "尽快发货", 编号 %d`, seq)
	case seq%60 == 28:
		remark = fmt.Appendf(nil, "第一行%d\n第二行,带逗号", seq)
	case seq%60 == 42:
		remark = []byte("a,b;\"c\"\r\nd")
	case seq%3 == 0:
		remark = fmt.Appendf(nil, "备注 %d", seq%1000)
	default:
		sum := md5.Sum([]byte(strconv.Itoa(seq))) //nolint:gosec // MD5() of the SQL; protects nothing
		remark = []byte("note " + hex.EncodeToString(sum[:]))
	}
	return [][]byte{
		strconv.AppendInt(nil, int64(900000000000+seq), 10),
		strconv.AppendInt(nil, int64(seq*7919%2000003), 10),
		fmt.Appendf(nil, "SO%s%08d", first.AddDate(0, 0, seq%730).Format("20060102"), seq*48271%100000000),
		[]byte(name),
		fmt.Appendf(nil, "0%d-%08d", 10+seq%89, seq*16807%100000000),
		fmt.Appendf(nil, "%s%d.%02d", sign, cents/100, cents%100),
		[]byte(rateText),
		strconv.AppendInt(nil, int64(seq%7-1), 10),
		[]byte(first.Add(time.Duration(seq*61) * time.Second).Format(time.DateTime)),
		remark,
	}
}

// Orders is a batch of the rows from..from+n-1.
func Orders(from, n int) *row.Batch {
	b := &row.Batch{}
	for seq := from; seq < from+n; seq++ {
		b.Append(Order(seq)...)
	}
	b.Data = append(b.Data, make([]byte, 64)...) // as a source leaves room behind its rows
	return b
}

// Declared makes output columns of source columns by a declaration.
func Declared(decl string, source ...row.Column) []format.Column {
	specs, err := format.ParseColumns(decl)
	if err != nil {
		panic(err)
	}
	cols, err := format.Resolve(specs, source)
	if err != nil {
		panic(err)
	}
	return cols
}
