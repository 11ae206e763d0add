package server

import (
	"cmp"
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// CreateInst implements the RPC.
func (s *Server) CreateInst(ctx context.Context, req *api.WshExportTaskCreateInstReq) (*api.WshExportTaskCreateInstRes, error) {
	err := firstError(
		positive("etplId", req.GetEtplId()),
		enum("etplOutputFormat", req.GetEtplOutputFormat()),
		params(req.GetParams()),
		notNegative("operatorId", req.GetOperatorId()),
		requestID(req.GetRequestId()),
	)
	if err != nil {
		return nil, err
	}
	noID := proto.CloneOf(req)
	noID.RequestId = ""
	r, err := request(req.GetOperatorId(), req.GetRequestId(), noID)
	if err != nil {
		return nil, err
	}
	before, err := s.db.InstByRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if before != nil {
		return &api.WshExportTaskCreateInstRes{Data: s.instToProto(before)}, nil
	}
	in, err := s.Freeze(ctx, Order{
		TplID: req.GetEtplId(), Format: model.Format(req.GetEtplOutputFormat()), Params: paramsFromProto(req.GetParams()),
		OperatorID: req.GetOperatorId(), At: task.Moment{Now: s.now()},
	})
	if err != nil {
		return nil, err
	}
	made, err := s.db.CreateInst(ctx, *in, r, s.limits.MaxWaiting)
	if err != nil {
		return nil, err
	}
	s.pool.Wake()
	return &api.WshExportTaskCreateInstRes{Data: s.instToProto(made)}, nil
}

// Order says of what template, with what parameters and for what time an
// instance is made.
type Order struct {
	TplID      int32
	Format     model.Format // FormatDefault: the template's
	Params     []model.Param
	OperatorID int32
	At         task.Moment
	DeliverTo  []model.DeliverTo // besides the template's
}

// Freeze makes an instance of a template as it is now, ready to be kept.
func (s *Server) Freeze(ctx context.Context, o Order) (*model.Inst, error) {
	t, err := s.db.GetTpl(ctx, o.TplID)
	if err != nil {
		return nil, err
	}
	if t.Status == model.TplDeleted {
		return nil, model.Errorf(model.WrongState, "etplId: %d, the template is deleted", t.ID)
	}
	if t.Status == model.TplInited {
		// Its data source did not answer at creation; it may now. Where it
		// still does not, the attempt will tell.
		if err := s.check(ctx, t); err != nil {
			return nil, err
		}
		if t.Status == model.TplNormal {
			if err := s.db.SetTplChecked(ctx, t.ID, t.Version, t.ResultColumns.V); err != nil {
				return nil, err
			}
		}
	}
	format := cmp.Or(o.Format, t.OutputFormat, model.FormatCSV)
	if err := task.CheckFormat(t.OutputColumns, format, len(t.ResultColumns.V)); err != nil {
		return nil, err
	}
	frozen, err := task.Freeze(t.Expr, t.Params.V, o.Params, s.sources.Guard(t.Source), o.At)
	if err != nil {
		return nil, err
	}
	deliverTo, err := s.freezeDeliverTo(t, o, frozen)
	if err != nil {
		return nil, err
	}
	options := t.Options
	if options.V.FileName, err = task.FreezeFileName(t.Options.V.FileName, t.Name, frozen, o.At); err != nil {
		return nil, err
	}
	return &model.Inst{
		TplID: t.ID, OperatorID: o.OperatorID, TplName: t.Name, TplVersion: t.Version, Source: t.Source,
		Expr: t.Expr, OutputColumns: t.OutputColumns, OutputFormat: format, Decls: t.Params, Options: options,
		Params: model.JSON[[]model.Param]{V: frozen},
		// The server's bound may have been lowered since the template was saved.
		TimeoutSec:   min(cmp.Or(t.TimeoutSec, int32(s.limits.Timeout.Seconds())), int32(s.limits.MaxTimeout.Seconds())),
		RetentionSec: cmp.Or(t.RetentionSec, int64(s.limits.Retention.Seconds())),
		MaxAttempts:  cmp.Or(t.MaxAttempts, int32(s.limits.MaxAttempts)), //nolint:gosec // at most 20

		ResultColumns: t.ResultColumns, Limits: t.Limits, ExtraColumns: t.ExtraColumns,
		DeliverTo: model.JSON[[]model.DeliverTo]{V: deliverTo},
	}, nil
}

// GetInst implements the RPC.
func (s *Server) GetInst(ctx context.Context, req *api.WshExportTaskGetInstReq) (*api.WshExportTaskGetInstRes, error) {
	if err := positive("einstId", req.GetEinstId()); err != nil {
		return nil, err
	}
	in, err := s.db.GetInst(ctx, req.GetEinstId())
	if err != nil {
		return nil, err
	}
	out, err := s.withDeliveries(ctx, in)
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskGetInstRes{Data: out}, nil
}

// ListInst implements the RPC.
func (s *Server) ListInst(ctx context.Context, req *api.WshExportTaskListInstReq) (*api.WshExportTaskListInstRes, error) {
	const list = "inst"
	after, tokenErr := parsePageToken(list, req.GetPageToken())
	err := firstError(
		notNegative("etplId", req.GetEtplId()),
		notNegative("operatorId", req.GetOperatorId()),
		states(req.GetStates()),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		tokenErr,
	)
	if err != nil {
		return nil, err
	}
	page := cmp.Or(int(req.GetPageSize()), defaultPage)
	f := model.InstFilter{TplID: req.GetEtplId(), OperatorID: req.GetOperatorId(), Before: after, Limit: page + 1}
	for _, st := range req.GetStates() {
		f.States = append(f.States, model.State(st))
	}
	insts, err := s.db.ListInst(ctx, f)
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskListInstRes{}
	size := 0
	for i := range insts {
		in := s.instToProto(&insts[i])
		size += proto.Size(in) + 8
		if len(res.GetData()) == page || len(res.GetData()) > 0 && size > maxReply {
			res.NextPageToken = pageToken(list, insts[i-1].ID)
			break
		}
		res.Data = append(res.Data, in)
	}
	return res, nil
}

// CancelInst implements the RPC.
func (s *Server) CancelInst(ctx context.Context, req *api.WshExportTaskCancelInstReq) (*api.WshExportTaskCancelInstRes, error) {
	err := firstError(
		positive("einstId", req.GetEinstId()),
		notNegative("operatorId", req.GetOperatorId()),
		text("reason", req.GetReason(), 0, maxReason),
	)
	if err != nil {
		return nil, err
	}
	in, err := s.db.Cancel(ctx, req.GetEinstId(), req.GetOperatorId(), cmp.Or(req.GetReason(), "cancel asked for"))
	if err != nil {
		return nil, err
	}
	if in.State == model.StateCanceling {
		s.pool.Cancel(in.ID)
	}
	return &api.WshExportTaskCancelInstRes{Data: s.instToProto(in)}, nil
}

// RetryInst implements the RPC.
func (s *Server) RetryInst(ctx context.Context, req *api.WshExportTaskRetryInstReq) (*api.WshExportTaskRetryInstRes, error) {
	err := firstError(
		positive("einstId", req.GetEinstId()),
		notNegative("operatorId", req.GetOperatorId()),
		requestID(req.GetRequestId()),
	)
	if err != nil {
		return nil, err
	}
	in, err := s.retry(ctx, req)
	if err != nil {
		return nil, err
	}
	s.pool.Wake()
	return &api.WshExportTaskRetryInstRes{Data: s.instToProto(in)}, nil
}

func (s *Server) retry(ctx context.Context, req *api.WshExportTaskRetryInstReq) (*model.Inst, error) {
	in, err := s.db.GetInst(ctx, req.GetEinstId())
	if err != nil {
		return nil, err
	}
	again := *in
	again.RetryOf = in.ID
	again.OperatorID = cmp.Or(req.GetOperatorId(), in.OperatorID)
	noID := proto.CloneOf(req)
	noID.RequestId = ""
	r, err := request(again.OperatorID, req.GetRequestId(), noID)
	if err != nil {
		return nil, err
	}
	if before, err := s.db.InstByRequest(ctx, r); before != nil || err != nil {
		return before, err
	}
	switch in.State {
	case model.StateRetryWait:
		return s.db.RetryNow(ctx, in.ID, req.GetOperatorId())
	case model.StateFailed, model.StateCanceled, model.StateTimedOut:
		return s.db.CreateInst(ctx, again, r, s.limits.MaxWaiting)
	case model.StateQueued, model.StateRunning, model.StateCanceling, model.StateSucceeded, model.StateExpired:
	}
	return nil, model.Errorf(model.WrongState,
		"einstId: %d is %s; only one that failed, was canceled, timed out or waits for its next attempt can be retried", in.ID, in.State)
}

// ListInstEvent implements the RPC.
func (s *Server) ListInstEvent(ctx context.Context, req *api.WshExportTaskListInstEventReq) (*api.WshExportTaskListInstEventRes, error) {
	list := fmt.Sprintf("event/%d", req.GetEinstId())
	after, tokenErr := parsePageToken(list, req.GetPageToken())
	err := firstError(
		positive("einstId", req.GetEinstId()),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		tokenErr,
	)
	if err != nil {
		return nil, err
	}
	page := cmp.Or(int(req.GetPageSize()), defaultEvents)
	events, err := s.db.ListEvents(ctx, req.GetEinstId(), after, page+1)
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskListInstEventRes{}
	for i := range events {
		if i == page {
			res.NextPageToken = pageToken(list, events[i-1].ID)
			break
		}
		res.Data = append(res.Data, eventToProto(&events[i]))
	}
	return res, nil
}
