package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

const (
	allRows = "SELECT * FROM bench_orders"
	million = 1_000_000
	xlsRows = 65_535
)

// render is `exportd render` into a file, or into nothing where out is "".
func (s *stage) render(format, query, out string, more ...string) job {
	target, makes := "-", ""
	if out != "" {
		target, makes = s.path(out), s.path(out)
	}
	args := append([]string{s.bin + "/exportd", "render", "-query=" + query, "-format=" + format, "-o=" + target}, more...)
	return job{args: args, env: []string{"EXPORTD_DSN=" + s.dsn}, makes: makes}
}

// mariadb is the server's own client.
func (s *stage) mariadb(out string) job {
	return job{out: s.path(out), makes: s.path(out), cmd: func(ctx context.Context) (*exec.Cmd, error) {
		return s.client.Command(ctx, s.dsn, "--quick", "--batch", "--execute="+allRows)
	}}
}

// drop reads the rows and drops them.
func (s *stage) drop() job { return job{args: []string{s.bin + "/drop", "-addr", s.addr}} }

// fromMemory is one of our encoders on rows in memory.
func (s *stage) fromMemory(format string, rows int, out string, small bool) job {
	return job{
		args:  []string{s.self, "self", format, s.sample, strconv.Itoa(rows), s.path(out), strconv.FormatBool(small)},
		makes: s.path(out),
	}
}

// excelize writes rows from memory with its StreamWriter.
func (s *stage) excelize(out string) job {
	return job{
		args:  []string{s.bin + "/xlsxpeer", "-rows", s.sample, "-n", strconv.Itoa(million), "-o", s.path(out)},
		makes: s.path(out),
	}
}

func csvGroup(ctx context.Context, s *stage) ([]figure, error) {
	ours, peer, err := duel(ctx, s.render("csv", allRows, "a.csv"), s.mariadb("b.tsv"))
	if err != nil {
		return nil, err
	}
	plain, again, err := duel(ctx, s.render("csv", allRows, "a.csv", "-sha256=false"), s.mariadb("b.tsv"))
	if err != nil {
		return nil, err
	}
	alone, floor, err := duel(ctx, s.render("csv", allRows, "a.csv"), s.drop())
	if err != nil {
		return nil, err
	}
	return []figure{
		atMost("database to CSV, client CPU / mariadb --quick --batch", ratio(ours, peer, cpu), 0.20),
		atMost("the same without the SHA-256 of the file", ratio(plain, again, cpu), 0.20),
		atMost("database to CSV, wall / dropping the rows", ratio(alone, floor, wall), 1.03),
	}, nil
}

// fourGroup runs four at once, where the server and the clients share the cores.
func fourGroup(ctx context.Context, s *stage) ([]figure, error) {
	var ratios []float64
	for range pairs {
		ours, err := together(ctx, 4, func(i int) job { return s.render("csv", allRows, fmt.Sprintf("a%d.csv", i)) })
		if err != nil {
			return nil, err
		}
		peer, err := together(ctx, 4, func(i int) job { return s.mariadb(fmt.Sprintf("b%d.tsv", i)) })
		if err != nil {
			return nil, err
		}
		ratios = append(ratios, ours/peer)
	}
	return []figure{atMost("database to CSV, wall / mariadb, four at once", median(ratios), 0.60)}, nil
}

func appendGroup(ctx context.Context, s *stage) ([]figure, error) {
	rows, err := readSample(s.sample)
	if err != nil {
		return nil, err
	}
	same, err := speedRatio(ctx, rows, ownCSV, encodingCSV)
	if err != nil {
		return nil, err
	}
	ready, err := speedRatio(ctx, rows, ownCSV, readyCSV)
	return []figure{
		atLeast("CSV appender / encoding/csv, MB/s, of the same rows", same, 8),
		{name: "the same with encoding/csv's strings made beforehand", value: ready, format: "%.1f"},
	}, err
}

