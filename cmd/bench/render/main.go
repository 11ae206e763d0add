// Render is `make bench-render`: it compares exports with other programs that make
// the same file. All of them read 1,000,000 rows of ten columns from a private
// MariaDB, in a tmpfs where there is one. exportd and the peer run in turns, and
// the median of the ratios of the pairs is printed as
//
//	name: value (wanted >= bound)
//
// The exit code is 1 where a figure falls short, and 2 where it cannot measure.
// exportd's side is `exportd render`, which is an export without the service, or,
// without a database, the encoders in a process of their own (this program with
// the argument "self"). The peers are in the folder peers and in the distribution.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// pairs is how often each comparison is made.
const pairs = 7

func main() {
	if len(os.Args) > 1 && os.Args[1] == "self" {
		if err := self(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench/render: self:", err)
			os.Exit(1)
		}
		return
	}
	only := flag.String("only", "", "measure the groups whose name contains `TEXT`: csv, four, append, jsonl, parquet, xlsx, small, database, xls, memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/render:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// group measures some figures.
type group struct {
	name string
	do   func(ctx context.Context, s *stage) ([]figure, error)
}

// figure is one line of the result.
type figure struct {
	name   string
	value  float64
	format string // of the value: "%.2f"
	sign   string // "<=" or ">="; "" has no bound and is for comparison
	bound  float64
}

func (f figure) ok() bool {
	switch f.sign {
	case "<=":
		return f.value <= f.bound
	case ">=":
		return f.value >= f.bound
	}
	return true
}

func (f figure) String() string {
	if f.sign == "" {
		return fmt.Sprintf("%s: "+f.format, f.name, f.value)
	}
	return fmt.Sprintf("%s: "+f.format+" (wanted %s "+f.format+")", f.name, f.value, f.sign, f.bound)
}

func atMost(name string, value, bound float64) figure {
	return figure{name: name, value: value, format: "%.3f", sign: "<=", bound: bound}
}

func atLeast(name string, value, bound float64) figure {
	return figure{name: name, value: value, format: "%.1f", sign: ">=", bound: bound}
}

func run(ctx context.Context, only string) (ok bool, err error) {
	groups := []group{
		{"csv", csvGroup},
		{"four", fourGroup},
		{"append", appendGroup},
		{"jsonl", jsonlGroup},
		{"parquet", parquetGroup},
		{"xlsx", xlsxGroup},
		{"small", smallGroup},
		{"database", databaseGroup},
		{"xls", xlsGroup},
		{"memory", memoryGroup},
	}
	s, err := setUp(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	ok = true
	for _, g := range groups {
		if !strings.Contains(g.name, only) {
			continue
		}
		figures, err := g.do(ctx, s)
		if err != nil {
			return false, fmt.Errorf("%s: %w", g.name, err)
		}
		for _, f := range figures {
			fmt.Fprintln(os.Stdout, f)
			ok = ok && f.ok()
		}
	}
	return ok, nil
}
