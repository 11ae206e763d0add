package server

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/model"
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
	if req.GetCheckOnly() {
		warnings, err := s.Tasks.CheckTpl(ctx, t)
		if err != nil {
			return nil, err
		}
		return &api.WshExportTaskPreviewTplRes{Data: &api.WshExportPreview{Warnings: warningsToProto(warnings)}}, nil
	}
	p, err := s.Tasks.Preview(ctx, t, task.PreviewParams{
		Params: paramsFromProto(req.GetParams()), Format: model.Format(req.GetEtplOutputFormat()),
		Rows: cmp.Or(int(req.GetRows()), defaultPreview), OperatorID: cmp.Or(req.GetOperatorId(), t.OperatorID),
	})
	if err != nil {
		return nil, err
	}
	data := previewToProto(p)
	if size := proto.Size(data); size > maxReply {
		return nil, invalid("rows", "the first rows take %d bytes, want at most %d: ask for fewer", size, maxReply)
	}
	return &api.WshExportTaskPreviewTplRes{Data: data}, nil
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
	out := &api.WshExportPreview{Params: paramsToProto(p.Params), More: p.More, EstimatedRows: p.EstimatedRows, Warnings: warningsToProto(p.Warnings)}
	for _, c := range p.Columns {
		out.Columns = append(out.Columns, &api.WshExportPreviewColumn{Label: c.Label, Name: c.Source.Name, Type: c.Source.Type})
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
