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
	"exporttask/cmd/exportctl/internal/spec"
	"exporttask/cmd/exportctl/internal/term"
)

func (a *app) schedCommand() *cobra.Command {
	return group("sched", "Make, look at, pause, run and delete schedules",
		a.schedCreate(), a.schedList(), a.schedShow(), a.schedPause("pause", "Stop a schedule; what falls due meanwhile is not made up for", true),
		a.schedPause("resume", "Go on with a schedule that is paused", false), a.schedRun(), a.schedDelete())
}

func (a *app) schedCreate() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use: "create -f FILE", Short: "Create the schedules of a YAML file", Args: cobra.NoArgs,
	}
	fileFlag(cmd, &files, "`file` of schedules, - for the standard input")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var scheds []spec.Sched
		for _, file := range files {
			text, err := spec.Read(file, a.in)
			if err != nil {
				return usageError{err}
			}
			some, err := spec.ParseScheds(file, text)
			if err != nil {
				return usageError{err}
			}
			scheds = append(scheds, some...)
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		for _, s := range scheds {
			if err := a.createSched(cmd.Context(), c, &s); err != nil {
				return fmt.Errorf("%s: %w", s.Where, err)
			}
		}
		return nil
	}
	return cmd
}

func (a *app) createSched(ctx context.Context, c *client.Client, s *spec.Sched) error {
	t, err := find.Tpl(ctx, c.API(), s.Template, a.operator())
	if err != nil {
		return err
	}
	s.Req.EtplId, s.Req.OperatorId = t.GetEtplId(), a.operator()
	res, err := c.API().CreateSched(ctx, s.Req)
	if err := client.Check(res, err); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%d\t%s\n", res.GetData().GetEschedId(), term.Plain(s.Req.GetEschedName()))
	return err
}

func (a *app) schedList() *cobra.Command {
	var tpl string
	cmd := &cobra.Command{Use: "list", Short: "List schedules, newest first", Args: cobra.NoArgs}
	o := outputFlag(cmd, "table", "json")
	cmd.Flags().StringVar(&tpl, "tpl", "", "only schedules of this template")
	_ = cmd.RegisterFlagCompletionFunc("tpl", a.completeTpls)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(); err != nil {
			return err
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		req := &api.WshExportTaskListSchedReq{OperatorId: a.operator()}
		if tpl != "" {
			t, err := find.Tpl(cmd.Context(), c.API(), tpl, a.operator())
			if err != nil {
				return err
			}
			req.EtplId = t.GetEtplId()
		}
		scheds, err := find.Scheds(cmd.Context(), c.API(), req)
		if err != nil {
			return err
		}
		return list(a, o, scheds, func() *term.Table {
			t := term.NewTable(">ID", "NAME", "STATUS", "CRON", "ZONE", "NEXT", "LAST DUE", ">INSTANCE", ">TEMPLATE", "")
			for _, s := range scheds {
				t.Row(strconv.FormatInt(s.GetEschedId(), 10), s.GetEschedName(), stateName(s.GetStatus(), "SCHED_"), s.GetCron(), s.GetZone(),
					next(s), term.Moment(s.GetLastDue(), time.Local), number(s.GetLastInst()), strconv.Itoa(int(s.GetEtplId())), s.GetLastProblem())
			}
			return t
		})
	}
	return cmd
}

// next returns the next due time of a schedule in the local zone.
func next(s *api.WshExportSched) string {
	for _, at := range s.GetUpcoming() {
		return term.Moment(at, time.Local)
	}
	return ""
}

// number formats an id; 0 is an empty string.
func number(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// schedArg returns a command that calls do with the schedule given as argument.
func (a *app) schedArg(do func(ctx context.Context, c *client.Client, s *api.WshExportSched) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		s, err := find.Sched(cmd.Context(), c.API(), args[0], a.operator())
		if err != nil {
			return err
		}
		return do(cmd.Context(), c, s)
	}
}

