package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/format/row"
)

func jsonlGroup(ctx context.Context, s *stage) ([]figure, error) {
	ours, peer, err := duel(ctx, s.render("jsonl", allRows, "a.jsonl"), s.mariadb("b.tsv"))
	if err != nil {
		return nil, err
	}
	rows, err := readSample(s.sample)
	if err != nil {
		return nil, err
	}
	values, err := speedRatio(ctx, rows, ownJSON, jsonValues)
	if err != nil {
		return nil, err
	}
	structs, err := speedRatio(ctx, rows, ownJSON, jsonStructs)
	return []figure{
		atMost("database to JSON Lines, client CPU / mariadb --quick --batch", ratio(ours, peer, cpu), 0.35),
		atLeast("JSON Lines appender / encoding/json of each value, MB/s, of the same rows", values, 8),
		{name: "the same with encoding/json of a struct that is known at compile time", value: structs, format: "%.1f"},
	}, err
}

// ownJSON encodes batches as a cursor gives them.
func ownJSON(rows [][][]byte) func(io.Writer, int) error { return ownEncoder(encoder.JSONL, rows) }

// jsonValues writes objects of any columns, in their order, each value with
// encoding/json: maps would lose the order.
func jsonValues(rows [][][]byte) func(io.Writer, int) error {
	batches := pack(rows)
	return func(w io.Writer, n int) error {
		var line bytes.Buffer
		return eachRow(batches, n, func(p []byte) error {
			line.Reset()
			for i := range columns {
				var c []byte
				c, p = row.Cell(p)
				var v any
				switch columns[i].Kind {
				case row.Int, row.Decimal, row.Float:
					v = json.Number(c)
				default:
					v = string(c)
				}
				if c == nil {
					v = nil
				}
				value, err := json.Marshal(v)
				if err != nil {
					return err
				}
				key, err := json.Marshal(columns[i].Name)
				if err != nil {
					return err
				}
				line.WriteByte("{,"[min(i, 1)])
				line.Write(key)
				line.WriteByte(':')
				line.Write(value)
			}
			line.WriteString("}\n")
			_, err := w.Write(line.Bytes())
			return err
		})
	}
}

// order is a row for encoding/json.
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

// jsonStructs writes the rows as values of one struct.
func jsonStructs(rows [][][]byte) func(io.Writer, int) error {
	batches := pack(rows)
	return func(w io.Writer, n int) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return eachRow(batches, n, func(p []byte) error {
			var s [10]string
			var o order
			for i := range s {
				var c []byte
				c, p = row.Cell(p)
				if s[i] = string(c); i == 9 && c != nil {
					o.Remark = &s[9]
				}
			}
			o.ID, o.MemberID, o.OrderNo, o.Name, o.Phone = json.Number(s[0]), json.Number(s[1]), s[2], s[3], s[4]
			o.Amount, o.Rate, o.Status, o.CreatedAt = json.Number(s[5]), json.Number(s[6]), json.Number(s[7]), s[8]
			return enc.Encode(&o)
		})
	}
}

// eachRow calls do for n rows of the batches, over which it goes again.
func eachRow(batches []*row.Batch, n int, do func(p []byte) error) error {
	for done, i := 0, 0; done < n; i++ {
		b := batches[i%len(batches)]
		for k := range b.Rows {
			if err := do(b.Row(k)); err != nil {
				return err
			}
		}
		done += b.Len()
	}
	return nil
}

// ownEncoder encodes n rows of the batches that a cursor would give.
func ownEncoder(f encoder.Format, rows [][][]byte) func(io.Writer, int) error {
	batches := pack(rows)
	return func(w io.Writer, n int) error {
		cols, err := format.Resolve(nil, columns)
		if err != nil {
			return err
		}
		enc, err := encoder.New(w, f, cols, format.Options{})
		if err != nil {
			return err
		}
		for done, i := 0, 0; done < n; i++ {
			b := batches[i%len(batches)]
			if err := enc.Encode(b); err != nil {
				return errors.Join(err, enc.Close())
			}
			done += b.Len()
		}
		return enc.Close()
	}
}

// speedRatio is how many times faster one appender is than another.
func speedRatio(ctx context.Context, rows [][][]byte, own, peer appender) (float64, error) {
	var ratios []float64
	for range pairs {
		ours, err := appendSpeed(rows, own)
		if err != nil {
			return 0, err
		}
		theirs, err := appendSpeed(rows, peer)
		if err != nil {
			return 0, err
		}
		ratios = append(ratios, ours/theirs)
	}
	return median(ratios), ctx.Err()
}
