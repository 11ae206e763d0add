package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"exporttask/api"
	"exporttask/client"
	"exporttask/cmd/exportctl/internal/find"
	"exporttask/cmd/exportctl/internal/spec"
	"exporttask/cmd/exportctl/internal/term"
)

func (a *app) tplCommand() *cobra.Command {
	return group("tpl", "Make, look at, change and delete templates",
		a.tplCreate(), a.tplList(), a.tplShow(), a.tplPreview(), a.tplUpdate(), a.tplDelete())
}

func (a *app) tplCreate() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use: "create -f FILE", Short: "Create templates and their schedules from a YAML file", Args: cobra.NoArgs,
		Long: "Create templates and their schedules from a YAML file. Each call creates new ones; apply updates existing ones.",
	}
	fileFlag(cmd, &files, "`file` of templates, - for the standard input")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		tpls, err := load(files, a.in)
		if err != nil {
			return err
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		for i := range tpls {
			if err := a.createTpl(cmd.Context(), c, &tpls[i]); err != nil {
				return fmt.Errorf("%s: %w", tpls[i].Where, err)
			}
		}
		return nil
	}
	return cmd
}

// fileFlag adds the flag -f to cmd.
func fileFlag(cmd *cobra.Command, files *[]string, usage string) {
	cmd.Flags().StringArrayVarP(files, "file", "f", nil, usage)
	_ = cmd.MarkFlagRequired("file")
	_ = cmd.MarkFlagFilename("file", "yaml", "yml")
}

// load reads templates from files. Invalid files lead to a usage error.
func load(files []string, in io.Reader) ([]spec.Tpl, error) {
	tpls, err := spec.Load(files, in)
	if err != nil {
		return nil, usageError{err}
	}
	return tpls, nil
}

func (a *app) createTpl(ctx context.Context, c *client.Client, t *spec.Tpl) error {
	t.Req.OperatorId = a.operator()
	res, err := c.API().CreateTpl(ctx, t.Req)
	if err := client.Check(res, err); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d\t%s\n", res.GetData().GetEtplId(), term.Plain(t.Req.GetEtplName()))
	for _, s := range t.Scheds {
		s.Req.EtplId, s.Req.OperatorId = res.GetData().GetEtplId(), a.operator()
		made, err := c.API().CreateSched(ctx, s.Req)
		if err := client.Check(made, err); err != nil {
			return fmt.Errorf("the template is made, its schedule %q is not: %w", s.Req.GetEschedName(), err)
		}
	}
	return nil
}

func (a *app) tplList() *cobra.Command {
	var name, tag string
	var deleted bool
	cmd := &cobra.Command{Use: "list", Short: "List templates, newest first", Args: cobra.NoArgs}
	o := outputFlag(cmd, "table", "json")
	cmd.Flags().StringVar(&name, "name", "", "only templates whose name contains this text")
	cmd.Flags().StringVar(&tag, "tag", "", "only templates with this tag")
	cmd.Flags().BoolVar(&deleted, "deleted", false, "deleted templates too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(); err != nil {
			return err
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		tpls, err := find.Tpls(cmd.Context(), c.API(), &api.WshExportTaskListTplReq{
			EtplName: name, EtplTag: tag, WithDeleted: deleted, OperatorId: a.operator(),
		})
		if err != nil {
			return err
		}
		return list(a, o, tpls, func() *term.Table {
			t := term.NewTable(">ID", "NAME", "TAG", "FORMAT", "SOURCE", "STATUS", ">RUNS", ">OK", ">OPERATOR", "UPDATED")
			for _, p := range tpls {
				t.Row(strconv.Itoa(int(p.GetEtplId())), p.GetEtplName(), p.GetEtplTag(), stateName(p.GetEtplOutputFormat(), "FMT_"), p.GetEtplSource(),
					tplStatus(p), term.Count(int64(p.GetEtplExecTimes())), term.Count(int64(p.GetEtplExecOkTimes())),
					strconv.Itoa(int(p.GetOperatorId())), term.Moment(p.GetEtplUpdated(), time.Local))
			}
			return t
		})
	}
	return cmd
}

func tplStatus(p *api.WshExportTpl) string {
	return stateName(api.WshExportTplStatus(p.GetEtplStatus()), "TPL_")
}

// tplArg returns a command's RunE that calls do with the template given as
// argument.
func (a *app) tplArg(do func(ctx context.Context, c *client.Client, t *api.WshExportTpl) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		t, err := find.Tpl(cmd.Context(), c.API(), args[0], a.operator())
		if err != nil {
			return err
		}
		return do(cmd.Context(), c, t)
	}
}

func (a *app) tplShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show TPL", Short: "Show a template; with -o yaml as a file for apply, with its schedules",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeTpls,
	}
	o := outputFlag(cmd, "table", "yaml", "json")
	cmd.RunE = a.tplArg(func(ctx context.Context, c *client.Client, t *api.WshExportTpl) error {
		if err := o.check(); err != nil {
			return err
		}
		switch o.format {
		case "json":
			return a.show(t)
		case "yaml":
			return a.tplYAML(ctx, c, t)
		}
		a.fields("template", strconv.Itoa(int(t.GetEtplId())), "status", tplStatus(t), "version", strconv.Itoa(int(t.GetEtplVersion())),
			"operator", strconv.Itoa(int(t.GetOperatorId())),
			"runs", fmt.Sprintf("%d, %d of them well", t.GetEtplExecTimes(), t.GetEtplExecOkTimes()),
			"created", term.Moment(t.GetEtplCreated(), time.Local), "updated", term.Moment(t.GetEtplUpdated(), time.Local),
			"deleted", term.Moment(t.GetEtplDeleted(), time.Local))
		_, err := fmt.Fprintf(a.out, "\n%s", spec.FormatTpl(spec.OfTpl(t)))
		return err
	})
	return cmd
}

