package task

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"exporttask/internal/calendar"
	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/memory"
	"exporttask/internal/model"
	"exporttask/internal/source"
)

const (
	// previewTime bounds the query of a preview.
	previewTime = 10 * time.Second
	// previewBytes bounds the result that a preview holds in memory.
	previewBytes = 2 << 20
	// previewRowBytes bounds one row. A longer row is refused before it is read.
	previewRowBytes = 1 << 20
	// previewMemory is what a preview needs for its rows as they arrive and for the
	// encoder that counts the warnings, in bytes; cellMemory what a cell needs as
	// text and in the reply.
	previewMemory = previewBytes + 4<<20
	cellMemory    = 160
)

// chargeCells charges the memory of a preview's cells. Their number is bounded only
// by that of the rows and of the columns that a statement may have.
func chargeCells(ctx context.Context, sample *source.Sample) error {
	cells := int64(sample.Rows()) * int64(len(sample.Columns))
	err := memory.Charge(ctx, cells*cellMemory)
	if e, ok := errors.AsType[*memory.ExceededError](err); ok && e.Waited == 0 {
		return invalid("rows", "the first rows have %d cells, more than fit into the memory for calls: ask for fewer", cells)
	}
	return err
}

// Preview holds the first rows of a template's result, as the cells of the file
// would show them.
type Preview struct {
	Params        []model.Param // every parameter with its value
	Columns       []format.Column
	ResultColumns []model.ResultColumn
	Rows          [][]encoder.Text
	More          bool  // the result has more rows
	EstimatedRows int64 // rows that the server's plan reads; 0: no estimate
	Warnings      []model.Warning
}

// PreviewParams are the settings of a preview.
type PreviewParams struct {
	Params []model.Param
	Format model.Format // FormatDefault: the template's
	Rows   int          // at most this many
	// OperatorID is the operator that the preview is for.
	OperatorID int32
	Claims     []model.Param // of the caller's token, as parameters
}

// TplForPreview returns a saved template to preview it. A deleted one is a
// WrongState.
func (s *Service) TplForPreview(ctx context.Context, id int32) (*model.Tpl, error) {
	return s.getTpl(ctx, id)
}

// Preview runs the SQL of a template, saved or not, for its first rows. Nothing
// is stored. Time parameters have the values of a run that is due now and covers
// yesterday.
func (s *Service) Preview(ctx context.Context, t *model.Tpl, p PreviewParams) (*Preview, error) {
	st, err := s.parse(t.Source, p.OperatorID, t.Expr)
	if err != nil {
		return nil, err
	}
	params, err := FreezeParams(st, t.Params.V, p.Params, s.sampleWindow(p).in(s.sources.Zone(t.Source)))
	if err != nil {
		return nil, err
	}
	in := &model.Inst{
		Source: t.Source, Expr: t.Expr, Decls: t.Params, Params: model.JSON[[]model.Param]{V: params},
		OutputColumns: t.OutputColumns, Options: t.Options,
		OutputFormat: cmp.Or(p.Format, t.OutputFormat, model.FormatCSV),
	}
	query, err := bind(st, in)
	if err != nil {
		return nil, err
	}
	err = s.db.Audit(ctx, model.AuditEntry{Action: model.AuditPreview, Kind: model.AuditTpl, ObjectID: int64(t.ID), Operator: p.OperatorID, By: p.OperatorID})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, previewTime)
	defer stop()
	if err := memory.Charge(ctx, previewMemory); err != nil {
		return nil, err
	}
	sample, err := s.sources.Sample(ctx, in.Source, source.Query{
		Memory:    memory.OfCall(ctx),
		SQL:       query.SQL,
		FirstRows: int64(p.Rows) + 1, // one more shows whether there are more
		Snapshot:  in.Options.V.Snapshot,
		Limits:    source.Limits{StatementTime: previewTime, Bytes: previewBytes, RowBytes: previewRowBytes},
	})
	if err != nil {
		hint := CharsetHint(err, params)
		err = s.previewError(ctx, in.Source, in.Expr, err)
		if mine, ok := errors.AsType[*model.Error](err); ok {
			mine.Text += hint
		}
		return nil, err
	}
	if err := chargeCells(ctx, sample); err != nil {
		return nil, err
	}
	out := &Preview{Params: params, ResultColumns: resultColumns(sample.Columns), More: sample.Rows() > p.Rows}
	if out.Columns, err = Columns(in.OutputColumns, sample.Columns, in.OutputFormat); err != nil {
		return nil, err
	}
	if err := out.encode(in, sample, p.Rows); err != nil {
		return nil, err
	}
	// A preview without an estimate is complete.
	if n, err := s.sources.EstimateRows(ctx, in.Source, query.SQL); err == nil {
		out.EstimatedRows = n
	}
	return out, nil
}

// sampleWindow is the window of a run that is due now and covers yesterday.
func (s *Service) sampleWindow(p PreviewParams) RunWindow {
	now := s.now()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	return RunWindow{
		Now: now, Window: calendar.Window{Due: now, Start: midnight.AddDate(0, 0, -1), End: midnight},
		OperatorID: p.OperatorID, Claims: p.Claims,
	}
}

// encode sets the rows, and the warnings that the encoder of the file format
// gives for them.
func (p *Preview) encode(in *model.Inst, sample *source.Sample, rows int) error {
	target, options := EncoderFormat(in.OutputFormat), FileOptions(in.Options.V, "")
	options.Gzip, options.Zstd, options.PartRows = false, false, 0
	enc, err := encoder.New(io.Discard, target, p.Columns, options)
	if err != nil {
		return invalid("etplOptions", "%s", err)
	}
	defer enc.Close()
	for _, b := range sample.Batches {
		b.Rows = b.Rows[:min(b.Len(), rows-len(p.Rows))]
		texts, err := encoder.Texts(target, p.Columns, options, b)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, texts...)
		if err := enc.Encode(b); err != nil {
			return valueError(err)
		}
	}
	if err := enc.Close(); err != nil {
		return err
	}
	p.Warnings = append(Warnings(enc.Summary().Warnings), NoteWarnings(sample.Notes)...)
	return nil
}

// valueError makes a value that does not fit the file an error of the caller, who
// declares the columns.
func valueError(err error) error {
	if bad, ok := errors.AsType[*format.ValueError](err); ok {
		return invalid("etplOutputColumns", "%s", bad)
	}
	return err
}

// previewError separates what the caller can change from a data source that does
// not answer at the moment.
func (s *Service) previewError(ctx context.Context, name, expr string, err error) error {
	var limit *source.LimitError
	var damage *source.DamageError
	switch {
	case errors.As(err, &limit) && limit.Limit == source.LimitBytes:
		return invalid("rows", "the first rows hold more than %d bytes: ask for fewer", limit.Max)
	case errors.As(err, &limit) && limit.Limit == source.LimitRowBytes:
		return invalid("etplExpr", "one of the first rows holds more than %d bytes, the most that a preview shows", limit.Max)
	case errors.As(err, &limit) && limit.Limit == source.LimitMemory:
		return invalid("etplExpr", "%s", limit)
	case errors.As(err, &damage):
		return model.Errorf(model.Incomplete, "etplExpr: %s", damage)
	case errors.As(err, &limit), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return invalid("etplExpr", "the first rows were not there after %s", previewTime)
	case ctx.Err() != nil:
		return ctx.Err()
	case s.sources.Transient(err):
		return &UnavailableError{Source: name, Err: err}
	}
	return sourceError(name, expr, err)
}
