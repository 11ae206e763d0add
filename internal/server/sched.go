package server

import (
	"cmp"
	"context"
	"database/sql"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// CreateSched implements the RPC.
func (s *Server) CreateSched(ctx context.Context, req *api.WshExportTaskCreateSchedReq) (*api.WshExportTaskCreateSchedRes, error) {
	sched, err := schedFromProto(req)
	if err != nil {
		return nil, err
	}
	if err := firstError(params(req.GetParams()), requestID(req.GetRequestId()), validateSched(sched)); err != nil {
		return nil, err
	}
	sched.Claims.V = s.claims(ctx)
	key, err := idempotencyKey(sched.OperatorID, req)
	if err != nil {
		return nil, err
	}
	made, err := s.Tasks.CreateSched(ctx, sched, key)
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskCreateSchedRes{Data: s.schedToProto(made)}, nil
}

// ListSched implements the RPC.
func (s *Server) ListSched(ctx context.Context, req *api.WshExportTaskListSchedReq) (*api.WshExportTaskListSchedRes, error) {
	const list = "sched"
	before, err := validateListSched(list, req)
	if err != nil {
		return nil, err
	}
	size := cmp.Or(int(req.GetPageSize()), defaultPage)
	f := model.SchedFilter{
		ID: req.GetEschedId(), TplID: req.GetEtplId(), OperatorID: req.GetOperatorId(), NamePart: req.GetEschedName(),
		WithDeleted: req.GetWithDeleted(),
	}
	res := &api.WshExportTaskListSchedRes{}
	res.Data, res.NextPageToken, err = listPage(ctx, list, before, size, func(before int64, limit int) ([]model.Sched, error) {
		f.Before, f.Limit = before, limit
		return s.DB.ListSched(ctx, f)
	}, s.schedToProto, func(sched *model.Sched) int64 { return sched.ID })
	return res, err
}

// UpdateSched implements the RPC.
func (s *Server) UpdateSched(ctx context.Context, req *api.WshExportTaskUpdateSchedReq) (*api.WshExportTaskUpdateSchedRes, error) {
	err := firstError(
		positive("eschedId", req.GetEschedId()),
		notNegative("version", req.GetVersion()),
		notNegative("operatorId", req.GetOperatorId()),
		params(req.GetParams().GetList()),
	)
	if err != nil {
		return nil, err
	}
	sched, err := s.Tasks.UpdateSched(ctx, req.GetEschedId(), req.GetVersion(), func(sched *model.Sched) error {
		if err := editSched(sched, req); err != nil {
			return err
		}
		if s.ownsClaims(ctx) {
			sched.Claims.V = s.claims(ctx)
		}
		return validateSched(sched)
	})
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskUpdateSchedRes{Data: s.schedToProto(sched)}, nil
}

// editSched sets the fields of a schedule that a request gives.
//
//nolint:protogetter // a getter does not tell an unset field from a zero
func editSched(sched *model.Sched, req *api.WshExportTaskUpdateSchedReq) error {
	set(&sched.Name, req.EschedName)
	set(&sched.TplID, req.EtplId)
	set(&sched.Cron, req.Cron)
	set(&sched.Zone, req.Zone)
	set(&sched.JitterSec, req.JitterSec)
	if req.GetParams() != nil {
		sched.Params.V = paramsFromProto(req.GetParams().GetList())
	}
	if req.EtplOutputFormat != nil {
		sched.OutputFormat = model.Format(req.GetEtplOutputFormat())
	}
	if req.Missed != nil {
		sched.Missed = model.Missed(req.GetMissed())
	}
	if req.Overlap != nil {
		sched.Overlap = model.Overlap(req.GetOverlap())
	}
	if req.GetDeliverTo() != nil {
		sched.DeliverTo.V = deliverToFromProto(req.GetDeliverTo().GetList())
	}
	if req.GetNotify() != nil {
		sched.Notify.V = notifyFromProto(req.GetNotify())
	}
	set(&sched.PauseAfter, req.PauseAfterFailures)
	if req.StartAt != nil {
		if err := parseTime("startAt", req.GetStartAt(), &sched.StartAt); err != nil {
			return err
		}
	}
	if req.EndAt != nil {
		if err := parseTime("endAt", req.GetEndAt(), &sched.EndAt); err != nil {
			return err
		}
	}
	switch {
	case req.Paused != nil && req.GetPaused():
		sched.Status = model.SchedPaused
	case req.Paused != nil, sched.Status == model.SchedEnded: // a later end makes it active again
		sched.Status = model.SchedActive
	}
	return nil
}

// DeleteSched implements the RPC.
func (s *Server) DeleteSched(ctx context.Context, req *api.WshExportTaskDeleteSchedReq) (*api.WshExportTaskDeleteSchedRes, error) {
	if err := firstError(positive("eschedId", req.GetEschedId()), notNegative("operatorId", req.GetOperatorId())); err != nil {
		return nil, err
	}
	sched, err := s.DB.DeleteSched(ctx, req.GetEschedId())
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskDeleteSchedRes{Data: s.schedToProto(sched)}, nil
}

// RunSched implements the RPC. A backfill may be sent again without a requestId,
// since a due time has one instance.
func (s *Server) RunSched(ctx context.Context, req *api.WshExportTaskRunSchedReq) (*api.WshExportTaskRunSchedRes, error) {
	var from, to sql.NullTime
	if err := validateRunSched(req, &from, &to); err != nil {
		return nil, err
	}
	var runs []model.DueRun
	var err error
	if req.GetCountOnly() {
		runs, err = s.Tasks.CountSched(ctx, req.GetEschedId(), from.Time, to.Time)
	} else {
		runs, err = s.Tasks.RunSched(ctx, req.GetEschedId(), from, to, func(operator int32) (model.Request, error) {
			return idempotencyKey(operator, req)
		})
	}
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskRunSchedRes{}
	for _, run := range runs {
		if !run.Existed {
			res.Count++
		}
		res.Data = append(res.Data, &api.WshExportSchedRun{Due: timeText(run.Due), EinstId: run.InstID, Existed: run.Existed})
	}
	return res, nil
}

// upcomingDues is how many due times of a schedule are shown.
const upcomingDues = 5

func (s *Server) schedToProto(sched *model.Sched) *api.WshExportSched {
	out := &api.WshExportSched{
		EschedId: sched.ID, EschedName: sched.Name, EtplId: sched.TplID, Params: paramsToProto(sched.Params.V),
		EtplOutputFormat: api.WshExportFormat(sched.OutputFormat), Cron: sched.Cron, Zone: sched.Zone,
		Missed: api.WshExportMissed(sched.Missed), Overlap: api.WshExportOverlap(sched.Overlap), JitterSec: sched.JitterSec,
		StartAt: nullTime(sched.StartAt), EndAt: nullTime(sched.EndAt), Status: api.WshExportSchedStatus(sched.Status),
		LastDue: nullTime(sched.LastDue), LastInst: sched.LastInst, LastProblem: sched.LastProblem,
		DeliverTo: deliverToToProto(sched.DeliverTo.V), Created: timeText(sched.Created), Updated: timeText(sched.Updated),
		Deleted: nullTime(sched.Deleted), OperatorId: sched.OperatorID, RequestId: sched.RequestID.String, Version: sched.Version,
		Notify: notifyToProto(sched.Notify.V), PauseAfterFailures: sched.PauseAfter, Failures: sched.Failures,
	}
	if c, err := task.SchedCalendar(sched, s.Zone); err == nil && sched.NextDue.Valid {
		due := sched.NextDue.Time
		for range upcomingDues {
			out.Upcoming = append(out.Upcoming, timeText(due))
			if due = c.NextWithin(due, sched.StartAt.Time, sched.EndAt.Time); due.IsZero() {
				break
			}
		}
	}
	return out
}

func schedFromProto(req *api.WshExportTaskCreateSchedReq) (*model.Sched, error) {
	sched := &model.Sched{
		Name: req.GetEschedName(), TplID: req.GetEtplId(),
		Params:       model.JSON[[]model.Param]{V: paramsFromProto(req.GetParams())},
		OutputFormat: model.Format(req.GetEtplOutputFormat()), Cron: req.GetCron(), Zone: req.GetZone(),
		Missed: model.Missed(req.GetMissed()), Overlap: model.Overlap(req.GetOverlap()), JitterSec: req.GetJitterSec(),
		DeliverTo: model.JSON[[]model.DeliverTo]{V: deliverToFromProto(req.GetDeliverTo())}, OperatorID: req.GetOperatorId(),
		Notify: model.JSON[model.Notify]{V: notifyFromProto(req.GetNotify())}, PauseAfter: req.GetPauseAfterFailures(),
	}
	if req.GetPaused() {
		sched.Status = model.SchedPaused
	}
	return sched, firstError(
		parseTime("startAt", req.GetStartAt(), &sched.StartAt),
		parseTime("endAt", req.GetEndAt(), &sched.EndAt),
	)
}
