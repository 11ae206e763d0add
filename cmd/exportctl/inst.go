package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"exporttask/api"
	"exporttask/client"
	"exporttask/cmd/exportctl/internal/find"
	"exporttask/cmd/exportctl/internal/term"
)

func (a *app) instCommand() *cobra.Command {
	return group("inst", "Look at instances, fetch their files, cancel and retry them",
		a.instList(), a.instShow(), a.instWatch(), a.instCancel(), a.instDelete(), a.instRetry(), a.instDownload())
}

func (a *app) instList() *cobra.Command {
	var tpl string
	var states []string
	var most int
	cmd := &cobra.Command{Use: "list", Short: "List instances, newest first", Args: cobra.NoArgs}
	o := outputFlag(cmd, "table", "json")
	cmd.Flags().StringVar(&tpl, "tpl", "", "only instances of this template")
	cmd.Flags().StringSliceVar(&states, "state", nil, "only instances in these states: queued, retry_wait, running, canceling, succeeded, expired, failed, canceled, timed_out")
	cmd.Flags().IntVarP(&most, "limit", "n", 50, "maximum number of lines")
	_ = cmd.RegisterFlagCompletionFunc("tpl", a.completeTpls)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(); err != nil {
			return err
		}
		req := &api.WshExportTaskListInstReq{OperatorId: a.operator()}
		for _, s := range states {
			state, err := enumFlag("state", "STATE_", s, api.WshExportInstState_STATE_UNSPECIFIED)
			if err != nil {
				return err
			}
			req.States = append(req.States, state)
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		if tpl != "" {
			t, err := find.Tpl(cmd.Context(), c.API(), tpl, a.operator())
			if err != nil {
				return err
			}
			req.EtplId = t.GetEtplId()
		}
		insts, err := insts(cmd.Context(), c, req, most)
		if err != nil {
			return err
		}
		return list(a, o, insts, func() *term.Table { return instTable(insts) })
	}
	return cmd
}

// insts returns the newest instances that match req, at most so many.
func insts(ctx context.Context, c *client.Client, req *api.WshExportTaskListInstReq, most int) ([]*api.WshExportInst, error) {
	const page = 200
	var all []*api.WshExportInst
	for len(all) < most {
		req.PageSize = int32(min(page, most-len(all)))
		res, err := c.API().ListInst(ctx, req)
		if err := client.Check(res, err); err != nil {
			return nil, err
		}
		all = append(all, res.GetData()...)
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	return all, nil
}

func instTable(insts []*api.WshExportInst) *term.Table {
	t := term.NewTable(">ID", "STATE", ">ROWS", ">BYTES", "CREATED", ">TOOK", ">OPERATOR", "TEMPLATE", "")
	for _, i := range insts {
		t.Row(strconv.FormatInt(i.GetEinstId(), 10), client.StateName(i.GetState()), term.Count(i.GetRowsDone()), term.Bytes(i.GetBytesDone()),
			term.Moment(i.GetCreated(), time.Local), took(i), strconv.Itoa(int(i.GetOperatorId())), i.GetEtplName(), i.GetErrMsg())
	}
	return t
}

// took returns the time from an instance's start to its end.
func took(i *api.WshExportInst) string {
	from, err := time.Parse(time.RFC3339Nano, i.GetStarted())
	if err != nil {
		return ""
	}
	to, err := time.Parse(time.RFC3339Nano, i.GetFinished())
	if err != nil {
		return ""
	}
	return term.Span(to.Sub(from))
}

// instArg returns a command's RunE that calls do with the instance id given as
// argument.
func (a *app) instArg(do func(ctx context.Context, c *client.Client, id int64) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		n, err := id("instance", args[0])
		if err != nil {
			return err
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		return do(cmd.Context(), c, n)
	}
}

func (a *app) instShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show ID", Short: "Show an instance and its events", Args: cobra.ExactArgs(1)}
	o := outputFlag(cmd, "table", "json")
	cmd.RunE = a.instArg(func(ctx context.Context, c *client.Client, id int64) error {
		if err := o.check(); err != nil {
			return err
		}
		i, err := getInst(ctx, c, id)
		if err != nil {
			return err
		}
		if o.format == "json" {
			return a.show(i)
		}
		a.instFields(i)
		return a.instEvents(ctx, c, id)
	})
	return cmd
}

