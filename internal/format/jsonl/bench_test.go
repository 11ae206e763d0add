package jsonl

import (
	"encoding/json"
	"io"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// benchRows is enough not to fit into the cache of one core.
const benchRows = 20_000

func BenchmarkOrders(b *testing.B) {
	batch := formattest.Orders(1, benchRows)
	e, err := New(io.Discard, formattest.OrderColumns(), format.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(batch.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Encode(batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOrders_encodingJSON writes the same rows with encoding/json.
func BenchmarkOrders_encodingJSON(b *testing.B) {
	type order struct {
		ID        json.Number `json:"id"`
		MemberID  json.Number `json:"member_id"`
		OrderNo   string      `json:"order_no"`
		Name      string      `json:"name"`
		Phone     string      `json:"phone"`
		Amount    json.Number `json:"amount"`
		Rate      json.Number `json:"rate"`
		Status    json.Number `json:"status"`
		CreatedAt string      `json:"created_at"`
		Remark    *string     `json:"remark"`
	}
	batch := formattest.Orders(1, benchRows)
	enc := json.NewEncoder(io.Discard)
	enc.SetEscapeHTML(false)
	b.SetBytes(int64(len(batch.Data)))
	for b.Loop() {
		for i := range batch.Rows {
			var s [10]string
			p := batch.Row(i)
			var remark *string
			for k := range s {
				var c []byte
				c, p = row.Cell(p)
				s[k] = string(c)
				if k == 9 && c != nil {
					remark = &s[k]
				}
			}
			o := order{json.Number(s[0]), json.Number(s[1]), s[2], s[3], s[4], json.Number(s[5]), json.Number(s[6]), json.Number(s[7]), s[8], remark}
			if err := enc.Encode(&o); err != nil {
				b.Fatal(err)
			}
		}
	}
}
