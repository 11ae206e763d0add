package main

import (
	"errors"
	"testing"

	"exporttask/api"
)

func TestWantedFormat(t *testing.T) {
	t.Parallel()
	const (
		csv     = api.WshExportFormat_FMT_CSV
		xlsx    = api.WshExportFormat_FMT_XLSX
		jsonl   = api.WshExportFormat_FMT_JSONL
		parquet = api.WshExportFormat_FMT_PARQUET
		tpls    = api.WshExportFormat_FMT_DEFAULT
	)
	for _, tc := range []struct {
		format, out string
		want        api.WshExportFormat
		refused     bool
	}{
		{"", "", tpls, false},
		{"", "-", tpls, false},
		{"", "orders", tpls, false},
		{"", "orders.2026-03", tpls, false},
		{"", "report.v2", tpls, false},
		{"", "orders.csv", csv, false},
		{"", "orders.CSV", csv, false},
		{"", "orders.csv.gz", csv, false},
		{"", "orders.xlsx", xlsx, false},
		{"", "orders.xlsx.zip", xlsx, false},
		{"", "orders.jsonl", jsonl, false},
		{"", "orders.jsonl.zst", jsonl, false},
		{"", "orders.JSONL.GZ", jsonl, false},
		{"", "orders.csv.zst", csv, false},
		{"", "orders.parquet", parquet, false},
		{"parquet", "orders.csv", 0, true},
		{"", "orders.json", 0, true},
		{"jsonl", "orders.json", jsonl, false},
		{"jsonl", "orders.ndjson.gz", jsonl, false},
		{"jsonl", "orders.csv", 0, true},
		{"", "orders.d/", tpls, false},
		{"", "orders.pdf", 0, true},
		{"", "orders.doc", 0, true},
		{"", "orders.xlsm", 0, true},
		{"csv", "orders.xlsx", 0, true},
		{"CSV", "orders.xlsx", 0, true},
		{"xlsx", "orders.xls", 0, true},
		{"csv", "orders.pdf", 0, true},
		{"xlsx", "orders.txt", 0, true},
		{"csv", "orders.txt", csv, false},
		{"CSV", "orders.tsv", csv, false},
		{"csv", "report.v2", csv, false},
		{"csv", "orders.csv.gz", csv, false},
		{"csv", "-", csv, false},
		{"pdf", "-", 0, true},
	} {
		got, err := wantedFormat(tc.format, tc.out)
		if _, usage := errors.AsType[usageError](err); usage != tc.refused || err != nil && !usage || !tc.refused && got != tc.want {
			t.Errorf("wantedFormat(%q, %q) = %s, %v; want %s, refused: %v", tc.format, tc.out, got, err, tc.want, tc.refused)
		}
	}
}

func TestCheckExtension(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		out, stored string
		refused     bool
	}{
		{"orders", "orders.xlsx", false},
		{"mine.xlsx", "orders.xlsx", false},
		{"mine.csv", "orders.csv.gz", true},
		{"mine.csv.gz", "orders.csv.gz", false},
		{"mine.csv", "orders.zip", true},
		{"mine.xlsx", "orders.csv", true},
		{"mine.txt", "orders.csv", false},
	} {
		if err := checkExtension(tc.out, tc.stored); (err != nil) != tc.refused {
			t.Errorf("checkExtension(%q, %q) = %v, want refused: %v", tc.out, tc.stored, err, tc.refused)
		}
	}
}
