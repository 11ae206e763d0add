package task

import (
	"context"
	"time"

	"exporttask/internal/calendar"
	"exporttask/internal/model"
)

// maxPreviewedParams is the number of runs of a SchedPreview that have parameters.
const maxPreviewedParams = 10

// SchedPreview holds the next runs of a schedule.
type SchedPreview struct {
	Zone *time.Location
	Runs []SchedRun
}

// SchedRun is a future run of a schedule.
type SchedRun struct {
	calendar.Window
	Params []model.Param // only of the first runs, and only with a template
}

// PreviewStoredSched is PreviewSched for a schedule that is saved. A deleted one is
// a WrongState.
func (s *Service) PreviewStoredSched(ctx context.Context, id int64, from time.Time, count int) (*SchedPreview, error) {
	sched, err := s.db.GetSched(ctx, id)
	if err != nil {
		return nil, err
	}
	if sched.Status == model.SchedDeleted {
		return nil, model.Errorf(model.WrongState, "eschedId: %d, the schedule is deleted", id)
	}
	return s.PreviewSched(ctx, sched, from, count)
}

// PreviewSched returns at most count due times of a schedule, saved or not, from
// from on, with their windows and, if the schedule names a template, the
// parameters of their instances. A zero from is now. Nothing is saved.
func (s *Service) PreviewSched(ctx context.Context, sched *model.Sched, from time.Time, count int) (*SchedPreview, error) {
	c, err := SchedCalendar(sched, s.now().Location())
	if err != nil {
		return nil, err
	}
	if from.IsZero() {
		from = s.now()
	}
	p := &SchedPreview{Zone: c.Zone()}
	due := c.NextWithin(from.Add(-time.Microsecond), sched.StartAt.Time, sched.EndAt.Time)
	for len(p.Runs) < count && !due.IsZero() {
		p.Runs = append(p.Runs, SchedRun{Window: c.Window(due)})
		due = c.NextWithin(due, sched.StartAt.Time, sched.EndAt.Time)
	}
	if sched.TplID == 0 {
		return p, nil
	}
	if err := s.checkDestinations("deliverTo", sched.OperatorID, sched.DeliverTo.V); err != nil {
		return nil, err
	}
	t, err := s.loadRunnable(ctx, sched.TplID, sched.OperatorID)
	if err != nil {
		return nil, err
	}
	for i := range p.Runs[:min(len(p.Runs), maxPreviewedParams)] {
		in, err := s.schedInst(t, sched, p.Runs[i].Window)
		if err != nil {
			return nil, err
		}
		p.Runs[i].Params = in.Params.V
	}
	return p, nil
}
