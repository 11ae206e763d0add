package server

import (
	"cmp"
	"context"
	"database/sql"
	"reflect"
	"time"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/calendar"
	"exporttask/internal/model"
	"exporttask/internal/schedule"
	"exporttask/internal/task"
)

const (
	maxCron     = 200
	maxZone     = 64
	maxJitter   = 3600
	maxBackfill = 100
	upcoming    = 5
)

// FreezeSched makes the instance of a schedule for a time; it implements
// schedule.Freezer.
func (s *Server) FreezeSched(ctx context.Context, sched *model.Sched, at task.Moment) (*model.Inst, error) {
	in, err := s.Freeze(ctx, Order{
		TplID: sched.TplID, Format: sched.OutputFormat, Params: sched.Params.V, OperatorID: sched.OperatorID,
		At: at, DeliverTo: sched.DeliverTo.V,
	})
	if err != nil {
		return nil, err
	}
	in.SchedID = sched.ID
	in.Due = sql.NullTime{Time: at.Due.UTC(), Valid: true}
	in.WindowStart = sql.NullTime{Time: at.Start.UTC(), Valid: true}
	in.WindowEnd = sql.NullTime{Time: at.End.UTC(), Valid: true}
	return in, nil
}

// CreateSched implements the RPC.
func (s *Server) CreateSched(ctx context.Context, req *api.WshExportTaskCreateSchedReq) (*api.WshExportTaskCreateSchedRes, error) {
	sched := &model.Sched{
		Name: req.GetEschedName(), TplID: req.GetEtplId(),
		Params:       model.JSON[[]model.Param]{V: paramsFromProto(req.GetParams())},
		OutputFormat: model.Format(req.GetEtplOutputFormat()), Cron: req.GetCron(), Zone: req.GetZone(),
		Missed: model.Missed(req.GetMissed()), Overlap: model.Overlap(req.GetOverlap()), JitterSec: req.GetJitterSec(),
		DeliverTo: model.JSON[[]model.DeliverTo]{V: deliverToFromProto(req.GetDeliverTo())}, OperatorID: req.GetOperatorId(),
	}
	if req.GetPaused() {
		sched.Status = model.SchedPaused
	}
	err := firstError(
		params(req.GetParams()),
		requestID(req.GetRequestId()),
		instant("startAt", req.GetStartAt(), &sched.StartAt),
		instant("endAt", req.GetEndAt(), &sched.EndAt),
	)
	if err != nil {
		return nil, err
	}
	noID := proto.CloneOf(req)
	noID.RequestId = ""
	r, err := request(sched.OperatorID, req.GetRequestId(), noID)
	if err != nil {
		return nil, err
	}
	before, err := s.db.SchedByRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if before != nil {
		return &api.WshExportTaskCreateSchedRes{Data: s.schedToProto(before)}, nil
	}
	if err := s.checkSched(ctx, sched, nil); err != nil {
		return nil, err
	}
	made, err := s.db.CreateSched(ctx, *sched, r)
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskCreateSchedRes{Data: s.schedToProto(made)}, nil
}

// checkSched checks a schedule's fields, holds its parameters against its
// template, and works out when it comes due next. before is the schedule as it
// was; nil: it is new.
func (s *Server) checkSched(ctx context.Context, sched, before *model.Sched) error {
	err := firstError(
		text("eschedName", sched.Name, 1, maxName),
		positive("etplId", sched.TplID),
		enum("etplOutputFormat", api.WshExportFormat(sched.OutputFormat)),
		text("cron", sched.Cron, 1, maxCron),
		text("zone", sched.Zone, 0, maxZone),
		enum("missed", api.WshExportMissed(sched.Missed)),
		enum("overlap", api.WshExportOverlap(sched.Overlap)),
		between("jitterSec", sched.JitterSec, 0, int32(maxJitter)),
		notNegative("operatorId", sched.OperatorID),
		s.deliverTo("deliverTo", sched.OperatorID, sched.DeliverTo.V),
	)
	if err != nil {
		return err
	}
	calendar, err := s.calendar(sched)
	if err != nil {
		return err
	}
	if before != nil && sameDues(before, sched) {
		// What is due already stays so.
		_, err := s.FreezeSched(ctx, sched, schedule.Moment(calendar, sched.NextDue.Time))
		return err
	}
	now := s.now()
	if sched.EndAt.Valid && !sched.EndAt.Time.After(now) {
		return invalid("endAt", "%s, want a time to come", timeText(sched.EndAt.Time))
	}
	next := schedule.Next(calendar, sched.StartAt.Time, sched.EndAt.Time, now)
	if next.IsZero() {
		return invalid("endAt", "%s, want a time after the first due time", timeText(sched.EndAt.Time))
	}
	if _, err := s.FreezeSched(ctx, sched, schedule.Moment(calendar, next)); err != nil {
		return err
	}
	sched.NextDue = sql.NullTime{Time: next, Valid: sched.Status == model.SchedActive}
	return nil
}

