package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

const (
	// maxDeliverTo bounds the destinations of a template and of a schedule.
	maxDeliverTo = 10
	// maxRecipients bounds the addresses for one destination.
	maxRecipients = 100
)

// deliverTo checks where files are to be sent.
func (s *Server) deliverTo(field string, operator int32, list []model.DeliverTo) error {
	if len(list) > maxDeliverTo {
		return invalid(field, "%d destinations, want at most %d", len(list), maxDeliverTo)
	}
	for i, to := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		if n := len(to.Recipients); n > maxRecipients {
			return invalid(at+".recipients", "%d addresses, want at most %d", n, maxRecipients)
		}
		if err := s.deliveries.Check(operator, to); err != nil {
			return model.Errorf(model.Invalid, "%s.%s", at, err)
		}
	}
	return nil
}

// freezeDeliverTo fixes where an order's files are sent: where its template
// says, and where the order says besides.
func (s *Server) freezeDeliverTo(t *model.Tpl, o Order, params []model.Param) ([]model.DeliverTo, error) {
	// The configuration may have changed since the template was saved.
	if err := s.deliverTo("etplDeliverTo", t.OperatorID, t.DeliverTo.V); err != nil {
		return nil, err
	}
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	if err := task.CheckDeliverTo("deliverTo", o.DeliverTo, names); err != nil {
		return nil, err
	}
	return task.FreezeDeliverTo(slices.Concat(t.DeliverTo.V, o.DeliverTo), t.Name, params, o.At)
}

// withDeliveries is an instance with what becomes of its files.
func (s *Server) withDeliveries(ctx context.Context, in *model.Inst) (*api.WshExportInst, error) {
	out := s.instToProto(in)
	if len(in.DeliverTo.V) == 0 || in.Status != model.Finished {
		return out, nil
	}
	list, err := s.db.ListDelivery(ctx, model.DeliveryFilter{InstID: in.ID, Limit: 2 * maxDeliverTo})
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
	after, tokenErr := parsePageToken(list, req.GetPageToken())
	err := firstError(
		notNegative("einstId", req.GetEinstId()),
		notNegative("operatorId", req.GetOperatorId()),
		deliveryStates(req.GetStates()),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		tokenErr,
	)
	if err != nil {
		return nil, err
	}
	page := cmp.Or(int(req.GetPageSize()), defaultPage)
	f := model.DeliveryFilter{InstID: req.GetEinstId(), OperatorID: req.GetOperatorId(), Before: after, Limit: page + 1}
	for _, st := range req.GetStates() {
		f.States = append(f.States, model.DeliveryState(st))
	}
	found, err := s.db.ListDelivery(ctx, f)
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskListDeliveryRes{}
	for i := range found {
		if i == page {
			res.NextPageToken = pageToken(list, found[i-1].ID)
			break
		}
		res.Data = append(res.Data, s.deliveryToProto(&found[i]))
	}
	return res, nil
}

func deliveryStates(list []api.WshExportDeliveryState) error {
	for i, st := range list {
		field := fmt.Sprintf("states[%d]", i)
		if err := enum(field, st); err != nil {
			return err
		}
		if st == api.WshExportDeliveryState_DELIVERY_UNSPECIFIED {
			return invalid(field, "DELIVERY_UNSPECIFIED, want a state")
		}
	}
	return nil
}

// RetryDelivery implements the RPC.
func (s *Server) RetryDelivery(ctx context.Context, req *api.WshExportTaskRetryDeliveryReq) (*api.WshExportTaskRetryDeliveryRes, error) {
	err := firstError(
		positive("edeliveryId", req.GetEdeliveryId()),
		notNegative("operatorId", req.GetOperatorId()),
	)
	if err != nil {
		return nil, err
	}
	v, err := s.db.RetryDelivery(ctx, req.GetEdeliveryId())
	if err != nil {
		return nil, err
	}
	s.deliveries.Wake()
	return &api.WshExportTaskRetryDeliveryRes{Data: s.deliveryToProto(v)}, nil
}

func (s *Server) deliveryToProto(v *model.Delivery) *api.WshExportDelivery {
	out := &api.WshExportDelivery{
		EdeliveryId: v.ID, EinstId: v.InstID, Destination: v.Destination, State: api.WshExportDeliveryState(v.State),
		Attempt: v.Attempt, ErrMsg: v.ErrMsg, Location: v.Location, Created: timeText(v.Created), Finished: nullTime(v.Finished),
	}
	out.Kind, out.MaxAttempts = s.deliveries.Describe(v.Destination)
	if v.State == model.DeliveryRetryWait {
		out.NextAttempt = nullTime(v.NextAt)
	}
	return out
}
