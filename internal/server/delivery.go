package server

import (
	"cmp"
	"context"
	"slices"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// withDeliveries converts an instance together with the deliveries of its files.
func (s *Server) withDeliveries(ctx context.Context, in *model.Inst) (*api.WshExportInst, error) {
	out := s.instToProto(in)
	if (len(in.DeliverTo.V) == 0 || in.Status != model.Finished) && len(in.Notify.V.To) == 0 {
		return out, nil
	}
	list, err := s.DB.ListDelivery(ctx, model.DeliveryFilter{InstID: in.ID, Limit: task.MaxDeliveries})
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(list) {
		out.Deliveries = append(out.Deliveries, s.deliveryToProto(&list[i]))
	}
	return out, nil
}

// ListDelivery implements the RPC.
func (s *Server) ListDelivery(ctx context.Context, req *api.WshExportTaskListDeliveryReq) (*api.WshExportTaskListDeliveryRes, error) {
	const list = "delivery"
	before, err := validateListDelivery(list, req)
	if err != nil {
		return nil, err
	}
	size := cmp.Or(int(req.GetPageSize()), defaultPage)
	f := model.DeliveryFilter{InstID: req.GetEinstId(), OperatorID: req.GetOperatorId()}
	for _, st := range req.GetStates() {
		f.States = append(f.States, model.DeliveryState(st))
	}
	res := &api.WshExportTaskListDeliveryRes{}
	res.Data, res.NextPageToken, err = listPage(ctx, list, before, size, func(before int64, limit int) ([]model.Delivery, error) {
		f.Before, f.Limit = before, limit
		return s.DB.ListDelivery(ctx, f)
	}, s.deliveryToProto, func(v *model.Delivery) int64 { return v.ID })
	return res, err
}

// RetryDelivery implements the RPC.
func (s *Server) RetryDelivery(ctx context.Context, req *api.WshExportTaskRetryDeliveryReq) (*api.WshExportTaskRetryDeliveryRes, error) {
	if err := firstError(positive("edeliveryId", req.GetEdeliveryId()), notNegative("operatorId", req.GetOperatorId())); err != nil {
		return nil, err
	}
	v, err := s.Tasks.RetryDelivery(ctx, req.GetEdeliveryId())
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskRetryDeliveryRes{Data: s.deliveryToProto(v)}, nil
}

func (s *Server) deliveryToProto(v *model.Delivery) *api.WshExportDelivery {
	out := &api.WshExportDelivery{
		EdeliveryId: v.ID, EinstId: v.InstID, Destination: v.Destination, State: api.WshExportDeliveryState(v.State),
		Attempt: v.Attempt, ErrMsg: v.ErrMsg, Location: v.Location, Created: timeText(v.Created), Finished: nullTime(v.Finished),
	}
	out.Event, out.EschedId = api.WshExportDeliveryEvent(v.Event), v.SchedID
	if v.SchedID != 0 {
		out.Due = timeText(v.Due)
	}
	out.Kind, out.MaxAttempts = s.Destinations.Describe(v.Destination)
	if v.State == model.DeliveryRetryWait {
		out.NextAttempt = nullTime(v.NextAt)
	}
	return out
}
