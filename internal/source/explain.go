package source

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"exporttask/internal/format/row"
)

// EstimateRows returns the optimizer's estimate of the rows that the statement
// reads, from EXPLAIN, without running it. The estimate multiplies the tables of a
// join and ignores LIMIT and filters without an index. 0 means that the server
// gives no estimate. The errors are those of Query.
func (s *Source) EstimateRows(ctx context.Context, sql string) (int64, error) {
	n, err := s.estimateRows(ctx, sql)
	if err != nil {
		return 0, fmt.Errorf("data source %s: explain: %w", s.name, err)
	}
	return n, nil
}

func (s *Source) estimateRows(ctx context.Context, sql string) (int64, error) {
	c, err := s.acquire(ctx, short)
	if err != nil {
		return 0, err
	}
	stop := c.watch(ctx)
	defer c.close() //nolint:errcheck // the result was read completely, or the error is returned
	defer stop()
	cols, err := c.start(Limits{StatementTime: prepareTime}.within(s.opts.Limits), Query{SQL: "EXPLAIN FORMAT=TRADITIONAL " + sql, FirstRows: maxControlRows})
	if err != nil {
		return 0, err
	}
	plan, err := c.readAll(cols)
	if err != nil {
		return 0, err
	}
	return planRows(cols, plan)
}

// planRows computes the estimate from the rows of EXPLAIN FORMAT=TRADITIONAL: the
// product over the tables of each outer SELECT, summed over the SELECTs of a UNION.
func planRows(cols []row.Column, plan [][]string) (int64, error) {
	at := func(name string) int {
		return slices.IndexFunc(cols, func(c row.Column) bool { return c.Name == name })
	}
	id, kind, rows := at("id"), at("select_type"), at("rows")
	if id < 0 || kind < 0 || rows < 0 {
		return 0, &ProtocolError{What: "result of EXPLAIN"}
	}
	product := map[string]float64{}
	for _, r := range plan {
		switch r[kind] {
		case "SIMPLE", "PRIMARY", "UNION":
		default:
			continue // its rows are those of the outer SELECT's row
		}
		n, err := strconv.ParseFloat(r[rows], 64)
		if err != nil {
			continue // NULL: no table
		}
		if p, seen := product[r[id]]; seen {
			n *= p
		}
		product[r[id]] = n
	}
	var sum float64
	for _, n := range product {
		sum += n
	}
	return int64(min(sum, math.MaxInt64/2)), nil
}