func xlsxGroup(ctx context.Context, s *stage) ([]figure, error) {
	ours, peer, err := duel(ctx, s.fromMemory("xlsx", million, "a.xlsx", false), s.excelize("b.xlsx"))
	if err != nil {
		return nil, err
	}
	size, err := s.sizes("a.xlsx", "b.xlsx")
	if err != nil {
		return nil, err
	}
	again, c, err := duel(ctx, s.fromMemory("xlsx", million, "a.xlsx", false),
		job{args: []string{s.bin + "/lxw_peer", s.sample, strconv.Itoa(million), s.path("c.xlsx")}, makes: s.path("c.xlsx")})
	if err != nil {
		return nil, err
	}
	return []figure{
		atLeast("XLSX of 1M rows, times faster than excelize", ratio(peer, ours, wall), 18),
		atMost("XLSX size / excelize's", size, 1.06),
		atLeast("XLSX of 1M rows, times faster than libxlsxwriter", ratio(c, again, wall), 20),
	}, nil
}

func smallGroup(ctx context.Context, s *stage) ([]figure, error) {
	ours, peer, err := duel(ctx, s.fromMemory("xlsx", million, "a.xlsx", true), s.excelize("b.xlsx"))
	if err != nil {
		return nil, err
	}
	size, err := s.sizes("a.xlsx", "b.xlsx")
	return []figure{
		atMost("small XLSX size / excelize's", size, 1.00),
		atLeast("small XLSX, times faster than excelize", ratio(peer, ours, wall), 6),
	}, err
}

// sizes is the size of one file by that of another.
func (s *stage) sizes(a, b string) (float64, error) {
	x, err := os.Stat(s.path(a))
	if err != nil {
		return 0, err
	}
	y, err := os.Stat(s.path(b))
	if err != nil {
		return 0, err
	}
	return float64(x.Size()) / float64(y.Size()), nil
}

func databaseGroup(ctx context.Context, s *stage) ([]figure, error) {
	ours, floor, err := duel(ctx, s.render("xlsx", allRows, "a.xlsx"), s.drop())
	if err != nil {
		return nil, err
	}
	again, peer, err := duel(ctx, s.render("xlsx", allRows, "a.xlsx"),
		job{args: []string{s.bin + "/xlsxpeer", "-mode", "db-excelize", "-addr", s.addr, "-o", s.path("b.xlsx")}, makes: s.path("b.xlsx")})
	if err != nil {
		return nil, err
	}
	return []figure{
		atMost("database to XLSX, wall / dropping the rows", ratio(ours, floor, wall), 1.05),
		atLeast("database to XLSX, times faster than database/sql with excelize", ratio(peer, again, wall), 13),
	}, nil
}

func xlsGroup(ctx context.Context, s *stage) ([]figure, error) {
	ours, peer, err := duel(ctx, s.fromMemory("xls", xlsRows, "a.xls", false),
		job{args: []string{"/usr/bin/python3", "cmd/bench/render/peers/python/xlwt_peer.py", s.sample, strconv.Itoa(xlsRows), s.path("b.xls")}, makes: s.path("b.xls")})
	if err != nil {
		return nil, err
	}
	return []figure{atLeast("XLS of 65,535 rows, times less CPU than xlwt", ratio(peer, ours, cpu), 20)}, nil
}

// memoryGroup measures the peak of one export above that of a process with almost
// nothing to do, for results of each size.
func memoryGroup(ctx context.Context, s *stage) ([]figure, error) {
	// One row: the process, its connection and nothing that grows. It is over
	// so soon that one look at it may come before its memory has grown.
	idle := 0.0
	for range pairs {
		c, err := s.render("csv", allRows+" LIMIT 1", "").run(ctx)
		if err != nil {
			return nil, err
		}
		idle = max(idle, c.peak)
	}
	var figures []figure
	for _, f := range []struct {
		format string
		most   float64
	}{{"csv", 12}, {"jsonl", 12}, {"parquet", 64}, {"xlsx", 24}, {"xls", 32}} {
		for _, size := range []struct{ name, query string }{
			{"10k", allRows + " LIMIT 10000"},
			{"1M", allRows},
			{"10M", "SELECT o.* FROM bench_orders o, (SELECT 1 FROM bench_orders LIMIT 10) ten"},
		} {
			c, err := s.render(f.format, size.query, "").run(ctx)
			if err != nil {
				return nil, err
			}
			name := fmt.Sprintf("%s of %s rows, MiB above a process that exports one", f.format, size.name)
			figures = append(figures, figure{name: name, value: c.peak - idle, format: "%.1f", sign: "<=", bound: f.most})
		}
	}
	return figures, nil
}
