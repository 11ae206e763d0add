package task

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"exporttask/internal/calendar"
	"exporttask/internal/model"
)

// MaxBackfill bounds the due times of one RunSched.
const MaxBackfill = 100

// SchedCalendar returns the calendar of a schedule; zone is the zone of schedules
// that name none. An expression or a zone that cannot be read is a *model.Error
// of kind Invalid.
func SchedCalendar(sched *model.Sched, zone *time.Location) (*calendar.Calendar, error) {
	zone, err := calendar.LoadZone(sched.Zone, zone)
	if err != nil {
		return nil, invalid("zone", "%s", err)
	}
	c, err := calendar.Parse(sched.Cron, zone)
	if err != nil {
		return nil, invalid("cron", "%s", err)
	}
	return c, nil
}

// CreateSched checks a schedule, computes its first due time and saves it. Where
// the request created a schedule before, that schedule is returned and nothing is
// saved.
func (s *Service) CreateSched(ctx context.Context, sched *model.Sched, r model.Request) (*model.Sched, error) {
	before, err := s.db.SchedByRequest(ctx, r)
	if before != nil || err != nil {
		return before, err
	}
	if err := s.planSched(ctx, sched, nil); err != nil {
		return nil, err
	}
	return s.db.CreateSched(ctx, *sched, r)
}

// UpdateSched lets edit change a schedule, checks the result and saves it as the
// next version. version is the one that the edit is based on, 0 for any; where
// the schedule has another version by now the error is a Conflict. An edit that
// does nothing but pause the schedule is always taken and keeps its claims.
func (s *Service) UpdateSched(ctx context.Context, id int64, version int32, edit func(*model.Sched) error) (*model.Sched, error) {
	return s.db.UpdateSched(ctx, id, version, func(sched *model.Sched) error {
		before := *sched
		if err := edit(sched); err != nil {
			return err
		}
		if onlyPauses(&before, sched) {
			// Also where the template is deleted or the parameters no longer fit.
			sched.NextDue = sql.NullTime{}
			sched.Claims = before.Claims
			return nil
		}
		return s.planSched(ctx, sched, &before)
	})
}

// planSched checks a schedule against its template and the configured
// destinations and sets its next due time. before is the schedule as it was, nil
// for a new one.
func (s *Service) planSched(ctx context.Context, sched, before *model.Sched) error {
	if err := s.checkDestinations("deliverTo", sched.OperatorID, sched.DeliverTo.V); err != nil {
		return err
	}
	if err := s.checkDestinations("notify.to", sched.OperatorID, sched.Notify.V.To); err != nil {
		return err
	}
	c, err := SchedCalendar(sched, s.now().Location())
	if err != nil {
		return err
	}
	next, err := s.nextDue(c, sched, before)
	if err != nil {
		return err
	}
	t, err := s.loadRunnable(ctx, sched.TplID, sched.OperatorID)
	if err != nil {
		return err
	}
	if _, err := s.schedInst(t, sched, c.Window(next)); err != nil {
		return err
	}
	sched.NextDue = sql.NullTime{Time: next, Valid: sched.Status == model.SchedActive}
	return nil
}

// nextDue returns the next due time of a schedule that is created or edited. An
// edit that leaves the due times as they are keeps one that has come already.
func (s *Service) nextDue(c *calendar.Calendar, sched, before *model.Sched) (time.Time, error) {
	if before != nil && sameDues(before, sched) {
		return sched.NextDue.Time, nil
	}
	now := s.now()
	end := sched.EndAt.Time
	if sched.EndAt.Valid && !end.After(now) {
		return time.Time{}, invalid("endAt", "%s, want a time in the future", end.UTC().Format(time.RFC3339Nano))
	}
	next := c.NextWithin(now, sched.StartAt.Time, end)
	if next.IsZero() {
		return next, invalid("endAt", "%s, want a time after the first due time", end.UTC().Format(time.RFC3339Nano))
	}
	return next, nil
}

// sameDues reports whether an edit leaves the due times of an active schedule as
// they are.
func sameDues(before, after *model.Sched) bool {
	return before.Status == model.SchedActive && after.Status == model.SchedActive && before.NextDue.Valid &&
		before.Cron == after.Cron && before.Zone == after.Zone && before.StartAt == after.StartAt && before.EndAt == after.EndAt
}

// onlyPauses reports whether an edit pauses a schedule and changes nothing else but
// the claims.
func onlyPauses(before, after *model.Sched) bool {
	same := *after
	same.Status, same.Claims = before.Status, before.Claims
	return after.Status == model.SchedPaused && reflect.DeepEqual(&same, before)
}