func (a *app) tplYAML(ctx context.Context, c *client.Client, t *api.WshExportTpl) error {
	scheds, err := find.SchedsOf(ctx, c.API(), t.GetEtplId())
	if err != nil {
		return err
	}
	file := spec.Tpl{Req: spec.OfTpl(t)}
	for _, sched := range slices.Backward(scheds) { // the oldest first
		file.Scheds = append(file.Scheds, spec.Sched{Req: spec.OfSched(sched)})
	}
	_, err = io.WriteString(a.out, spec.Format(&file))
	return err
}

func (a *app) tplPreview() *cobra.Command {
	var params paramFlags
	var file []string
	var rows int32
	var format string
	cmd := &cobra.Command{
		Use: "preview [TPL]", Short: "Show the first rows of a template, or of a draft in a file",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeTpls,
	}
	o := outputFlag(cmd, "table", "json")
	params.define(cmd)
	cmd.Flags().StringArrayVarP(&file, "file", "f", nil, "`file` with a draft of a template")
	cmd.Flags().Int32Var(&rows, "rows", 0, "number of rows, 1 to 200 (default 20)")
	cmd.Flags().StringVar(&format, "format", "", "csv, xls or xlsx")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.check(); err != nil {
			return err
		}
		if len(args) == len(file) {
			return usagef("want a template or one -f, not both")
		}
		req := &api.WshExportTaskPreviewTplReq{Rows: rows, OperatorId: a.operator()}
		var err error
		if format != "" {
			if req.EtplOutputFormat, err = enumFlag("format", "FMT_", format, api.WshExportFormat_FMT_DEFAULT); err != nil {
				return err
			}
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		decls, err := a.previewed(cmd.Context(), c, req, args, file)
		if err != nil {
			return err
		}
		values, err := params.read(decls)
		if err != nil {
			return err
		}
		if req.Params, err = values.Proto(); err != nil {
			return err
		}
		res, err := c.API().PreviewTpl(cmd.Context(), req)
		if err := client.Check(res, err); err != nil {
			return err
		}
		if o.format == "json" {
			return a.show(res.GetData())
		}
		return a.previewTable(res.GetData())
	}
	return cmd
}

// previewed sets the template or the draft of a preview request.
func (a *app) previewed(ctx context.Context, c *client.Client, req *api.WshExportTaskPreviewTplReq, args, file []string) ([]*api.WshExportParamDecl, error) {
	if len(args) == 1 {
		t, err := find.Tpl(ctx, c.API(), args[0], a.operator())
		req.EtplId = t.GetEtplId()
		return t.GetEtplParams(), err
	}
	tpls, err := load(file, a.in)
	if err != nil {
		return nil, err
	}
	if len(tpls) != 1 {
		return nil, usagef("file: %d templates in it, want one", len(tpls))
	}
	req.Draft = tpls[0].Req
	return tpls[0].Req.GetEtplParams(), nil
}

func (a *app) previewTable(p *api.WshExportPreview) error {
	var headers []string
	for _, c := range p.GetColumns() {
		headers = append(headers, term.Plain(c.GetLabel()))
	}
	t := term.NewTable(headers...)
	for _, r := range p.GetRows() {
		cells := make([]string, len(r.GetCells()))
		for i, c := range r.GetCells() {
			if cells[i] = term.Cut(term.Plain(c.GetText()), 60); c.GetIsNull() {
				cells[i] = "NULL"
			}
		}
		t.Row(cells...)
	}
	if _, err := t.WriteTo(a.out); err != nil {
		return err
	}
	for _, w := range p.GetWarnings() {
		fmt.Fprintln(a.err, "warning:", term.Plain(w.GetText()))
	}
	if p.GetMore() {
		fmt.Fprintln(a.err, "there are more rows")
	}
	return nil
}

func (a *app) tplUpdate() *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use: "update TPL -f FILE", Short: "Update a template from a YAML file, without its schedules",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeTpls,
	}
	fileFlag(cmd, &files, "`file` of the template, - for the standard input")
	cmd.RunE = a.tplArg(func(ctx context.Context, c *client.Client, t *api.WshExportTpl) error {
		tpls, err := load(files, a.in)
		if err != nil {
			return err
		}
		if len(tpls) != 1 {
			return usagef("file: %d templates in it, want one", len(tpls))
		}
		u := spec.UpdateTpl(t, tpls[0].Req)
		u.OperatorId = a.operator()
		res, err := c.API().UpdateTpl(ctx, u)
		if err := client.Check(res, err); err != nil {
			return fmt.Errorf("%s: %w", tpls[0].Where, err)
		}
		_, err = fmt.Fprintf(a.out, "template %d is version %d\n", t.GetEtplId(), res.GetData().GetEtplVersion())
		return err
	})
	return cmd
}

func (a *app) tplDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete TPL", Short: "Delete a template, but not its instances and their files",
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeTpls,
	}
	yesFlag(cmd, &yes)
	cmd.RunE = a.tplArg(func(ctx context.Context, c *client.Client, t *api.WshExportTpl) error {
		if ok, err := a.sure(yes, fmt.Sprintf("Delete template %d %q?", t.GetEtplId(), t.GetEtplName())); !ok {
			return err
		}
		res, err := c.API().DeleteTpl(ctx, &api.WshExportTaskDeleteTplReq{EtplId: t.GetEtplId(), OperatorId: a.operator()})
		return client.Check(res, err)
	})
	return cmd
}

func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask")
}

// sure asks for confirmation unless --yes was given.
func (a *app) sure(yes bool, question string) (bool, error) {
	if yes {
		return true, nil
	}
	return a.ask(question)
}
