package task

import (
	"cmp"
	"context"
	"slices"

	"exporttask/internal/model"
)

// CreateParams describe the instance to create.
type CreateParams struct {
	TplID      int32
	Format     model.Format // FormatDefault: the template's
	Params     []model.Param
	OperatorID int32
	Claims     []model.Param // of the caller's token, as parameters
}

// CreateInst creates an instance of a template as the template is now, and wakes
// the workers of this process. Where the request created an instance before, that
// instance is returned and nothing is created.
func (s *Service) CreateInst(ctx context.Context, p CreateParams, r model.Request) (*model.Inst, error) {
	before, err := s.db.InstByRequest(ctx, r)
	if before != nil || err != nil {
		return before, err
	}
	t, err := s.loadRunnable(ctx, p.TplID, p.OperatorID)
	if err != nil {
		return nil, err
	}
	in, err := s.newInst(t, p, extras{}, RunWindow{Now: s.now(), OperatorID: p.OperatorID, Claims: p.Claims})
	if err != nil {
		return nil, err
	}
	made, err := s.db.CreateInst(ctx, *in, r, s.settings.MaxWaiting)
	if err != nil {
		return nil, err
	}
	s.exports.Wake()
	return made, nil
}

// extras are what a schedule adds to an instance of its template.
type extras struct {
	deliverTo []model.DeliverTo
	notify    model.Notify
}

// newInst returns an instance of a template, with everything that decides the
// content of its file fixed: SQL, columns, format, options, parameter values.
// Nothing is saved.
func (s *Service) newInst(t runnable, p CreateParams, more extras, at RunWindow) (*model.Inst, error) {
	format := cmp.Or(p.Format, t.OutputFormat, model.FormatCSV)
	if err := checkFormat(t.OutputColumns, format, t.ResultColumns.V); err != nil {
		return nil, err
	}
	params, err := FreezeParams(t.stmt, t.Params.V, p.Params, at.in(s.sources.Zone(t.Source)))
	if err != nil {
		return nil, err
	}
	deliverTo, err := s.freezeDeliverTo(t.Tpl, p.OperatorID, more.deliverTo, params, at)
	if err != nil {
		return nil, err
	}
	notify, err := s.freezeNotify(t.Tpl, p.OperatorID, more.notify, params, at)
	if err != nil {
		return nil, err
	}
	options := t.Options
	if options.V.FileName, err = FreezeFileName(t.Options.V.FileName, params, at); err != nil {
		return nil, err
	}
	return &model.Inst{
		TplID: t.ID, OperatorID: p.OperatorID, TplName: t.Name, TplVersion: t.Version, Source: t.Source,
		Expr: t.Expr, OutputColumns: t.OutputColumns, OutputFormat: format, Decls: t.Params, Options: options,
		Params: model.JSON[[]model.Param]{V: params},
		// MaxTimeout may have been lowered since the template was saved.
		TimeoutSec:   min(cmp.Or(t.TimeoutSec, int32(s.settings.Timeout.Seconds())), int32(s.settings.MaxTimeout.Seconds())),
		RetentionSec: cmp.Or(t.RetentionSec, int64(s.settings.Retention.Seconds())),
		MaxAttempts:  cmp.Or(t.MaxAttempts, int32(s.settings.MaxAttempts)),

		ResultColumns: t.ResultColumns, Limits: t.Limits, ExtraColumns: t.ExtraColumns,
		DeliverTo: model.JSON[[]model.DeliverTo]{V: deliverTo}, Notify: model.JSON[model.Notify]{V: notify},
	}, nil
}

// freezeDeliverTo returns the destinations of a new instance: the template's and
// more, which operator asks for, with the dates and values of their patterns
// filled in. It checks again that both operators may use them, since the
// configuration may have changed since the template or schedule was saved.
func (s *Service) freezeDeliverTo(t *model.Tpl, operator int32, more []model.DeliverTo, params []model.Param, at RunWindow) ([]model.DeliverTo, error) {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	if err := s.checkDeliverTo("etplDeliverTo", t.OperatorID, t.DeliverTo.V, names); err != nil {
		return nil, err
	}
	if err := s.checkDeliverTo("deliverTo", operator, more, names); err != nil {
		return nil, err
	}
	own, err := FreezeDeliverTo(t.DeliverTo.V, t.OperatorID, params, at)
	if err != nil {
		return nil, err
	}
	others, err := FreezeDeliverTo(more, operator, params, at)
	return slices.Concat(own, others), err
}

// RetryInst tries an instance again. One that waits for its next attempt makes
// that attempt now. One that has ended without a file stays as it is, and a new
// instance with the same SQL and parameters is created for operator, 0 for the
// operator of the first one; request hashes the new instance's request for an
// operator. An instance in any other state, or one whose parameters were erased, is
// a WrongState.
func (s *Service) RetryInst(ctx context.Context, id int64, operator int32, request func(operator int32) (model.Request, error)) (*model.Inst, error) {
	in, err := s.db.GetInst(ctx, id)
	if err != nil {
		return nil, err
	}
	again := *in
	again.RetryOf = in.ID
	again.OperatorID = cmp.Or(operator, in.OperatorID)
	r, err := request(again.OperatorID)
	if err != nil {
		return nil, err
	}
	if before, err := s.db.InstByRequest(ctx, r); before != nil || err != nil {
		return before, err
	}
	var made *model.Inst
	switch in.State {
	case model.StateRetryWait:
		made, err = s.db.RetryNow(ctx, in.ID, operator)
	case model.StateFailed, model.StateCanceled, model.StateTimedOut:
		if _, err := Bind(in, s.sources.CheckOptions(in.Source)); err != nil {
			return nil, model.Errorf(model.WrongState, "einstId: %d cannot run again: %s; were its parameters erased? Create a new instance", in.ID, err)
		}
		made, err = s.db.CreateInst(ctx, again, r, s.settings.MaxWaiting)
	case model.StateQueued, model.StateRunning, model.StateCanceling, model.StateSucceeded, model.StateExpired:
		return nil, model.Errorf(model.WrongState,
			"einstId: %d is %s; only one that failed, was canceled, timed out or waits for its next attempt can be retried", in.ID, in.State)
	}
	if err != nil {
		return nil, err
	}
	s.exports.Wake()
	return made, nil
}

// CancelInst ends an instance that waits, or makes a running one CANCELING and
// stops it where it runs in this process; another process stops it at its next
// heartbeat.
func (s *Service) CancelInst(ctx context.Context, id int64, operator int32, reason string) (*model.Inst, error) {
	in, err := s.db.Cancel(ctx, id, operator, cmp.Or(reason, "canceled by request"))
	if err != nil {
		return nil, err
	}
	if in.State == model.StateCanceling {
		s.exports.Cancel(in.ID)
	}
	return in, nil
}
