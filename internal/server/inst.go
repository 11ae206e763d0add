package server

import (
	"cmp"
	"context"
	"fmt"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// CreateInst implements the RPC.
func (s *Server) CreateInst(ctx context.Context, req *api.WshExportTaskCreateInstReq) (*api.WshExportTaskCreateInstRes, error) {
	if err := validateCreateInst(req); err != nil {
		return nil, err
	}
	key, err := idempotencyKey(req.GetOperatorId(), req)
	if err != nil {
		return nil, err
	}
	in, err := s.Tasks.CreateInst(ctx, task.CreateParams{
		TplID: req.GetEtplId(), Format: model.Format(req.GetEtplOutputFormat()),
		Params: paramsFromProto(req.GetParams()), OperatorID: req.GetOperatorId(), Claims: s.claims(ctx),
	}, key)
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskCreateInstRes{Data: s.instToProto(in)}, nil
}

// GetInst implements the RPC.
func (s *Server) GetInst(ctx context.Context, req *api.WshExportTaskGetInstReq) (*api.WshExportTaskGetInstRes, error) {
	if err := positive("einstId", req.GetEinstId()); err != nil {
		return nil, err
	}
	in, err := s.DB.GetInst(ctx, req.GetEinstId())
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
	f, err := instFilter(list, req)
	if err != nil {
		return nil, err
	}
	size := cmp.Or(int(req.GetPageSize()), defaultPage)
	var rest int64 // where the next page begins, for a list that reads only so many rows
	res := &api.WshExportTaskListInstRes{}
	res.Data, res.NextPageToken, err = listPage(ctx, list, f.Before, size, func(before int64, limit int) (insts []model.Inst, err error) {
		f.Before, f.Limit = before, limit
		insts, rest, err = s.DB.ListInst(ctx, f)
		return insts, err
	}, s.instToProto, func(in *model.Inst) int64 { return in.ID })
	if err == nil && res.GetNextPageToken() == "" && rest != 0 {
		res.NextPageToken = pageToken(list, rest)
	}
	return res, err
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
	in, err := s.Tasks.CancelInst(ctx, req.GetEinstId(), req.GetOperatorId(), req.GetReason())
	if err != nil {
		return nil, err
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
	in, err := s.Tasks.RetryInst(ctx, req.GetEinstId(), req.GetOperatorId(), func(operator int32) (model.Request, error) {
		return idempotencyKey(operator, req)
	})
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskRetryInstRes{Data: s.instToProto(in)}, nil
}

// DeleteInst implements the RPC.
func (s *Server) DeleteInst(ctx context.Context, req *api.WshExportTaskDeleteInstReq) (*api.WshExportTaskDeleteInstRes, error) {
	err := firstError(
		positive("einstId", req.GetEinstId()),
		notNegative("operatorId", req.GetOperatorId()),
		text("reason", req.GetReason(), 1, maxReason),
	)
	if err != nil {
		return nil, err
	}
	in, err := s.Tasks.DeleteInst(ctx, req.GetEinstId(), model.Erasure{
		Operator: req.GetOperatorId(), Reason: req.GetReason(), Params: req.GetEraseParams(),
	})
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskDeleteInstRes{Data: s.instToProto(in)}, nil
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
	size := cmp.Or(int(req.GetPageSize()), defaultEvents)
	res := &api.WshExportTaskListInstEventRes{}
	res.Data, res.NextPageToken, err = listPage(ctx, list, after, size, func(after int64, limit int) ([]model.Event, error) {
		return s.DB.ListEvents(ctx, req.GetEinstId(), after, limit)
	}, eventToProto, func(e *model.Event) int64 { return e.ID })
	return res, err
}