// sameDues tells whether an edit leaves an active schedule's due times as they
// are.
func sameDues(before, after *model.Sched) bool {
	return before.Status == model.SchedActive && after.Status == model.SchedActive && before.NextDue.Valid &&
		before.Cron == after.Cron && before.Zone == after.Zone && before.StartAt == after.StartAt && before.EndAt == after.EndAt
}

// onlyPauses tells whether an edit stops a schedule and changes nothing else.
func onlyPauses(before, after *model.Sched) bool {
	same := *after
	same.Status = before.Status
	return after.Status == model.SchedPaused && reflect.DeepEqual(&same, before)
}

// calendar reads a schedule's expression in its zone.
func (s *Server) calendar(sched *model.Sched) (*calendar.Calendar, error) {
	zone := s.now().Location()
	if sched.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(sched.Zone); err != nil || sched.Zone == "Local" || sched.Zone == "localtime" {
			return nil, invalid("zone", "%s, want an IANA name such as Asia/Shanghai, or nothing for %s", shown(sched.Zone), s.now().Location())
		}
	}
	calendar, err := calendar.Parse(sched.Cron, zone)
	if err != nil {
		return nil, invalid("cron", "%s", err)
	}
	return calendar, nil
}

// instant reads a time of a request into to; empty is none.
func instant(field, value string, to *sql.NullTime) error {
	if value == "" {
		*to = sql.NullTime{}
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return invalid(field, "%s, want RFC 3339 such as 2026-01-31T08:00:00+08:00", shown(value))
	}
	*to = sql.NullTime{Time: t.UTC().Truncate(time.Microsecond), Valid: true}
	return nil
}

// ListSched implements the RPC.
func (s *Server) ListSched(ctx context.Context, req *api.WshExportTaskListSchedReq) (*api.WshExportTaskListSchedRes, error) {
	const list = "sched"
	before, tokenErr := parsePageToken(list, req.GetPageToken())
	err := firstError(
		notNegative("eschedId", req.GetEschedId()),
		notNegative("etplId", req.GetEtplId()),
		notNegative("operatorId", req.GetOperatorId()),
		text("eschedName", req.GetEschedName(), 0, maxName),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		tokenErr,
	)
	if err != nil {
		return nil, err
	}
	page := cmp.Or(int(req.GetPageSize()), defaultPage)
	scheds, err := s.db.ListSched(ctx, model.SchedFilter{
		ID: req.GetEschedId(), TplID: req.GetEtplId(), OperatorID: req.GetOperatorId(), NamePart: req.GetEschedName(),
		WithDeleted: req.GetWithDeleted(), Before: before, Limit: page + 1,
	})
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskListSchedRes{}
	size := 0
	for i := range scheds {
		sched := s.schedToProto(&scheds[i])
		size += proto.Size(sched) + 8
		if len(res.GetData()) == page || len(res.GetData()) > 0 && size > maxReply {
			res.NextPageToken = pageToken(list, scheds[i-1].ID)
			break
		}
		res.Data = append(res.Data, sched)
	}
	return res, nil
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
	sched, err := s.db.UpdateSched(ctx, req.GetEschedId(), req.GetVersion(), func(sched *model.Sched) error {
		before := *sched
		if err := applySched(sched, req); err != nil {
			return err
		}
		if onlyPauses(&before, sched) {
			// Also where its template is deleted or its parameters fit no more.
			sched.NextDue = sql.NullTime{}
			return nil
		}
		return s.checkSched(ctx, sched, &before)
	})
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskUpdateSchedRes{Data: s.schedToProto(sched)}, nil
}

//nolint:protogetter // a getter does not tell an unset field from a zero
func applySched(sched *model.Sched, req *api.WshExportTaskUpdateSchedReq) error {
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
	if req.StartAt != nil {
		if err := instant("startAt", req.GetStartAt(), &sched.StartAt); err != nil {
			return err
		}
	}
	if req.EndAt != nil {
		if err := instant("endAt", req.GetEndAt(), &sched.EndAt); err != nil {
			return err
		}
	}
	switch {
	case req.Paused != nil && req.GetPaused():
		sched.Status = model.SchedPaused
	case req.Paused != nil, sched.Status == model.SchedEnded: // with another end it may begin anew
		sched.Status = model.SchedActive
	}
	return nil
}

// DeleteSched implements the RPC.
func (s *Server) DeleteSched(ctx context.Context, req *api.WshExportTaskDeleteSchedReq) (*api.WshExportTaskDeleteSchedRes, error) {
	if err := firstError(positive("eschedId", req.GetEschedId()), notNegative("operatorId", req.GetOperatorId())); err != nil {
		return nil, err
	}
	sched, err := s.db.DeleteSched(ctx, req.GetEschedId())
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskDeleteSchedRes{Data: s.schedToProto(sched)}, nil
}