// schedInst returns the instance of a schedule's run. Nothing is saved.
func (s *Service) schedInst(t runnable, sched *model.Sched, w calendar.Window) (*model.Inst, error) {
	p := CreateParams{TplID: sched.TplID, Format: sched.OutputFormat, Params: sched.Params.V, OperatorID: sched.OperatorID}
	in, err := s.newInst(t, p, extras{sched.DeliverTo.V, sched.Notify.V}, scheduled(w, sched))
	if err != nil {
		return nil, err
	}
	in.SchedID = sched.ID
	in.Due = sql.NullTime{Time: w.Due.UTC(), Valid: true}
	in.WindowStart = sql.NullTime{Time: w.Start.UTC(), Valid: true}
	in.WindowEnd = sql.NullTime{Time: w.End.UTC(), Valid: true}
	return in, nil
}

// StartRun creates the instance of a schedule's next due time, whose window is w,
// and moves the schedule on by step, in one transaction. It returns 0 where the
// due time has an instance already. model.ErrMoved means that another replica
// started the run or that the schedule was changed, and nothing was done.
func (s *Service) StartRun(ctx context.Context, sched *model.Sched, w calendar.Window, step model.Step) (int64, error) {
	t, err := s.loadRunnable(ctx, sched.TplID, sched.OperatorID)
	if err != nil {
		return 0, err
	}
	in, err := s.schedInst(t, sched, w)
	if err != nil {
		return 0, err
	}
	return s.db.StartRun(ctx, sched, *in, step, s.settings.MaxWaiting)
}

// RunSched starts the run of a schedule now or, where from and to are set, the
// run of each due time from from on, before to, that has none yet (a backfill).
// All instances are created or none. Where the same request started a run before,
// that run is returned; request hashes the request for the schedule's operator.
func (s *Service) RunSched(ctx context.Context, id int64, from, to sql.NullTime, request func(operator int32) (model.Request, error)) ([]model.DueRun, error) {
	sched, err := s.db.GetSched(ctx, id)
	if err != nil {
		return nil, err
	}
	r, err := request(sched.OperatorID)
	if err != nil {
		return nil, err
	}
	before, err := s.db.InstByRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if before != nil && !from.Valid {
		return []model.DueRun{{Due: before.Due.Time, InstID: before.ID, Existed: true}}, nil
	}
	insts, err := s.runs(ctx, sched, func(c *calendar.Calendar) ([]time.Time, error) {
		if from.Valid {
			return backfill(c, from.Time, to.Time)
		}
		return []time.Time{s.now().Truncate(time.Microsecond)}, nil
	})
	if err != nil {
		return nil, err
	}
	runs, err := s.db.RunDues(ctx, insts, r, s.settings.MaxWaiting)
	if err != nil {
		return nil, err
	}
	s.exports.Wake()
	return runs, nil
}

// CountSched returns the due times from from on, before to, of which RunSched
// would create instances, with those instances that exist already. The errors are
// those of RunSched. Nothing is saved.
func (s *Service) CountSched(ctx context.Context, id int64, from, to time.Time) ([]model.DueRun, error) {
	sched, err := s.db.GetSched(ctx, id)
	if err != nil {
		return nil, err
	}
	insts, err := s.runs(ctx, sched, func(c *calendar.Calendar) ([]time.Time, error) { return backfill(c, from, to) })
	if err != nil {
		return nil, err
	}
	runs, _, err := s.db.DueRuns(ctx, insts)
	return runs, err
}

// runs returns the instances of those due times of a schedule that dues returns.
func (s *Service) runs(ctx context.Context, sched *model.Sched, dues func(*calendar.Calendar) ([]time.Time, error)) ([]model.Inst, error) {
	if sched.Status == model.SchedDeleted {
		return nil, model.Errorf(model.WrongState, "eschedId: %d, the schedule is deleted", sched.ID)
	}
	c, err := SchedCalendar(sched, s.now().Location())
	if err != nil {
		return nil, err
	}
	times, err := dues(c)
	if err != nil {
		return nil, err
	}
	t, err := s.loadRunnable(ctx, sched.TplID, sched.OperatorID)
	if err != nil {
		return nil, err
	}
	insts := make([]model.Inst, len(times))
	for i, due := range times {
		in, err := s.schedInst(t, sched, c.Window(due))
		if err != nil {
			return nil, err
		}
		insts[i] = *in
	}
	return insts, nil
}

// backfill returns the due times from from on, before to.
func backfill(c *calendar.Calendar, from, to time.Time) ([]time.Time, error) {
	var dues []time.Time
	for due := c.Next(from.Add(-time.Microsecond)); !due.IsZero() && due.Before(to); due = c.Next(due) {
		if len(dues) == MaxBackfill {
			return nil, invalid("from, to", "more than %d due times, want at most %d", MaxBackfill, MaxBackfill)
		}
		dues = append(dues, due)
	}
	if len(dues) == 0 {
		return nil, invalid("from, to", "no due time between them, want at least one")
	}
	return dues, nil
}
