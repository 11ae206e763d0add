package main

import (
	"context"
)

func parquetGroup(ctx context.Context, s *stage) ([]figure, error) {
	ours, floor, err := duel(ctx, s.render("parquet", allRows, "a.parquet"), s.drop())
	if err != nil {
		return nil, err
	}
	again, peer, err := duel(ctx, s.render("parquet", allRows, "a.parquet"),
		job{args: []string{s.bin + "/parquetpeer", "-addr", s.addr, "-o", s.path("b.parquet")}, makes: s.path("b.parquet")})
	if err != nil {
		return nil, err
	}
	duckdb := job{
		args:  []string{"node", "cmd/bench/render/peers/node/duckdb.js", s.path("a.parquet"), s.path("c.parquet")},
		makes: s.path("c.parquet"),
	}
	if _, err := duckdb.run(ctx); err != nil {
		return nil, err
	}
	size, err := s.sizes("a.parquet", "c.parquet")
	if err != nil {
		return nil, err
	}
	peerSize, err := s.sizes("a.parquet", "b.parquet")
	return []figure{
		atMost("database to Parquet, wall / dropping the rows", ratio(ours, floor, wall), 1.10),
		atLeast("database to Parquet, times less CPU than database/sql with parquet-go", ratio(peer, again, cpu), 5),
		atMost("Parquet size / DuckDB's with Zstandard", size, 1.05),
		{name: "Parquet size / parquet-go's", value: peerSize, format: "%.3f"},
	}, err
}
