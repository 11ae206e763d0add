package export

import (
	"context"
	"errors"
	"io"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/task"
	"exporttask/internal/worker"
)

// Cursor is the rows of one query.
type Cursor interface {
	Columns() []row.Column
	Next(ctx context.Context) (*row.Batch, error)
	Close() error
}

// Sources runs queries on data sources, named.
type Sources interface {
	// Guard is what a statement may reach on a data source.
	CheckOptions(source string) sqlcheck.Options
	// Prepare asks a data source for the columns of a statement with "?"
	// placeholders, args of them, without running it.
	Prepare(ctx context.Context, source, sql string, args int) ([]row.Column, error)
	Query(ctx context.Context, source string, q source.Query) (Cursor, error)
}

// pipeline is an instance's query under way into a file. Whoever got one must
// close it.
type pipeline struct {
	cursor   Cursor
	columns  []format.Column
	format   encoder.Format
	options  format.Options
	progress *progress
}

// begin runs an instance's query as far as its columns.
func begin(ctx context.Context, sources Sources, in *model.Inst, tempDir string, progress *progress) (_ *pipeline, err error) {
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
	options.PartName = task.FileName(in)
	return &pipeline{cursor: cursor, columns: columns, format: task.Format(in.OutputFormat), options: options, progress: progress}, nil
}

// outputColumns finds an instance's output columns in its result.
func outputColumns(ctx context.Context, sources Sources, in *model.Inst, query task.Query, result []row.Column) ([]format.Column, error) {
	drift := task.Compare(in.ResultColumns.V, result)
	retyped, err := query.Retyped(ctx, sources, in.Source, in.ResultColumns.V, result)
	if err != nil {
		return nil, err
	}
	drift.Retyped = retyped
	return drift.Columns(in, result)
}

// fileName is the name of the file that the pipeline makes.
func (p *pipeline) fileName() string { return p.options.PartName + encoder.Ext(p.format, p.options) }

// write carries all rows into w. It returns nil only after the data source
// said that the result is complete and the encoder has ended the file.
func (p *pipeline) write(ctx context.Context, w io.Writer) (format.Summary, error) {
	encoder, err := encoder.New(w, p.format, p.columns, p.options)
	if err != nil {
		return format.Summary{}, err
	}
	// A panic or an early return must not leave its goroutines behind; after
	// the Close below this one does nothing.
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

// notes returns the data source's remarks on values that it does not send in full.
func (p *pipeline) notes() []source.Note {
	if c, ok := p.cursor.(interface{ Notes() []source.Note }); ok {
		return c.Notes()
	}
	return nil
}

// close ends the query where it still runs.
func (p *pipeline) close() { _ = p.cursor.Close() }

// pump carries every row from the cursor to the encoder. It returns nil only
// after the data source said that the result is complete.
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

// Render runs an instance that is kept nowhere and writes its file to w, which
// is whole only if there was no error. It is an attempt of a worker without
// the queue and the store around it.
func Render(ctx context.Context, sources Sources, in *model.Inst, w io.Writer, tempDir string) (_ format.Summary, err error) {
	defer worker.Recover(&err)
	p, err := begin(ctx, sources, in, tempDir, &progress{})
	if err != nil {
		return format.Summary{}, err
	}
	defer p.close()
	return p.write(ctx, w)
}
