package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/format/row"
	"exporttask/internal/memory"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/task"
	"exporttask/internal/worker"
)

// Cursor returns the rows of one query; see source.Cursor.
type Cursor interface {
	Columns() []row.Column
	Next(ctx context.Context) (*row.Batch, error)
	Close() error
}

// Sources runs queries on data sources, by name.
type Sources interface {
	// Guard is what a statement may reach on a data source.
	CheckOptions(source string) sqlcheck.Options
	// Prepare asks a data source for the columns of a statement with "?"
	// placeholders, args of them, without running it.
	Prepare(ctx context.Context, source, sql string, args int) ([]row.Column, error)
	Query(ctx context.Context, source string, q source.Query) (Cursor, error)
}

// pipeline carries the rows of an instance's query into a file. It must be closed.
type pipeline struct {
	cursor   Cursor
	columns  []format.Column
	format   encoder.Format
	options  format.Options
	progress *progress
}

// begin starts an instance's query and returns when its columns are known.
func begin(ctx context.Context, sources Sources, in *model.Inst, tempDir string, share *memory.Share, progress *progress) (_ *pipeline, err error) {
	ctx, begun := step(ctx, "query")
	defer func() { begun(err) }()
	query, err := task.Bind(in, sources.CheckOptions(in.Source))
	if err != nil {
		return nil, err
	}
	progress.blocked.Store(true)
	cursor, err := sources.Query(ctx, in.Source, source.Query{
		SQL: query.SQL, Snapshot: in.Options.V.Snapshot,
		Limits: source.Limits{
			StatementTime: time.Duration(in.TimeoutSec) * time.Second, Rows: in.Limits.V.Rows, Bytes: in.Limits.V.Bytes,
		},
		Memory: share,
	})
	progress.blocked.Store(false)
	if err != nil {
		return nil, err
	}
	columns, err := outputColumns(ctx, sources, in, query, cursor.Columns())
	if err != nil {
		return nil, errors.Join(err, cursor.Close())
	}
	options := task.FileOptions(in.Options.V, tempDir)
	options.PartName, options.Title, options.Metadata = task.FileName(in), in.TplName, origin(in)
	if !sentIfChanged(in) {
		options.Created = time.Now()
	}
	return &pipeline{cursor: cursor, columns: columns, format: task.EncoderFormat(in.OutputFormat), options: options, progress: progress}, nil
}

// sentIfChanged reports whether a destination gets the file only if it differs from
// the last one. The file then has no time of creation, by which all would differ.
func sentIfChanged(in *model.Inst) bool {
	return slices.ContainsFunc(in.DeliverTo.V, func(to model.DeliverTo) bool { return to.Require == model.RequireChange })
}

// origin describes where a file comes from, for its metadata.
func origin(in *model.Inst) []format.KeyValue {
	sql := sha256.Sum256([]byte(in.Expr))
	return []format.KeyValue{
		{Key: "exportd.template", Value: in.TplName},
		{Key: "exportd.template_version", Value: strconv.Itoa(int(in.TplVersion))},
		{Key: "exportd.sql_sha256", Value: hex.EncodeToString(sql[:])},
	}
}

// outputColumns returns an instance's output columns, each with its index in the
// result.
func outputColumns(ctx context.Context, sources Sources, in *model.Inst, query task.Query, result []row.Column) ([]format.Column, error) {
	drift := task.Compare(in.ResultColumns.V, result)
	retyped, err := query.Retyped(ctx, sources, in.Source, in.ResultColumns.V, result)
	if err != nil {
		return nil, err
	}
	drift.Retyped = retyped
	return drift.Columns(in, result)
}

// fileName returns the name of the file, with its extension.
func (p *pipeline) fileName() string { return p.options.PartName + encoder.Ext(p.format, p.options) }

// write writes the file to w. It returns nil only after the data source has sent
// the end of the result and the encoder has completed the file.
func (p *pipeline) write(ctx context.Context, w io.Writer) (format.Summary, error) {
	encoder, err := encoder.New(w, p.format, p.columns, p.options)
	if err != nil {
		return format.Summary{}, err
	}
	// Ends the encoder's goroutines after an error or a panic; a second Close does
	// nothing.
	defer encoder.Close()
	if err := pump(ctx, p.cursor, encoder, p.progress); err != nil {
		return format.Summary{}, err
	}
	if err := encoder.Close(); err != nil {
		return format.Summary{}, err
	}
	if ctx.Err() != nil {
		return format.Summary{}, context.Cause(ctx)
	}
	return encoder.Summary(), nil
}

// notes returns the data source's notes on values that it does not send in full.
func (p *pipeline) notes() []source.Note {
	if c, ok := p.cursor.(interface{ Notes() []source.Note }); ok {
		return c.Notes()
	}
	return nil
}

// close ends the query if it still runs.
func (p *pipeline) close() { _ = p.cursor.Close() }

// pump carries all rows from the cursor to the encoder. It returns nil only after
// the data source has sent the end of the result.
func pump(ctx context.Context, cursor Cursor, encoder format.Encoder, progress *progress) error {
	for {
		progress.blocked.Store(true)
		batch, err := cursor.Next(ctx)
		progress.blocked.Store(false)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		rows := int64(batch.Len())
		if err := encoder.Encode(batch); err != nil {
			return err
		}
		progress.rows.Add(rows)
		progress.steps.Add(1)
	}
}

// Render runs an instance that is not in the database, without queue and store,
// and writes its file to w. The file names program as the one that made it, and is
// complete only if the error is nil.
func Render(ctx context.Context, sources Sources, in *model.Inst, w io.Writer, tempDir, program string) (_ format.Summary, err error) {
	defer worker.Recover(&err)
	p, err := begin(ctx, sources, in, tempDir, nil, &progress{})
	if err != nil {
		return format.Summary{}, err
	}
	defer p.close()
	p.options.CreatedBy = program
	return p.write(ctx, w)
}