// RunSched implements the RPC. A backfill needs no requestId to be sent twice:
// a due time has one instance.
func (s *Server) RunSched(ctx context.Context, req *api.WshExportTaskRunSchedReq) (*api.WshExportTaskRunSchedRes, error) {
	var from, to sql.NullTime
	err := firstError(
		positive("eschedId", req.GetEschedId()),
		notNegative("operatorId", req.GetOperatorId()),
		requestID(req.GetRequestId()),
		instant("from", req.GetFrom(), &from),
		instant("to", req.GetTo(), &to),
	)
	switch {
	case err != nil:
		return nil, err
	case from.Valid != to.Valid:
		return nil, invalid("from, to", "one without the other, want both or neither")
	case from.Valid && !from.Time.Before(to.Time):
		return nil, invalid("to", "%s, want a time after from", req.GetTo())
	}
	sched, err := s.db.GetSched(ctx, req.GetEschedId())
	if err != nil {
		return nil, err
	}
	noID := proto.CloneOf(req)
	noID.RequestId = ""
	r, err := request(sched.OperatorID, req.GetRequestId(), noID)
	if err != nil {
		return nil, err
	}
	before, err := s.db.InstByRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if before != nil && !from.Valid {
		run := &api.WshExportSchedRun{Due: nullTime(before.Due), EinstId: before.ID, Existed: true}
		return &api.WshExportTaskRunSchedRes{Data: []*api.WshExportSchedRun{run}}, nil
	}
	if sched.Status == model.SchedDeleted {
		return nil, model.Errorf(model.WrongState, "eschedId: %d, the schedule is deleted", sched.ID)
	}
	calendar, err := s.calendar(sched)
	if err != nil {
		return nil, err
	}
	moments, err := s.moments(calendar, from, to)
	if err != nil {
		return nil, err
	}
	// All are made ready before the first is made, so that what is wrong with
	// one makes none.
	insts := make([]model.Inst, len(moments))
	for i, at := range moments {
		in, err := s.FreezeSched(ctx, sched, at)
		if err != nil {
			return nil, err
		}
		insts[i] = *in
	}
	runs, err := s.db.RunDues(ctx, insts, r, s.limits.MaxWaiting)
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskRunSchedRes{}
	for _, run := range runs {
		res.Data = append(res.Data, &api.WshExportSchedRun{Due: timeText(run.Due), EinstId: run.InstID, Existed: run.Existed})
	}
	s.pool.Wake()
	return res, nil
}

// moments are the due times of a backfill or, without a range, now.
func (s *Server) moments(calendar *calendar.Calendar, from, to sql.NullTime) ([]task.Moment, error) {
	if !from.Valid {
		now := s.now().Truncate(time.Microsecond)
		at := schedule.Moment(calendar, now)
		return []task.Moment{at}, nil
	}
	var all []task.Moment
	for due := calendar.Next(from.Time.Add(-time.Microsecond)); !due.IsZero() && due.Before(to.Time); due = calendar.Next(due) {
		if len(all) == maxBackfill {
			return nil, invalid("from, to", "more than %d due times, want at most %d", maxBackfill, maxBackfill)
		}
		all = append(all, schedule.Moment(calendar, due))
	}
	if len(all) == 0 {
		return nil, invalid("from, to", "no due time between them, want at least one")
	}
	return all, nil
}

func (s *Server) schedToProto(sched *model.Sched) *api.WshExportSched {
	out := &api.WshExportSched{
		EschedId: sched.ID, EschedName: sched.Name, EtplId: sched.TplID, Params: paramsToProto(sched.Params.V),
		EtplOutputFormat: api.WshExportFormat(sched.OutputFormat), Cron: sched.Cron, Zone: sched.Zone,
		Missed: api.WshExportMissed(sched.Missed), Overlap: api.WshExportOverlap(sched.Overlap), JitterSec: sched.JitterSec,
		StartAt: nullTime(sched.StartAt), EndAt: nullTime(sched.EndAt), Status: api.WshExportSchedStatus(sched.Status),
		LastDue: nullTime(sched.LastDue), LastInst: sched.LastInst, LastProblem: sched.LastProblem,
		DeliverTo: deliverToToProto(sched.DeliverTo.V), Created: timeText(sched.Created), Updated: timeText(sched.Updated),
		Deleted: nullTime(sched.Deleted), OperatorId: sched.OperatorID, RequestId: sched.RequestID.String, Version: sched.Version,
	}
	if calendar, err := s.calendar(sched); err == nil && sched.NextDue.Valid {
		due := sched.NextDue.Time
		for range upcoming {
			out.Upcoming = append(out.Upcoming, timeText(due))
			if due = schedule.Next(calendar, sched.StartAt.Time, sched.EndAt.Time, due); due.IsZero() {
				break
			}
		}
	}
	return out
}
