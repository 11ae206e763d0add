package task

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"exporttask/internal/calendar"
	"exporttask/internal/model"
)

// freezeNotify returns who is notified of a new instance's failure: those of the
// template and of more, which operator asks for, with the dates and values of their
// patterns filled in. A time of more takes precedence.
func (s *Service) freezeNotify(t *model.Tpl, operator int32, more model.Notify, params []model.Param, at RunWindow) (n model.Notify, err error) {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	if err := s.checkDeliverTo("etplNotify.to", t.OperatorID, t.Notify.V.To, names); err != nil {
		return n, err
	}
	if err := s.checkDeliverTo("notify.to", operator, more.To, names); err != nil {
		return n, err
	}
	return mergeNotify(t, operator, more, params, at)
}

// mergeNotify is freezeNotify without the checks.
func mergeNotify(t *model.Tpl, operator int32, more model.Notify, params []model.Param, at RunWindow) (n model.Notify, err error) {
	own, err := FreezeDeliverTo(t.Notify.V.To, t.OperatorID, params, at)
	if err != nil {
		return n, err
	}
	others, err := FreezeDeliverTo(more.To, operator, params, at)
	if err != nil {
		return n, err
	}
	n.To = slices.Concat(own, others)
	if len(n.To) > 0 {
		n.LateSec = cmp.Or(more.LateSec, t.Notify.V.LateSec)
	}
	return n, nil
}

// dueNotify returns who is notified of a due time that has no instance, and the name
// of the template.
func (s *Service) dueNotify(ctx context.Context, sched *model.Sched, w calendar.Window) (to []model.DeliverTo, tplName string, err error) {
	t, err := s.db.GetTpl(ctx, sched.TplID)
	if err != nil {
		return nil, "", err
	}
	n, err := mergeNotify(t, sched.OperatorID, sched.Notify.V, nil, scheduled(w, sched))
	return n.To, t.Name, err
}

// FailRun moves a schedule on by step from a due time, whose window is w, for which
// no instance can be created for the reason step.Problem. It counts as a failure of
// the schedule. model.ErrMoved is as for StartRun.
func (s *Service) FailRun(ctx context.Context, sched *model.Sched, w calendar.Window, step model.Step) error {
	to, name, err := s.dueNotify(ctx, sched, w)
	if err != nil {
		return err
	}
	if err := s.db.FailRun(ctx, sched, name, step, to); err != nil {
		return err
	}
	s.deliveries.Wake()
	return nil
}

// NotifyLate sends notices of runs that have not ended in time, and of
// due times that have no instance in time.
func (s *Service) NotifyLate(ctx context.Context) error {
	for {
		n, err := s.db.NotifyLate(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		s.deliveries.Wake()
	}
	scheds, err := s.db.LateScheds(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for i := range scheds {
		errs = append(errs, s.notifyLateSched(ctx, &scheds[i]))
	}
	return errors.Join(errs...)
}

func (s *Service) notifyLateSched(ctx context.Context, sched *model.Sched) error {
	c, err := SchedCalendar(sched, s.now().Location())
	if err != nil {
		return nil //nolint:nilerr // a replica that knows the time zone sends the notice
	}
	to, name, err := s.dueNotify(ctx, sched, c.Window(sched.NextDue.Time))
	if err != nil {
		return err
	}
	if err := s.db.NotifyLateSched(ctx, sched, name, to); err != nil {
		return err
	}
	s.deliveries.Wake()
	return nil
}
