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

// undoTimeout bounds the taking back of one change.
const undoTimeout = 30 * time.Second

// Check asks the server which of the changes it would refuse, and tells all of
// them. Nothing is changed.
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

// Do makes the changes in order and tells of each that is made. Where one fails
// those before it are taken back, last first, and the error says whether that
// went well. Deletions, which come last, can't be taken back; what fails among
// them leaves the others as they are.
func (p *Plan) Do(ctx context.Context, told func(*Change)) error {
	var undo []func(context.Context) error
	for _, c := range p.Changes {
		back, err := c.do(ctx)
		if err != nil {
			err = c.at(err)
			if c.Action == Delete {
				return fmt.Errorf("%w; what was listed before it is done", err)
			}
			return takeBack(ctx, undo, err)
		}
		undo = append(undo, back)
		told(c)
	}
	return nil
}

// takeBack undoes what was done before err.
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
		return fmt.Errorf("%w; what was done before it could not be taken back: %w", err, errors.Join(failed...))
	default:
		return fmt.Errorf("%w; what was done before it is taken back", err)
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

// checkTpl lets the server check a template as it does when it is saved.
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

// ignoreUndo is a change that takes another one back.
func ignoreUndo(do doFunc) undoFunc {
	return func(ctx context.Context) error {
		_, err := do(ctx)
		return err
	}
}
