package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporttask/api"
	"exporttask/client"
	"exporttask/cmd/exportctl/internal/term"
)

func (a *app) auditCommand() *cobra.Command {
	return group("audit", "Show who did what, and verify the audit log", a.auditList(), a.auditVerify())
}

func (a *app) auditList() *cobra.Command {
	var actions []string
	var kind string
	var most int
	req := &api.WshExportTaskListAuditReq{}
	cmd := &cobra.Command{
		Use: "list", Short: "List rows of the audit log, newest first", Args: cobra.NoArgs,
		Example: `  exportctl audit list --kind inst --id 42
  exportctl audit list --action download,preview --from 2026-03-01T00:00:00Z`,
	}
	o := outputFlag(cmd, "table", "json")
	f := cmd.Flags()
	f.StringSliceVar(&actions, "action", nil, "only these actions: create, change, delete, run, cancel, retry, preview, download, deliver, erase, refuse")
	f.StringVar(&kind, "kind", "", "only objects of this kind: tpl, sched, inst, file, delivery, log")
	f.Int64Var(&req.ObjectId, "id", 0, "only the object with this id; needs --kind")
	f.StringVar(&req.Token, "token", "", "only actions with the token of this name")
	f.StringVar(&req.From, "from", "", "only actions from this time on, RFC 3339")
	f.StringVar(&req.To, "to", "", "only actions before this time, RFC 3339")
	f.IntVarP(&most, "limit", "n", 50, "maximum number of lines")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if err := o.check(); err != nil {
			return err
		}
		req.OperatorId = a.operator()
		for _, s := range actions {
			action, err := enumFlag("action", "AUDIT_", s, api.WshExportAuditAction_AUDIT_UNSPECIFIED)
			if err != nil {
				return err
			}
			req.Actions = append(req.Actions, action)
		}
		if kind != "" {
			if req.Kind, err = enumFlag("kind", "AUDIT_", kind, api.WshExportAuditKind_AUDIT_NOTHING); err != nil {
				return err
			}
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		rows, err := auditRows(cmd.Context(), c, req, most)
		if err != nil {
			return err
		}
		return list(a, o, rows, func() *term.Table {
			t := term.NewTable(">ROW", "AT", "ACTION", "OBJECT", ">OPERATOR", ">BY", "TOKEN", "FROM", "VIA", "REQUEST", "")
			for _, r := range rows {
				t.Row(strconv.FormatInt(r.GetAuditId(), 10), term.Moment(r.GetAt(), time.Local), stateName(r.GetAction(), "AUDIT_"), auditObject(r),
					strconv.Itoa(int(r.GetOperatorId())), strconv.Itoa(int(r.GetByOperator())), r.GetToken(), r.GetPeer(), r.GetVia(), r.GetRequestId(), r.GetDetail())
			}
			return t
		})
	}
	return cmd
}

// auditObject returns the object of a row, such as "inst 42".
func auditObject(r *api.WshExportAudit) string {
	if r.GetKind() == api.WshExportAuditKind_AUDIT_NOTHING {
		return ""
	}
	return strings.TrimSpace(strings.ToLower(stateName(r.GetKind(), "AUDIT_")) + " " + number(r.GetObjectId()))
}

// auditRows returns the newest rows that match req, at most so many.
func auditRows(ctx context.Context, c *client.Client, req *api.WshExportTaskListAuditReq, most int) ([]*api.WshExportAudit, error) {
	const page = 1000
	var all []*api.WshExportAudit
	for len(all) < most {
		req.PageSize = int32(min(page, most-len(all)))
		res, err := c.API().ListAudit(ctx, req)
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

func (a *app) auditVerify() *cobra.Command {
	var expect []string
	cmd := &cobra.Command{
		Use: "verify", Short: "Verify that no row of the audit log was changed or removed", Args: cobra.NoArgs,
		Long: `Verify that no row of the audit log was changed or removed.

All rows are read and their hashes computed here. The last line is the head of
the chain; keep it elsewhere and give it to a later verification with --expect,
which then notices if the end of the chain was cut off or all of it was computed
again. Needs a token with the scope admin.`,
		Example: "  exportctl audit verify --expect 1000000:5c0b5f7f…",
	}
	cmd.Flags().StringSliceVar(&expect, "expect", nil, "`ID:HASH` of rows that must be there, as earlier verifications printed them")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		expected, err := parseLinks(expect)
		if err != nil {
			return usagef("expect: %w", err)
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		got, err := verifyAudit(cmd.Context(), c, expected)
		if err != nil {
			return err
		}
		for _, problem := range got.Problems {
			fmt.Fprintln(a.err, problem)
		}
		if got.More > 0 {
			fmt.Fprintf(a.err, "and %d more\n", got.More)
		}
		if n := len(got.Problems) + got.More; n > 0 {
			return fmt.Errorf("the audit log is broken in %d places", n)
		}
		first := got.Last.ID - got.Rows + 1
		_, err = fmt.Fprintf(a.out, "%s rows, %d to %d, unbroken\nhead %s\n", term.Count(got.Rows), first, cmp.Or(got.Last.ID, first), got.Last)
		return err
	}
	return cmd
}