func getInst(ctx context.Context, c *client.Client, id int64) (*api.WshExportInst, error) {
	res, err := c.API().GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: id})
	return res.GetData(), client.Check(res, err)
}

func (a *app) instFields(i *api.WshExportInst) {
	local := func(text string) string { return term.Moment(text, time.Local) }
	pairs := []string{
		"instance", strconv.FormatInt(i.GetEinstId(), 10),
		"template", fmt.Sprintf("%s (%d, version %d)", i.GetEtplName(), i.GetEtplId(), i.GetEtplVersion()),
		"state", client.StateName(i.GetState()),
		"why", i.GetErrMsg(),
		"format", stateName(i.GetEtplOutputFormat(), "FMT_"),
		"rows", term.Count(i.GetRowsDone()),
		"bytes", term.Bytes(i.GetBytesDone()),
		"attempt", fmt.Sprintf("%d of %d", i.GetAttempt(), i.GetMaxAttempts()),
		"next attempt", local(i.GetNextAttempt()),
		"worker", i.GetWorker(),
		"created", local(i.GetCreated()),
		"started", local(i.GetStarted()),
		"finished", local(i.GetFinished()),
		"took", took(i),
		"expires", local(i.GetExpires()),
		"due", local(i.GetDue()),
		"window", window(local(i.GetWindowStart()), local(i.GetWindowEnd())),
	}
	for _, p := range i.GetParams() {
		pairs = append(pairs, ":"+p.GetName(), paramText(p))
	}
	for _, f := range i.GetFiles() {
		pairs = append(pairs, "file", fmt.Sprintf("%s  %s  sha256 %s", f.GetName(), term.Bytes(f.GetBytes()), f.GetSha256()), "url", f.GetUrl())
	}
	for _, w := range i.GetWarnings() {
		pairs = append(pairs, "warning", w.GetText())
	}
	for _, d := range i.GetDeliveries() {
		pairs = append(pairs, "delivery", fmt.Sprintf("%d %s %s %s%s", d.GetEdeliveryId(), d.GetDestination(), stateName(d.GetState(), "DELIVERY_"), d.GetLocation(), d.GetErrMsg()))
	}
	a.fields(pairs...)
}

func window(from, to string) string {
	if from == "" && to == "" {
		return ""
	}
	return from + " to " + to
}

func paramText(p *api.WshExportParam) string {
	switch {
	case p.GetIsNull():
		return "NULL"
	case len(p.GetValues()) > 0:
		return fmt.Sprintf("%q", p.GetValues())
	default:
		return p.GetValue()
	}
}

func (a *app) instEvents(ctx context.Context, c *client.Client, id int64) error {
	res, err := c.API().ListInstEvent(ctx, &api.WshExportTaskListInstEventReq{EinstId: id})
	if err := client.Check(res, err); err != nil {
		return err
	}
	t := term.NewTable("AT", "STATE", ">ATTEMPT", "WORKER", "REASON")
	for _, e := range res.GetData() {
		t.Row(term.Moment(e.GetAt(), time.Local), client.StateName(e.GetState()), strconv.Itoa(int(e.GetAttempt())), e.GetWorker(), e.GetReason())
	}
	fmt.Fprintln(a.out)
	_, err = t.WriteTo(a.out)
	return err
}

func (a *app) instWatch() *cobra.Command {
	return &cobra.Command{
		Use: "watch ID", Short: "Watch an instance until its end; the exit code is that of run",
		Args: cobra.ExactArgs(1),
		RunE: a.instArg(a.watch),
	}
}

