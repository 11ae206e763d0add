package client

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"exporttask/api"
)

// RunOption is something special about a run.
type RunOption func(*run)

// WithFormat asks for another format than the template's.
func WithFormat(f api.WshExportFormat) RunOption {
	return func(r *run) { r.req.EtplOutputFormat = f }
}

// WithRequestID names the run, with up to 64 printable ASCII characters: a
// program that starts again and asks with the same id gets the same instance,
// not another one. Without it each call is a run of its own.
func WithRequestID(id string) RunOption {
	return func(r *run) { r.req.RequestId = id }
}

// OnProgress calls each for the instance as it was made and after every change.
func OnProgress(each func(*api.WshExportInst)) RunOption {
	return func(r *run) { r.each = each }
}

// LeaveRunning leaves the instance alone when the context ends. Without it Run
// and Export cancel what they began.
func LeaveRunning() RunOption { return func(r *run) { r.leave = true } }

// cancelTimeout bounds the cancelling of an instance that nobody waits for any
// more.
const cancelTimeout = 5 * time.Second

type run struct {
	req   *api.WshExportTaskCreateInstReq
	each  func(*api.WshExportInst)
	leave bool
}

// Run makes an instance of a template and waits for its end. An instance that
// ended without a file is returned together with a *FailedError. When ctx ends
// before the instance, the instance is cancelled, LeaveRunning apart; where ctx
// ends so early that its id was not known yet, it runs on.
func (c *Client) Run(ctx context.Context, tplID int32, params Params, opts ...RunOption) (*api.WshExportInst, error) {
	inst, _, err := c.run(ctx, tplID, params, opts)
	return inst, err
}

// Export runs a template as Run does and writes the file to w as Download does.
// After an error that came in the download the instance is returned as well: its
// file can be fetched again.
func (c *Client) Export(ctx context.Context, tplID int32, params Params, w io.Writer, opts ...RunOption) (*api.WshExportInst, error) {
	inst, p, err := c.run(ctx, tplID, params, opts)
	if err != nil {
		return inst, err
	}
	_, err = c.download(ctx, inst.GetEinstId(), w, p)
	return inst, err
}

func (c *Client) run(ctx context.Context, tplID int32, params Params, opts []RunOption) (*api.WshExportInst, *patience, error) {
	list, err := params.Proto()
	if err != nil {
		return nil, nil, err
	}
	r := &run{req: &api.WshExportTaskCreateInstReq{
		EtplId: tplID, Params: list, OperatorId: c.opts.OperatorID, RequestId: rand.Text(),
	}}
	for _, o := range opts {
		o(r)
	}
	made, err := c.api.CreateInst(ctx, r.req)
	if err := Check(made, err); err != nil {
		return nil, nil, err
	}
	inst := made.GetData()
	if r.each != nil {
		r.each(inst)
	}
	p := newPatience(c.opts.Patience, true)
	last, err := c.watch(ctx, inst.GetEinstId(), r.each, p)
	if last != nil {
		inst = last
	}
	if err != nil {
		if ctx.Err() != nil && !r.leave {
			c.cancel(ctx, inst.GetEinstId())
		}
		return inst, nil, err
	}
	if inst.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		return inst, nil, &FailedError{Inst: inst}
	}
	return inst, p, nil
}

// cancel ends an instance after ctx has ended. That it may fail, because the
// instance has ended or the service is away, changes nothing for the caller.
func (c *Client) cancel(ctx context.Context, instID int64) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_, _ = c.api.CancelInst(ctx, &api.WshExportTaskCancelInstReq{
		EinstId: instID, OperatorId: c.opts.OperatorID, Reason: "the client that asked for it went away",
	})
}
