package main

import (
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

func (a *app) deliveryCommand() *cobra.Command {
	return group("delivery", "Look at deliveries of finished files, and retry them", a.deliveryList(), a.deliveryRetry())
}

func (a *app) deliveryList() *cobra.Command {
	var inst int64
	var states []string
	var most int
	cmd := &cobra.Command{Use: "list", Short: "List deliveries, newest first", Args: cobra.NoArgs}
	o := outputFlag(cmd, "table", "json")
	cmd.Flags().Int64Var(&inst, "inst", 0, "only deliveries of this instance")
	cmd.Flags().StringSliceVar(&states, "state", nil, "only deliveries in these states: waiting, running, retry_wait, done, failed, skipped")
	cmd.Flags().IntVarP(&most, "limit", "n", 50, "maximum number of lines")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(); err != nil {
			return err
		}
		req := &api.WshExportTaskListDeliveryReq{EinstId: inst, OperatorId: a.operator()}
		for _, s := range states {
			state, err := enumFlag("state", "DELIVERY_", s, api.WshExportDeliveryState_DELIVERY_UNSPECIFIED)
			if err != nil {
				return err
			}
			req.States = append(req.States, state)
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		all, err := deliveries(cmd.Context(), c, req, most)
		if err != nil {
			return err
		}
		return list(a, o, all, func() *term.Table {
			t := term.NewTable(">ID", ">INSTANCE", "EVENT", "STATE", "DESTINATION", "KIND", ">ATTEMPT", "FINISHED", "")
			for _, d := range all {
				t.Row(strconv.FormatInt(d.GetEdeliveryId(), 10), number(d.GetEinstId()), strings.ToLower(stateName(d.GetEvent(), "EVENT_")), stateName(d.GetState(), "DELIVERY_"),
					d.GetDestination(), d.GetKind(), fmt.Sprintf("%d/%d", d.GetAttempt(), d.GetMaxAttempts()),
					term.Moment(d.GetFinished(), time.Local), d.GetLocation()+d.GetErrMsg())
			}
			return t
		})
	}
	return cmd
}

// deliveries returns the newest deliveries that match req, at most so many.
func deliveries(ctx context.Context, c *client.Client, req *api.WshExportTaskListDeliveryReq, most int) ([]*api.WshExportDelivery, error) {
	const page = 200
	var all []*api.WshExportDelivery
	for len(all) < most {
		req.PageSize = int32(min(page, most-len(all)))
		res, err := c.API().ListDelivery(ctx, req)
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

func (a *app) deliveryRetry() *cobra.Command {
	return &cobra.Command{
		Use: "retry ID", Short: "Retry a failed delivery, or a waiting one immediately", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := id("delivery", args[0])
			if err != nil {
				return err
			}
			c, err := a.dial(cmd.Context())
			if err != nil {
				return err
			}
			res, err := c.API().RetryDelivery(cmd.Context(), &api.WshExportTaskRetryDeliveryReq{EdeliveryId: n, OperatorId: a.operator()})
			if err := client.Check(res, err); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "delivery %d is %s\n", n, stateName(res.GetData().GetState(), "DELIVERY_"))
			return err
		},
	}
}
