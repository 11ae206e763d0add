package server

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/task"
)

const (
	defaultPreview = 20
	maxPreview     = 200
	// previewTime is how long a preview's query may take.
	previewTime = 10 * time.Second
	// previewBytes bounds the result that a preview holds in memory.
	previewBytes = 2 << 20
)

// PreviewTpl implements the RPC.
func (s *Server) PreviewTpl(ctx context.Context, req *api.WshExportTaskPreviewTplReq) (*api.WshExportTaskPreviewTplRes, error) {
	err := firstError(
		notNegative("etplId", req.GetEtplId()),
		params(req.GetParams()),
		enum("etplOutputFormat", req.GetEtplOutputFormat()),
		between("rows", req.GetRows(), 0, int32(maxPreview)),
		notNegative("operatorId", req.GetOperatorId()),
	)
	if err != nil {
		return nil, err
	}
	t, err := s.previewed(ctx, req)
	if err != nil {
		return nil, err
	}
	if req.GetCheckOnly() {
		if err := s.check(ctx, t); err != nil {
			return nil, err
		}
		return &api.WshExportTaskPreviewTplRes{Data: &api.WshExportPreview{}}, nil
	}
	if err := s.knownSource(t.Source); err != nil {
		return nil, err
	}
	frozen, err := task.Freeze(t.Expr, t.Params.V, paramsFromProto(req.GetParams()), s.sources.Guard(t.Source), s.sampleMoment())
	if err != nil {
		return nil, err
	}
	in := &model.Inst{
		Source: t.Source, Expr: t.Expr, Decls: t.Params, Params: model.JSON[[]model.Param]{V: frozen},
		OutputColumns: t.OutputColumns, Options: t.Options,
		OutputFormat: cmp.Or(model.Format(req.GetEtplOutputFormat()), t.OutputFormat, model.FormatCSV),
	}
	data, err := s.preview(ctx, in, cmp.Or(int(req.GetRows()), defaultPreview))
	if err != nil {
		return nil, err
	}
	data.Params = paramsToProto(frozen)
	if size := proto.Size(data); size > maxReply {
		return nil, invalid("rows", "the first rows take %d bytes, want at most %d: ask for fewer", size, maxReply)
	}
	return &api.WshExportTaskPreviewTplRes{Data: data}, nil
}

// previewed is the template that a request asks to preview.
func (s *Server) previewed(ctx context.Context, req *api.WshExportTaskPreviewTplReq) (*model.Tpl, error) {
	switch {
	case req.GetDraft() != nil && req.GetEtplId() != 0:
		return nil, invalid("draft", "both etplId and draft are set, want one")
	case req.GetDraft() != nil:
		t := tplFromProto(req.GetDraft())
		t.Name = cmp.Or(t.Name, "preview") // nothing is kept, so it needs none
		return t, s.tplFields(t)
	case req.GetEtplId() == 0:
		return nil, invalid("etplId", "0 and no draft, want one of the two")
	}
	t, err := s.db.GetTpl(ctx, req.GetEtplId())
	if err != nil {
		return nil, err
	}
	if t.Status == model.TplDeleted {
		return nil, model.Errorf(model.WrongState, "etplId: %d, the template is deleted", t.ID)
	}
	return t, nil
}

// sampleMoment stands in for a schedule: due now, about the day before.
func (s *Server) sampleMoment() task.Moment {
	now := s.now()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	return task.Moment{Now: now, Due: now, Start: midnight.AddDate(0, 0, -1), End: midnight}
}

// preview runs an instance that is kept nowhere for its first rows.
func (s *Server) preview(ctx context.Context, in *model.Inst, rows int) (*api.WshExportPreview, error) {
	query, err := task.Bind(in, s.sources.Guard(in.Source))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, previewTime)
	defer stop()
	sample, err := s.sources.Sample(ctx, in.Source, source.Query{
		SQL: query.SQL, Args: query.Args,
		FirstRows: int64(rows) + 1, // one more tells whether there are more
		Snapshot:  in.Options.V.Snapshot,
		Limits:    source.Limits{StatementTime: previewTime, Bytes: previewBytes},
	})
	if err != nil {
		return nil, s.previewError(ctx, in, err)
	}
	columns, err := task.Columns(in.OutputColumns, sample.Columns, in.OutputFormat)
	if err != nil {
		return nil, err
	}
	data := &api.WshExportPreview{More: sample.Rows() > rows}
	for _, c := range columns {
		data.Columns = append(data.Columns, &api.WshExportPreviewColumn{Label: c.Label, Name: c.Source.Name, Type: c.Source.Type})
	}
	if err := fill(data, in, columns, sample, rows); err != nil {
		return nil, err
	}
	// The estimate is a guess: where there is none the preview is whole without it.
	if n, err := s.sources.EstimateRows(ctx, in.Source, query.SQL, query.Args); err == nil {
		data.EstimatedRows = n
	}
	return data, nil
}

// fill puts the first rows of the sample into data, with the warnings that the
// format's own encoder has for them.
func fill(data *api.WshExportPreview, in *model.Inst, columns []format.Column, sample *source.Sample, rows int) error {
	target, options := task.Format(in.OutputFormat), task.FileOptions(in.Options.V, "")
	options.Gzip, options.PartRows = false, 0
	enc, err := encoder.New(io.Discard, target, columns, options)
	if err != nil {
		return invalid("etplOptions", "%s", err)
	}
	defer enc.Close()
	for _, b := range sample.Batches {
		b.Rows = b.Rows[:min(b.Len(), rows-len(data.GetRows()))]
		shown, err := encoder.Texts(target, columns, options, b)
		if err != nil {
			return err
		}
		for _, texts := range shown {
			r := &api.WshExportPreviewRow{Cells: make([]*api.WshExportPreviewCell, len(texts))}
			for i, t := range texts {
				r.Cells[i] = &api.WshExportPreviewCell{Text: t.Text, IsNull: t.Null}
			}
			data.Rows = append(data.Rows, r)
		}
		if err := enc.Encode(b); err != nil {
			return err
		}
	}
	if err := enc.Close(); err != nil {
		return err
	}
	for _, w := range task.Warnings(enc.Summary().Warnings) {
		data.Warnings = append(data.Warnings, &api.WshExportWarning{Code: w.Code, Count: w.Count, Text: w.Text})
	}
	return nil
}

// previewError tells what the caller can mend from what the data source does
// not do at the moment.
func (s *Server) previewError(ctx context.Context, in *model.Inst, err error) error {
	var limit *source.LimitError
	var server *source.ServerError
	switch {
	case errors.As(err, &limit) && limit.Limit == source.LimitBytes:
		return invalid("rows", "the first rows hold more than %d bytes: ask for fewer", limit.Max)
	case errors.As(err, &limit), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return invalid("etplExpr", "the first rows were not there after %s", previewTime)
	case ctx.Err() != nil:
		return ctx.Err()
	case s.sources.Transient(err):
		return status.Errorf(codes.Unavailable, "the data source %q does not answer; try again", in.Source)
	case errors.As(err, &server):
		return invalid("etplExpr", "the data source %q says: %s", in.Source, server)
	}
	return err
}
