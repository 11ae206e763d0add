package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/client"
	"exporttask/cmd/exportctl/internal/find"
	"exporttask/cmd/exportctl/internal/term"
	"exporttask/internal/files"
)

func (a *app) runCommand() *cobra.Command {
	var r runFlags
	cmd := &cobra.Command{
		Use:   "run TPL",
		Short: "Run a template and download the file",
		Long: `Run a template, wait for its end, and download the file.

The format is that of --format, else of the extension of the output file (.csv,
.xls, .xlsx), else of the template. An extension of another format is refused.
Ctrl-C cancels the instance. The output file appears when it is complete, and
replaces an existing file.`,
		Example: `  exportctl run "daily orders" -p from=2026-01-01 -o orders.xlsx
  exportctl run 12 -p shop=3 -p shop=7 -o - | wc -l`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeTpls,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.runTpl(cmd.Context(), args[0], &r) },
	}
	r.params.define(cmd)
	cmd.Flags().StringVarP(&r.out, "output", "o", "", "`file` or folder to write to, - for standard output (default: the file's own name in the current folder)")
	cmd.Flags().StringVar(&r.format, "format", "", "csv, xls or xlsx")
	cmd.Flags().StringVar(&r.requestID, "request-id", "", "idempotency `key`: a second run with the same id returns the instance of the first")
	cmd.Flags().BoolVarP(&r.quiet, "quiet", "q", false, "print nothing but errors")
	cmd.Flags().BoolVar(&r.detach, "detach", false, "print the id of the instance and do not wait")
	return cmd
}

type runFlags struct {
	params    paramFlags
	out       string
	format    string
	requestID string
	quiet     bool
	detach    bool
}

func (a *app) runTpl(ctx context.Context, ref string, r *runFlags) error {
	format, err := wantedFormat(r.format, r.out)
	if err != nil {
		return err
	}
	c, err := a.dial(ctx)
	if err != nil {
		return err
	}
	tpl, err := find.Tpl(ctx, c.API(), ref, a.operator())
	if n, notID := strconv.ParseInt(ref, 10, 32); r.detach && notID == nil && status.Code(err) == codes.PermissionDenied {
		// A token with only the scope run cannot read the template; its id is enough.
		tpl, err = &api.WshExportTpl{EtplId: int32(n)}, nil
	}
	if err != nil {
		return err
	}
	params, err := r.params.read(tpl.GetEtplParams())
	if err != nil {
		return err
	}
	if r.detach {
		return a.detach(ctx, c, tpl, params, format, r.requestID)
	}
	show := a.progress(r.quiet)
	show.Expected = a.expected(ctx, c, tpl.GetEtplId())
	opts := []client.RunOption{client.WithFormat(format), client.OnProgress(show.Inst)}
	if r.requestID != "" {
		opts = append(opts, client.WithRequestID(r.requestID))
	}
	inst, err := c.Run(ctx, tpl.GetEtplId(), params, opts...)
	if err != nil {
		show.Done()
		return err
	}
	return a.fetch(ctx, c, inst, r.out, show)
}

func (a *app) detach(ctx context.Context, c *client.Client, tpl *api.WshExportTpl, params client.Params, format api.WshExportFormat, requestID string) error {
	list, err := params.Proto()
	if err != nil {
		return err
	}
	res, err := c.API().CreateInst(ctx, &api.WshExportTaskCreateInstReq{
		EtplId: tpl.GetEtplId(), Params: list, EtplOutputFormat: format, OperatorId: a.operator(), RequestId: requestID,
	})
	if err := client.Check(res, err); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, res.GetData().GetEinstId())
	return err
}

// progress returns the display of an instance's progress on standard error.
func (a *app) progress(quiet bool) *term.Progress {
	p := &term.Progress{Out: a.err, Now: time.Now}
	p.Columns, _ = terminal(a.err)
	if quiet {
		p.Out, p.Columns = io.Discard, 0
	}
	return p
}

// expected estimates the number of rows: that of the template's last successful
// instance, or 0 if there is none.
func (a *app) expected(ctx context.Context, c *client.Client, tplID int32) int64 {
	res, err := c.API().ListInst(ctx, &api.WshExportTaskListInstReq{
		EtplId: tplID, States: []api.WshExportInstState{api.WshExportInstState_STATE_SUCCEEDED}, PageSize: 1,
	})
	if client.Check(res, err) != nil || len(res.GetData()) == 0 {
		return 0
	}
	return res.GetData()[0].GetRowsDone()
}

// fetch downloads the file of a succeeded instance to the path, folder or "-"
// that -o gives.
func (a *app) fetch(ctx context.Context, c *client.Client, inst *api.WshExportInst, to string, show *term.Progress) (err error) {
	defer show.Done()
	var size int64
	name := ""
	for _, f := range inst.GetFiles() {
		name, size = f.GetName(), f.GetBytes()
		break
	}
	if to == "-" {
		_, err := c.Download(ctx, inst.GetEinstId(), a.out)
		return err
	}
	if name == "" && to == "" {
		return fmt.Errorf("instance %d is %s and has no file", inst.GetEinstId(), client.StateName(inst.GetState()))
	}
	if info, err := os.Stat(to); to == "" || err == nil && info.IsDir() {
		to = filepath.Join(to, filepath.Base(name)) // a name, never a path
	}
	if err := checkExtension(to, name); err != nil {
		return err
	}
	part, err := files.NewFolder(filepath.Dir(to)).Create(".exportctl-"+rand.Text()+".part", 0o666)
	if err != nil {
		return err
	}
	defer part.Discard()
	counted := &counter{w: part, each: func(done int64) { show.Download(done, size) }}
	if _, err := c.Download(ctx, inst.GetEinstId(), counted); err != nil {
		return err
	}
	if err := part.Commit(filepath.Base(to)); err != nil {
		return err
	}
	show.Done()
	fmt.Fprintf(show.Out, "%s  %s  sha256 %s\n", to, term.Bytes(counted.n), sha(inst))
	return nil
}

func sha(inst *api.WshExportInst) string {
	for _, f := range inst.GetFiles() {
		return f.GetSha256()
	}
	return "-"
}

// counter is a writer that reports the number of bytes written so far.
type counter struct {
	w    io.Writer
	n    int64
	each func(int64)
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.each(c.n)
	return n, err
}
