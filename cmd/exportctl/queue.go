package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"exporttask/api"
	"exporttask/client"
	"exporttask/cmd/exportctl/internal/term"
)

func (a *app) queueCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "queue", Short: "Show waiting and running instances by operator and by worker", Args: cobra.NoArgs}
	o := outputFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.check(); err != nil {
			return err
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		q, err := a.queue(cmd.Context(), c)
		if err != nil {
			return err
		}
		if o.format == "json" {
			return a.show(q)
		}
		operators := term.NewTable(">OPERATOR", ">WAITING", ">OLDEST", ">RETRYING", ">RUNNING")
		for _, p := range q.GetOperators() {
			operators.Row(strconv.Itoa(int(p.GetOperatorId())), term.Count(p.GetWaiting()), term.Span(time.Duration(p.GetOldestSec())*time.Second),
				term.Count(p.GetRetrying()), term.Count(p.GetRunning()))
		}
		workers := term.NewTable("WORKER", ">RUNNING")
		for _, w := range q.GetWorkers() {
			workers.Row(w.GetWorker(), term.Count(w.GetRunning()))
		}
		if _, err := operators.WriteTo(a.out); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
		_, err = workers.WriteTo(a.out)
		return err
	}
	return cmd
}

func (a *app) queue(ctx context.Context, c *client.Client) (*api.WshExportQueue, error) {
	res, err := c.API().GetQueue(ctx, &api.WshExportTaskGetQueueReq{OperatorId: a.operator()})
	return res.GetData(), client.Check(res, err)
}
