package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/client"
	"exporttask/cmd/exportctl/internal/spec"
)

// undoTimeout bounds reverting one change.
const undoTimeout = 30 * time.Second

// Check has the server validate the changed templates and returns the errors of
// all refused ones, joined. It changes nothing.
func (p *Plan) Check(ctx context.Context) error {
	var errs []error
	for _, c := range p.Changes {
		if c.check == nil {
			continue
		}
		if err := c.check(ctx); err != nil {
			errs = append(errs, c.at(err))
		}
	}
	return errors.Join(errs...)
}

// Do makes the changes in order and calls done after each. If a change fails, the
// preceding ones are reverted, the last one first, and the error says whether that
// succeeded. Deletions come last and cannot be reverted: after a failed deletion
// the completed changes stay.
func (p *Plan) Do(ctx context.Context, done func(*Change)) error {
	var undo []func(context.Context) error
	for _, c := range p.Changes {
		back, err := c.do(ctx)
		if err != nil {
			err = c.at(err)
			if c.Action == Delete {
				return fmt.Errorf("%w; the changes listed before it are made", err)
			}
			return takeBack(ctx, undo, err)
		}
		undo = append(undo, back)
		done(c)
	}
	return nil
}

// takeBack reverts the changes made before err and adds the result to err.
func takeBack(ctx context.Context, undo []func(context.Context) error, err error) error {
	ctx = context.WithoutCancel(ctx)
	var failed []error
	for _, u := range slices.Backward(undo) {
		if undoErr := bounded(ctx, u); undoErr != nil {
			failed = append(failed, undoErr)
		}
	}
	switch {
	case len(undo) == 0:
		return fmt.Errorf("%w; nothing was changed", err)
	case len(failed) > 0:
		return fmt.Errorf("%w; the changes before it could not be reverted: %w", err, errors.Join(failed...))
	default:
		return fmt.Errorf("%w; the changes before it are reverted", err)
	}
}

func bounded(ctx context.Context, f func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, undoTimeout)
	defer stop()
	return f(ctx)
}

type (
	undoFunc = func(context.Context) error
	doFunc   = func(context.Context) (undoFunc, error)
)

// checkTpl has the server validate a template without storing it.
func (m *maker) checkTpl(want *api.WshExportTaskCreateTplReq) func(context.Context) error {
	return func(ctx context.Context) error {
		draft := proto.CloneOf(want)
		draft.OperatorId = m.opts.OperatorID
		res, err := m.server.PreviewTpl(ctx, &api.WshExportTaskPreviewTplReq{Draft: draft, OperatorId: m.opts.OperatorID, CheckOnly: true})
		return client.Check(res, err)
	}
}

func (m *maker) createTpl(req *api.WshExportTaskCreateTplReq, id *int32) doFunc {
	return func(ctx context.Context) (undoFunc, error) {
		req := proto.CloneOf(req)
		req.OperatorId = m.opts.OperatorID
		res, err := m.server.CreateTpl(ctx, req)
		if err := client.Check(res, err); err != nil {
			return nil, err
		}
		*id = res.GetData().GetEtplId()
		return ignoreUndo(m.deleteTpl(*id)), nil
	}
}

func (m *maker) updateTpl(has *api.WshExportTpl, want *api.WshExportTaskCreateTplReq) doFunc {
	return func(ctx context.Context) (undoFunc, error) {
		u := spec.UpdateTpl(has, want)
		u.OperatorId = m.opts.OperatorID
		res, err := m.server.UpdateTpl(ctx, u)
		if err := client.Check(res, err); err != nil {
			return nil, err
		}
		return ignoreUndo(m.updateTpl(res.GetData(), spec.OfTpl(has))), nil
	}
}

func (m *maker) deleteTpl(id int32) doFunc {
	return func(ctx context.Context) (undoFunc, error) {
		res, err := m.server.DeleteTpl(ctx, &api.WshExportTaskDeleteTplReq{EtplId: id, OperatorId: m.opts.OperatorID})
		return nil, client.Check(res, err)
	}
}

func (m *maker) createSched(req *api.WshExportTaskCreateSchedReq, tplID *int32) doFunc {
	return func(ctx context.Context) (undoFunc, error) {
		req := proto.CloneOf(req)
		req.EtplId, req.OperatorId = *tplID, m.opts.OperatorID
		res, err := m.server.CreateSched(ctx, req)
		if err := client.Check(res, err); err != nil {
			return nil, err
		}
		return ignoreUndo(m.deleteSched(res.GetData().GetEschedId())), nil
	}
}

func (m *maker) updateSched(has *api.WshExportSched, want *api.WshExportTaskCreateSchedReq) doFunc {
	return func(ctx context.Context) (undoFunc, error) {
		u := spec.UpdateSched(has, want)
		u.OperatorId = m.opts.OperatorID
		res, err := m.server.UpdateSched(ctx, u)
		if err := client.Check(res, err); err != nil {
			return nil, err
		}
		return ignoreUndo(m.updateSched(res.GetData(), spec.OfSched(has))), nil
	}
}

func (m *maker) deleteSched(id int64) doFunc {
	return func(ctx context.Context) (undoFunc, error) {
		res, err := m.server.DeleteSched(ctx, &api.WshExportTaskDeleteSchedReq{EschedId: id, OperatorId: m.opts.OperatorID})
		return nil, client.Check(res, err)
	}
}

// ignoreUndo adapts a change that reverts another one: how to revert it again is
// not needed.
func ignoreUndo(do doFunc) undoFunc {
	return func(ctx context.Context) error {
		_, err := do(ctx)
		return err
	}
}
