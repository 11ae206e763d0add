package server

import (
	"cmp"
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/format"
	"exporttask/internal/model"
	"exporttask/internal/model/errcode"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/task"
)

// Rows of a preview.
const (
	defaultPreview = 20
	maxPreview     = 200
)

// PreviewTpl implements the RPC.
func (s *Server) PreviewTpl(ctx context.Context, req *api.WshExportTaskPreviewTplReq) (*api.WshExportTaskPreviewTplRes, error) {
	if err := validatePreviewTpl(req); err != nil {
		return nil, err
	}
	t, err := s.previewedTpl(ctx, req)
	if err != nil {
		return nil, err
	}
	data, err := s.preview(ctx, t, req)
	res := &api.WshExportTaskPreviewTplRes{Data: data, SqlParams: sqlParams(t.Expr)}
	if mine, ok := errors.AsType[*model.Error](err); ok {
		res.ErrCode, res.ErrMsg = errcode.String(errcode.OfKind(mine.Kind)), mine.Text
		res.ErrAt = placeToProto(mine.Place)
		return res, nil
	}
	return res, err
}

// preview checks a template, or runs it for its first rows.
func (s *Server) preview(ctx context.Context, t *model.Tpl, req *api.WshExportTaskPreviewTplReq) (*api.WshExportPreview, error) {
	if req.GetCheckOnly() {
		c, err := s.Tasks.CheckTpl(ctx, t)
		if err != nil {
			return nil, err
		}
		return &api.WshExportPreview{
			Columns: previewColumns(c.Columns), Warnings: warningsToProto(c.Warnings), ResultColumns: resultColumns(t.ResultColumns.V),
		}, nil
	}
	p, err := s.Tasks.Preview(ctx, t, task.PreviewParams{
		Params: paramsFromProto(req.GetParams()), Format: model.Format(req.GetEtplOutputFormat()),
		Rows: cmp.Or(int(req.GetRows()), defaultPreview), OperatorID: cmp.Or(req.GetOperatorId(), t.OperatorID),
		Claims: s.claims(ctx),
	})
	if err != nil {
		return nil, err
	}
	data := previewToProto(p)
	if size := proto.Size(data); size > maxReply {
		return nil, invalid("rows", "the first rows take %d bytes, want at most %d: ask for fewer", size, maxReply)
	}
	return data, nil
}

// sqlParams returns the parameters that a SQL text uses.
func sqlParams(expr string) []*api.WshExportSQLParam {
	var list []*api.WshExportSQLParam
	for _, p := range sqlcheck.FindParams(expr) {
		list = append(list, &api.WshExportSQLParam{Name: p.Name, Builtin: p.Builtin, List: p.List})
	}
	return list
}

// previewedTpl returns the template to preview: the draft of the request or a
// saved one.
func (s *Server) previewedTpl(ctx context.Context, req *api.WshExportTaskPreviewTplReq) (*model.Tpl, error) {
	if req.GetDraft() == nil {
		return s.Tasks.TplForPreview(ctx, req.GetEtplId())
	}
	t := tplFromProto(req.GetDraft())
	t.Name = cmp.Or(t.Name, "preview") // a draft is not saved and needs no name
	return t, s.validateTpl(t)
}

func previewToProto(p *task.Preview) *api.WshExportPreview {
	out := &api.WshExportPreview{
		Params: paramsToProto(p.Params), More: p.More, EstimatedRows: p.EstimatedRows, Warnings: warningsToProto(p.Warnings),
		Columns: previewColumns(p.Columns), ResultColumns: resultColumns(p.ResultColumns),
	}
	for _, texts := range p.Rows {
		r := &api.WshExportPreviewRow{Cells: make([]*api.WshExportPreviewCell, len(texts))}
		for i, t := range texts {
			r.Cells[i] = &api.WshExportPreviewCell{Text: t.Text, IsNull: t.Null}
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

func previewColumns(columns []format.Column) []*api.WshExportPreviewColumn {
	list := make([]*api.WshExportPreviewColumn, len(columns))
	for i, c := range columns {
		list[i] = &api.WshExportPreviewColumn{Label: c.Label, Name: c.Source.Name, Type: c.Source.Type}
	}
	return list
}
