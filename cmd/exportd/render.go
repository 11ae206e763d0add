package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"exporttask/cmd/internal/version"
	"exporttask/internal/export"
	"exporttask/internal/files"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// `exportd render` writes the result of one query to one file without the service.
// It uses the same SQL check, read-only session and encoders as a worker.

// renderFormats maps the values of -format.
var renderFormats = map[string]model.Format{"csv": model.FormatCSV, "xls": model.FormatXLS, "xlsx": model.FormatXLSX, "jsonl": model.FormatJSONL, "parquet": model.FormatParquet}

// maxRender is the maximum of -timeout.
const maxRender = 1000 * time.Hour

// renderJob holds the options of `exportd render`.
type renderJob struct {
	dsn     string
	source  sourceConfig
	query   string
	format  string
	output  string
	title   string
	columns string
	params  params
	timeout time.Duration
	sum     bool
	options model.Options
}

// params collects the values of -p name=value.
type params []model.Param

func (p *params) String() string { return "" }

func (p *params) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("want NAME=VALUE")
	}
	*p = append(*p, model.Param{Name: name, Value: value})
	return nil
}

func (j *renderJob) define(o *options) {
	f := o.flags
	f.StringVar(&j.dsn, "dsn", "", `the database, "user:password@tcp(host:port)/database"; flags are visible to other users of the machine, so prefer `+"-dsn-file or EXPORTD_DSN")
	f.String("dsn-file", "", "`file` that contains the DSN")
	f.StringVar(&j.source.CAFile, "ca-file", "", "PEM `file` of certificate authorities that verify the database server; none: the system's")
	f.StringVar(&j.source.Dialect, "dialect", "", "mariadb or mysql: permit functions that only this server has")
	f.StringVar(&j.source.TimeZone, "time-zone", "UTC", "time `zone` of the session and of :today and the like: an IANA name, an offset such as +08:00, or server")
	f.StringVar(&j.query, "query", "", "one SELECT, or @FILE to read it from a file")
	f.StringVar(&j.format, "format", "csv", "file format: csv, jsonl, parquet, xls or xlsx")
	f.StringVar(&j.output, "o", "", "`file` to write; - for standard output")
	f.StringVar(&j.columns, "columns", "", "output columns, see docs/columns.md")
	f.Var(&j.params, "p", "value of a parameter, `NAME=VALUE`; repeatable")
	f.Int64Var(&j.source.MaxRows, "max-rows", 0, "maximum number of rows, more is an error; 0: no limit")
	j.source.MaxBytes = new(int64)
	f.Int64Var(j.source.MaxBytes, "max-bytes", 0, "maximum size of all cells in `bytes`, more is an error; 0: no limit")
	f.DurationVar(&j.timeout, "timeout", 6*time.Hour, "time limit, after which the query is killed")
	f.BoolVar(&j.sum, "sha256", true, "compute and print the SHA-256 of the file")
	f.BoolVar(&j.options.Snapshot, "snapshot", false, "read from one consistent snapshot")
	f.StringVar(&j.options.Delimiter, "delimiter", "", "CSV: delimiter, one character")
	f.BoolVar(&j.options.BOM, "bom", false, "CSV: start with a UTF-8 byte order mark")
	f.BoolVar(&j.options.LF, "lf", false, "CSV: end lines with LF")
	f.BoolVar(&j.options.QuoteAll, "quote-all", false, "CSV: quote all cells except NULL")
	f.StringVar(&j.options.NullText, "null-text", "", "CSV: text that represents NULL")
	f.BoolVar(&j.options.GB18030, "gb18030", false, "CSV: encoding GB18030 instead of UTF-8")
	f.StringVar(&j.options.JSONNumbers, "json-numbers", "", "JSON Lines: string writes all numbers as strings, number none; empty: those that a double does not hold exactly")
	f.StringVar(&j.options.ParquetCompression, "parquet-compression", "", "Parquet: zstd, none, snappy or gzip; empty: zstd")
	f.BoolVar(&j.options.Gzip, "gzip", false, "CSV, JSON Lines: compress with gzip")
	f.BoolVar(&j.options.Zstd, "zstd", false, "CSV, JSON Lines: compress with Zstandard")
	f.BoolVar(&j.options.NoHeader, "no-header", false, "leave out the header row")
	f.BoolVar(&j.options.NoGuard, "no-formula-guard", false, "CSV: turn the formula guard off")
	f.Int64Var(&j.options.SplitRows, "split-rows", 0, "write a ZIP archive of parts with this many rows; 0: one file")
	f.StringVar(&j.options.SheetName, "sheet-name", "", "XLS, XLSX: name of the first sheet; empty: -title")
	f.StringVar(&j.title, "title", "", "XLS, XLSX: title of the document; empty: the name of the file")
	f.BoolVar(&j.options.Thousands, "thousands", false, "XLS, XLSX: thousands separators in numbers that are not part of a key")
	f.BoolVar(&j.options.RightToLeft, "right-to-left", false, "XLS, XLSX: the first column is on the right")
	f.StringVar(&j.options.TotalLabel, "total-label", "", "XLS, XLSX: label of the row of totals; empty: Total")
	f.BoolVar(&j.options.Small, "small", false, "XLSX, Parquet, gzip, zstd: a smaller file for more CPU time")
}