// watch shows the progress of an instance until its end. An interrupt does not
// cancel the instance.
func (a *app) watch(ctx context.Context, c *client.Client, id int64) error {
	i, err := getInst(ctx, c, id)
	if err != nil {
		return err
	}
	show := a.progress(false)
	defer show.Done()
	show.Expected = a.expected(ctx, c, i.GetEtplId())
	last, err := c.Watch(ctx, id, show.Inst)
	if err != nil {
		return err
	}
	switch last.GetStatus() {
	case api.WshExportInstStatus_INST_FINISH:
		return nil
	default:
		return &client.FailedError{Inst: last}
	}
}

func (a *app) instCancel() *cobra.Command {
	var reason string
	cmd := &cobra.Command{Use: "cancel ID", Short: "Cancel an instance", Args: cobra.ExactArgs(1)}
	cmd.Flags().StringVar(&reason, "reason", "", "reason, stored with the instance")
	cmd.RunE = a.instArg(func(ctx context.Context, c *client.Client, id int64) error {
		res, err := c.API().CancelInst(ctx, &api.WshExportTaskCancelInstReq{EinstId: id, OperatorId: a.operator(), Reason: reason})
		if err := client.Check(res, err); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "instance %d is %s\n", id, client.StateName(res.GetData().GetState()))
		return err
	})
	return cmd
}

func (a *app) instDelete() *cobra.Command {
	var reason string
	var params bool
	cmd := &cobra.Command{
		Use: "delete ID", Short: "Erase the files of an instance that has ended", Args: cobra.ExactArgs(1),
		Long: "Erase the files of an instance that has ended: they leave the store at once, links and downloads end.\n" +
			"The instance itself stays, with an event that names you and the reason.",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, stored with the instance")
	cmd.Flags().BoolVar(&params, "params", false, "erase the values of its parameters too, and the names and messages that repeat them")
	_ = cmd.MarkFlagRequired("reason")
	cmd.RunE = a.instArg(func(ctx context.Context, c *client.Client, id int64) error {
		res, err := c.API().DeleteInst(ctx, &api.WshExportTaskDeleteInstReq{EinstId: id, OperatorId: a.operator(), Reason: reason, EraseParams: params})
		if err := client.Check(res, err); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "instance %d is %s\n", id, client.StateName(res.GetData().GetState()))
		return err
	})
	return cmd
}

func (a *app) instRetry() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "retry ID", Short: "Run a failed instance again with the same parameters",
		Long: "Create a new instance with the parameters of one that failed, was canceled or timed out, and print its id.\nAn instance that waits for its next attempt is retried immediately instead.",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().BoolVar(&wait, "watch", false, "watch the instance until its end")
	cmd.RunE = a.instArg(func(ctx context.Context, c *client.Client, id int64) error {
		res, err := c.API().RetryInst(ctx, &api.WshExportTaskRetryInstReq{EinstId: id, OperatorId: a.operator()})
		if err := client.Check(res, err); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(a.out, res.GetData().GetEinstId()); err != nil || !wait {
			return err
		}
		return a.watch(ctx, c, res.GetData().GetEinstId())
	})
	return cmd
}

func (a *app) instDownload() *cobra.Command {
	var to string
	var quiet bool
	cmd := &cobra.Command{Use: "download ID", Short: "Download the file of an instance that succeeded", Args: cobra.ExactArgs(1)}
	cmd.Flags().StringVarP(&to, "output", "o", "", "`file` or folder to write to, - for standard output (default: the file's own name in the current folder)")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = a.instArg(func(ctx context.Context, c *client.Client, id int64) error {
		i, err := getInst(ctx, c, id)
		if err != nil {
			return err
		}
		return a.fetch(ctx, c, i, to, a.progress(quiet))
	})
	return cmd
}
