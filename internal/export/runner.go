package export

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/plan"
	"exporttask/internal/render"
	"exporttask/internal/render/cell"
	"exporttask/internal/row"
	"exporttask/internal/source"
	"exporttask/internal/sqlguard"
	"exporttask/internal/store"
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
	Guard(source string) sqlguard.Options
	// Prepare asks a data source for the columns of a statement with "?"
	// placeholders, args of them, without running it.
	Prepare(ctx context.Context, source, sql string, args int) ([]row.Column, error)
	Query(ctx context.Context, source string, q source.Query) (Cursor, error)
}

// Runner runs single attempts.
type Runner struct {
	Sources Sources
	Store   store.Store
	// TempDir is where encoders spill what they cannot stream.
	TempDir string
}

// made is what an attempt made: its result, and how to undo it.
type made struct {
	result model.Result
	store  store.Store
}

// removeTimeout bounds the removal of a file that nobody will be shown.
const removeTimeout = 10 * time.Second

func (m *made) remove(ctx context.Context, log *slog.Logger) {
	ctx, stop := context.WithTimeout(ctx, removeTimeout)
	defer stop()
	for _, f := range m.result.Files {
		if err := m.store.Delete(ctx, f.Key); err != nil {
			log.WarnContext(ctx, "remove an unwanted file", "error", err)
		}
	}
}

// run makes one attempt: when it returns without an error the file is whole,
// durable and published under a name of its own.
func (r *Runner) run(ctx context.Context, in *model.Inst, progress *progress) (m made, err error) {
	defer recovered(&err)
	query, err := plan.Bind(in, r.Sources.Guard(in.Source))
	if err != nil {
		return made{}, err
	}
	progress.waiting.Store(true)
	cursor, err := r.Sources.Query(ctx, in.Source, source.Query{
		SQL: query.SQL, Args: query.Args, Snapshot: in.Options.V.Snapshot,
		Limits: source.Limits{
			StatementTime: time.Duration(in.TimeoutSec) * time.Second, Rows: in.Limits.V.Rows, Bytes: in.Limits.V.Bytes,
		},
	})
	progress.waiting.Store(false)
	if err != nil {
		return made{}, err
	}
	defer cursor.Close()
	columns, err := r.columns(ctx, in, query, cursor.Columns())
	if err != nil {
		return made{}, err
	}
	options := plan.FileOptions(in.Options.V, r.TempDir)
	format := plan.Format(in.OutputFormat)
	options.PartName = fmt.Sprintf("%s-%d", store.SafeName(in.TplName), in.ID)
	name := options.PartName + render.Ext(format, options)
	key := folder(in) + "/" + name

	file, err := r.Store.Create(ctx, key)
	if err != nil {
		return made{}, err
	}
	defer file.Abort()
	out := &counted{to: file, hash: sha256.New(), progress: progress}
	encoder, err := render.New(out, format, columns, options)
	if err != nil {
		return made{}, err
	}
	// A panic or an early return must not leave its goroutines behind; after
	// the Close below this one does nothing.
	defer encoder.Close()
	if err := pump(ctx, cursor, encoder, progress); err != nil {
		return made{}, err
	}
	if err := encoder.Close(); err != nil {
		return made{}, err
	}
	if ctx.Err() != nil {
		return made{}, context.Cause(ctx)
	}
	progress.waiting.Store(true)
	err = file.Publish()
	progress.waiting.Store(false)
	if err != nil {
		return made{}, err
	}
	summary := encoder.Summary()
	return made{store: r.Store, result: model.Result{
		Rows:     summary.Rows,
		Warnings: plan.Warnings(summary.Warnings),
		Files: []model.File{{
			Name: name, Key: key, ContentType: render.ContentType(format, options),
			Rows: summary.Rows, Bytes: out.n, SHA256: out.hash.Sum(nil),
		}},
	}}, nil
}

// columns finds an instance's output columns in its result.
func (r *Runner) columns(ctx context.Context, in *model.Inst, query plan.Query, result []row.Column) ([]cell.Column, error) {
	drift := plan.Compare(in.ResultColumns.V, result)
	if len(drift.Retyped) > 0 {
		// A parameter's value can decide the type of what is computed from it.
		// The template was checked without values: prepared so again, its
		// columns must have the types that they had.
		prepared, err := r.Sources.Prepare(ctx, in.Source, query.SQL, len(query.Args))
		if err != nil {
			return nil, err
		}
		drift.Retyped = plan.Compare(in.ResultColumns.V, prepared).Retyped
	}
	return drift.Columns(in, result)
}

// pump carries every row from the cursor to the encoder. It returns nil only
// after the data source said that the result is complete.
func pump(ctx context.Context, cursor Cursor, encoder cell.Encoder, progress *progress) error {
	for {
		progress.waiting.Store(true)
		batch, err := cursor.Next(ctx)
		progress.waiting.Store(false)
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

// counted passes a file's bytes on, sums them up, and counts them as progress.
type counted struct {
	to       io.Writer
	hash     hash.Hash
	n        int64
	progress *progress
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.hash.Write(p[:n])
	c.n += int64(n)
	c.progress.bytes.Store(c.n)
	c.progress.steps.Add(1)
	return n, err
}
