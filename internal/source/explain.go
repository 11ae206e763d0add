package source

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"exporttask/internal/format/row"
)

// EstimateRows asks the optimizer how many rows the statement reads, without
// running it. It is a guess to plan by, not a promise: joins multiply, and
// neither a filter that no index answers nor a LIMIT is counted. 0 means that
// there is no guess.
func (s *Source) EstimateRows(ctx context.Context, sql string, args []row.Arg) (int64, error) {
	n, err := s.estimateRows(ctx, sql, args)
	if err != nil {
		return 0, fmt.Errorf("data source %s: explain: %w", s.name, err)
	}
	return n, nil
}

func (s *Source) estimateRows(ctx context.Context, sql string, args []row.Arg) (int64, error) {
	binding, err := bind("EXPLAIN FORMAT=TRADITIONAL "+sql, args)
	if err != nil {
		return 0, err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return 0, err
	}
	stop := c.watch(ctx)
	defer c.close() //nolint:errcheck // the answer is read in full or the error is told
	defer stop()
	cols, err := c.start(binding, s.opts.Limits, Query{})
	if err != nil {
		return 0, err
	}
	plan, err := c.readAll(cols)
	if err != nil {
		return 0, err
	}
	return planRows(cols, plan)
}

// planRows multiplies the rows of the tables of each outer SELECT and adds the
// SELECTs of a UNION.
func planRows(cols []row.Column, plan [][]string) (int64, error) {
	at := func(name string) int {
		return slices.IndexFunc(cols, func(c row.Column) bool { return c.Name == name })
	}
	id, kind, rows := at("id"), at("select_type"), at("rows")
	if id < 0 || kind < 0 || rows < 0 {
		return 0, &ProtocolError{What: "answer to EXPLAIN"}
	}
	product := map[string]float64{}
	for _, r := range plan {
		switch r[kind] {
		case "SIMPLE", "PRIMARY", "UNION":
		default:
			continue // what it reads shows in the row of the outer SELECT
		}
		n, err := strconv.ParseFloat(r[rows], 64)
		if err != nil {
			continue // NULL: no table is read
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