// render runs `exportd render` and returns its exit code.
func render(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	var j renderJob
	err := j.load(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "exportd: render: %v\n", err)
		return exitUsage
	}
	if err := j.run(ctx, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "exportd: render: %v\n", err)
		return exitError
	}
	return exitOK
}

func (j *renderJob) load(args []string, getenv func(string) string, out io.Writer) error {
	o := newOptions(out)
	j.define(o)
	if _, err := o.load(args, getenv); err != nil {
		return err
	}
	if file := o.flags.Lookup("dsn-file").Value.String(); file != "" {
		var err error
		if j.dsn, err = readSecret(file); err != nil {
			return fmt.Errorf("dsn-file: %w", err)
		}
	}
	if file, ok := strings.CutPrefix(j.query, "@"); ok {
		text, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
		j.query = string(text)
	}
	_, known := renderFormats[j.format]
	switch {
	case j.dsn == "":
		return errors.New("dsn: empty, want -dsn-file, EXPORTD_DSN or -dsn")
	case j.query == "":
		return errors.New("query: empty, want one SELECT, or @FILE")
	case !known:
		return fmt.Errorf("format: %q, want file format: csv, jsonl, parquet, xls or xlsx", j.format)
	case j.output == "":
		return errors.New("o: empty, want a file, or - for standard output")
	case j.timeout < time.Second || j.timeout > maxRender:
		return fmt.Errorf("timeout: %s, want 1s..%s", j.timeout, maxRender)
	case len(j.options.Delimiter) > 1:
		return fmt.Errorf("delimiter: %q, want one character", j.options.Delimiter)
	}
	if _, ok := dialects[j.source.Dialect]; !ok {
		return fmt.Errorf("dialect: %q, want mariadb, mysql or nothing", j.source.Dialect)
	}
	return nil
}

// run writes the file. It gets its name only when it is complete.
func (j *renderJob) run(ctx context.Context, stdout, stderr io.Writer) error {
	began := time.Now()
	in, srcs, err := j.instance(ctx)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, j.timeout)
	defer stop()
	out := &countingWriter{w: stdout}
	if j.sum {
		out.hash = sha256.New()
	}
	var file *files.Temp
	if j.output != "-" {
		file, err = files.NewFolder(filepath.Dir(j.output)).Create(".exportd-"+rand.Text(), 0o666)
		if err != nil {
			return fmt.Errorf("o: %w", err)
		}
		defer file.Discard()
		out.w = file
	}
	summary, err := export.Render(ctx, srcs, in, out, os.TempDir(), program())
	if err != nil {
		return err
	}
	if file != nil {
		if err := file.Commit(filepath.Base(j.output)); err != nil {
			return fmt.Errorf("o: %w", err)
		}
	}
	fmt.Fprintf(stderr, "%d rows, %d bytes, %.2f s\n", summary.Rows, out.n, time.Since(began).Seconds())
	if j.sum {
		fmt.Fprintf(stderr, "sha256 %s\n", hex.EncodeToString(out.hash.Sum(nil)))
	}
	for _, w := range task.Warnings(summary.Warnings) {
		fmt.Fprintln(stderr, "warning:", w.Text)
	}
	return nil
}

// name returns the title of the file.
func (j *renderJob) name() string {
	if j.title != "" || j.output == "-" {
		return cmp.Or(j.title, "render")
	}
	base := filepath.Base(j.output)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// program returns what files name as the program that made them, in the form that
// readers of Parquet parse.
func program() string {
	build := version.Get()
	return fmt.Sprintf("exportd version %s (build %s)", build.Version, build.Commit)
}

// instance returns the instance that the service would create for the same query.
func (j *renderJob) instance(ctx context.Context) (*model.Inst, sources, error) {
	j.source.DSN = j.dsn
	srcs, err := openSources(map[string]sourceConfig{"default": j.source}, time.UTC, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, err
	}
	// The server's kind and time zone; a source that does not answer is an error of
	// the query.
	_, _ = srcs["default"].Probe(ctx)
	now := time.Now().In(srcs.Zone("default"))
	st, err := task.ParseStatement(j.query, srcs.CheckOptions("default"))
	if err != nil {
		return nil, nil, err
	}
	frozen, err := task.FreezeParams(st, nil, j.params, task.RunWindow{Now: now})
	if err != nil {
		return nil, nil, err
	}
	return &model.Inst{
		Source: "default", Expr: j.query, OutputColumns: j.columns, OutputFormat: renderFormats[j.format],
		TplName: j.name(), TimeoutSec: int32(j.timeout.Seconds()),
		Options: model.JSON[model.Options]{V: j.options}, Params: model.JSON[[]model.Param]{V: frozen},
	}, srcs, nil
}

// countingWriter counts and hashes the bytes that it writes to w.
type countingWriter struct {
	w    io.Writer
	hash hash.Hash // nil: no hash
	n    int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.hash != nil {
		_, _ = c.hash.Write(p[:n]) // never returns an error
	}
	c.n += int64(n)
	return n, err
}