func (a *app) schedShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show SCHED", Short: "Show a schedule and its next due time", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeScheds}
	o := outputFlag(cmd, "table", "yaml", "json")
	cmd.RunE = a.schedArg(func(_ context.Context, _ *client.Client, s *api.WshExportSched) error {
		if err := o.check(); err != nil {
			return err
		}
		if o.format == "json" {
			return a.show(s)
		}
		if o.format == "table" {
			pairs := []string{
				"schedule", strconv.FormatInt(s.GetEschedId(), 10), "template", strconv.Itoa(int(s.GetEtplId())),
				"status", stateName(s.GetStatus(), "SCHED_"), "version", strconv.Itoa(int(s.GetVersion())),
				"last due", term.Moment(s.GetLastDue(), time.Local), "its instance", number(s.GetLastInst()), "failures", number(int64(s.GetFailures())), "problem", s.GetLastProblem(),
			}
			for _, at := range s.GetUpcoming() {
				pairs = append(pairs, "due", term.Moment(at, time.Local))
			}
			a.fields(pairs...)
			fmt.Fprintln(a.out)
		}
		_, err := fmt.Fprint(a.out, spec.FormatSched(spec.OfSched(s)))
		return err
	})
	return cmd
}

func (a *app) schedPause(use, short string, paused bool) *cobra.Command {
	return &cobra.Command{
		Use: use + " SCHED", Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeScheds,
		RunE: a.schedArg(func(ctx context.Context, c *client.Client, s *api.WshExportSched) error {
			res, err := c.API().UpdateSched(ctx, &api.WshExportTaskUpdateSchedReq{EschedId: s.GetEschedId(), Paused: &paused, OperatorId: a.operator()})
			if err := client.Check(res, err); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "schedule %d is %s\n", s.GetEschedId(), stateName(res.GetData().GetStatus(), "SCHED_"))
			return err
		}),
	}
}

func (a *app) schedRun() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "run SCHED", Short: "Run a schedule now, or for the due times of a range that have no instance",
		Example: `  exportctl sched run nightly --from 2026-01-01T00:00:00+08:00 --to 2026-02-01T00:00:00+08:00`,
		Args:    cobra.ExactArgs(1), ValidArgsFunction: a.completeScheds,
	}
	o := outputFlag(cmd, "table", "json")
	cmd.Flags().StringVar(&from, "from", "", "first due time of the range, RFC 3339")
	cmd.Flags().StringVar(&to, "to", "", "end of the range (exclusive), RFC 3339")
	cmd.MarkFlagsRequiredTogether("from", "to")
	cmd.RunE = a.schedArg(func(ctx context.Context, c *client.Client, s *api.WshExportSched) error {
		if err := o.check(); err != nil {
			return err
		}
		res, err := c.API().RunSched(ctx, &api.WshExportTaskRunSchedReq{EschedId: s.GetEschedId(), From: from, To: to, OperatorId: a.operator()})
		if err := client.Check(res, err); err != nil {
			return err
		}
		return list(a, o, res.GetData(), func() *term.Table {
			t := term.NewTable("DUE", ">INSTANCE", "")
			for _, r := range res.GetData() {
				note := ""
				if r.GetExisted() {
					note = "was there before"
				}
				t.Row(term.Moment(r.GetDue(), time.Local), number(r.GetEinstId()), note)
			}
			return t
		})
	})
	return cmd
}

func (a *app) schedDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{Use: "delete SCHED", Short: "Delete a schedule, but not its instances", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeScheds}
	yesFlag(cmd, &yes)
	cmd.RunE = a.schedArg(func(ctx context.Context, c *client.Client, s *api.WshExportSched) error {
		if ok, err := a.sure(yes, fmt.Sprintf("Delete schedule %d %q?", s.GetEschedId(), s.GetEschedName())); !ok {
			return err
		}
		res, err := c.API().DeleteSched(ctx, &api.WshExportTaskDeleteSchedReq{EschedId: s.GetEschedId(), OperatorId: a.operator()})
		return client.Check(res, err)
	})
	return cmd
}
