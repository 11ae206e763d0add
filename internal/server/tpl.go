package server

import (
	"cmp"
	"context"
	"fmt"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// CreateTpl implements the RPC.
func (s *Server) CreateTpl(ctx context.Context, req *api.WshExportTaskCreateTplReq) (*api.WshExportTaskCreateTplRes, error) {
	t := tplFromProto(req)
	if err := firstError(s.validateTpl(t), requestID(req.GetRequestId())); err != nil {
		return nil, err
	}
	key, err := idempotencyKey(t.OperatorID, req)
	if err != nil {
		return nil, err
	}
	made, err := s.Tasks.CreateTpl(ctx, t, key)
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskCreateTplRes{Data: tplToProto(made)}, nil
}

// ListTpl implements the RPC. Without a page size the reply holds all templates,
// as clients of the first contract expect, up to the size of a reply.
func (s *Server) ListTpl(ctx context.Context, req *api.WshExportTaskListTplReq) (*api.WshExportTaskListTplRes, error) {
	const list = "tpl"
	before, err := validateListTpl(list, req)
	if err != nil {
		return nil, err
	}
	f := model.TplFilter{
		ID: req.GetEtplId(), NamePart: req.GetEtplName(), Tag: req.GetEtplTag(), OperatorID: req.GetOperatorId(), WithDeleted: req.GetWithDeleted(),
		Search: req.GetSearch(),
	}
	res := &api.WshExportTaskListTplRes{}
	res.Data, res.NextPageToken, err = listPage(ctx, list, before, int(req.GetPageSize()), func(before int64, limit int) ([]model.Tpl, error) {
		f.Before, f.Limit = int32(before), limit // before is of a row or of a token; a forged token finds nothing
		return s.DB.ListTpl(ctx, f)
	}, tplToProto, func(t *model.Tpl) int64 { return int64(t.ID) })
	return res, err
}

// UpdateTpl implements the RPC.
func (s *Server) UpdateTpl(ctx context.Context, req *api.WshExportTaskUpdateTplReq) (*api.WshExportTaskUpdateTplRes, error) {
	err := firstError(
		positive("etplId", req.GetEtplId()),
		notNegative("etplVersion", req.GetEtplVersion()),
		notNegative("operatorId", req.GetOperatorId()),
	)
	if err != nil {
		return nil, err
	}
	t, err := s.Tasks.UpdateTpl(ctx, req.GetEtplId(), req.GetEtplVersion(), func(t *model.Tpl) error {
		editTpl(t, req)
		return s.validateTpl(t)
	})
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskUpdateTplRes{Data: tplToProto(t)}, nil
}

// editTpl sets the fields of a template that a request gives.
//
//nolint:protogetter // a getter does not tell an unset field from a zero
func editTpl(t *model.Tpl, req *api.WshExportTaskUpdateTplReq) {
	set(&t.Name, req.EtplName)
	set(&t.Tag, req.EtplTag)
	set(&t.Expr, req.EtplExpr)
	set(&t.OutputColumns, req.EtplOutputColumns)
	set(&t.Source, req.EtplSource)
	set(&t.TimeoutSec, req.EtplTimeoutSec)
	set(&t.MaxAttempts, req.EtplMaxAttempts)
	set(&t.RetentionSec, req.EtplRetentionSec)
	t.Source = cmp.Or(t.Source, task.DefaultSource)
	if req.EtplOutputFormat != nil {
		t.OutputFormat = model.Format(req.GetEtplOutputFormat())
	}
	if req.GetEtplParams() != nil {
		t.Params.V = declsFromProto(req.GetEtplParams().GetList())
	}
	if req.GetEtplOptions() != nil {
		t.Options.V = optionsFromProto(req.GetEtplOptions())
	}
	if req.GetEtplLimits() != nil {
		t.Limits.V = limitsFromProto(req.GetEtplLimits())
	}
	if req.EtplExtraColumns != nil {
		t.ExtraColumns = model.ExtraColumns(req.GetEtplExtraColumns())
	}
	if req.GetEtplDeliverTo() != nil {
		t.DeliverTo.V = deliverToFromProto(req.GetEtplDeliverTo().GetList())
	}
	if req.GetEtplNotify() != nil {
		t.Notify.V = notifyFromProto(req.GetEtplNotify())
	}
}

// set copies an optional field of a request where the request gives it.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// DeleteTpl implements the RPC.
func (s *Server) DeleteTpl(ctx context.Context, req *api.WshExportTaskDeleteTplReq) (*api.WshExportTaskDeleteTplRes, error) {
	if err := firstError(positive("etplId", req.GetEtplId()), notNegative("operatorId", req.GetOperatorId())); err != nil {
		return nil, err
	}
	t, err := s.DB.DeleteTpl(ctx, req.GetEtplId())
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskDeleteTplRes{Data: tplToProto(t)}, nil
}

// ListTplVersion implements the RPC.
func (s *Server) ListTplVersion(ctx context.Context, req *api.WshExportTaskListTplVersionReq) (*api.WshExportTaskListTplVersionRes, error) {
	list := fmt.Sprintf("tplversion/%d", req.GetEtplId())
	before, tokenErr := parsePageToken(list, req.GetPageToken())
	err := firstError(
		positive("etplId", req.GetEtplId()),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		tokenErr,
	)
	if err != nil {
		return nil, err
	}
	size := cmp.Or(int(req.GetPageSize()), defaultPage)
	res := &api.WshExportTaskListTplVersionRes{}
	res.Data, res.NextPageToken, err = listPage(ctx, list, before, size, func(after int64, limit int) ([]model.TplVersion, error) {
		return s.DB.ListTplVersions(ctx, req.GetEtplId(), after, limit)
	}, tplVersionToProto, (*model.TplVersion).Key)
	return res, err
}

func tplVersionToProto(v *model.TplVersion) *api.WshExportTplVersion {
	return &api.WshExportTplVersion{
		EtplVersion: v.Version, At: timeText(v.At), OperatorId: v.OperatorID, ChangedBy: v.ChangedBy, Deleted: v.Deleted, Tpl: tplToProto(&v.Tpl.V),
	}
}
