package client

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"exporttask/api"
)

// RunOption modifies Run and Export.
type RunOption func(*run)

// WithFormat sets a format other than the template's.
func WithFormat(f api.WshExportFormat) RunOption {
	return func(r *run) { r.req.EtplOutputFormat = f }
}

// WithRequestID sets the request id of the run, at most 64 printable ASCII
// characters. A second call with the same id and the same arguments, for example
// after a restart of the program, gets the same instance. Without it each call
// creates an instance.
func WithRequestID(id string) RunOption {
	return func(r *run) { r.req.RequestId = id }
}

// OnProgress sets a function that is called with the new instance and after each
// change of it.
func OnProgress(each func(*api.WshExportInst)) RunOption {
	return func(r *run) { r.each = each }
}

// LeaveRunning keeps the instance running after the context has ended. Without
// it Run and Export cancel the instance.
func LeaveRunning() RunOption { return func(r *run) { r.leave = true } }

// cancelTimeout is the timeout of the call that cancels an instance after the
// caller's context has ended.
const cancelTimeout = 5 * time.Second

type run struct {
	req   *api.WshExportTaskCreateInstReq
	each  func(*api.WshExportInst)
	leave bool
}

// Run creates an instance of a template and waits until it has ended. For an
// instance that ended without a file it returns the instance and a *FailedError.
// If ctx ends first, Run cancels the instance, unless LeaveRunning is given or ctx
// ended before the instance's id was known.
func (c *Client) Run(ctx context.Context, tplID int32, params Params, opts ...RunOption) (*api.WshExportInst, error) {
	inst, _, err := c.run(ctx, tplID, params, opts)
	return inst, err
}

// Export runs a template like Run and writes the file to w like Download. If the
// download fails, it returns the instance and the error; the file can be
// downloaded again.
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

// cancel cancels an instance after ctx has ended. Its error is ignored: the
// instance may have ended, or the service may be unreachable.
func (c *Client) cancel(ctx context.Context, instID int64) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_, _ = c.api.CancelInst(ctx, &api.WshExportTaskCancelInstReq{
		EinstId: instID, OperatorId: c.opts.OperatorID, Reason: "the client that asked for it went away",
	})
}
