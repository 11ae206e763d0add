package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"exporttask/api"
	"exporttask/client"
)

// completeTimeout bounds the wait for names after TAB.
const completeTimeout = 2 * time.Second

// completions is the maximum number of names that are offered.
const completions = 100

// completeTpls completes the name of a template from the service.
func (a *app) completeTpls(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.complete(cmd, args, func(ctx context.Context, c *client.Client) []string {
		res, err := c.API().ListTpl(ctx, &api.WshExportTaskListTplReq{EtplName: begun, OperatorId: a.operator(), PageSize: completions})
		if client.Check(res, err) != nil {
			return nil
		}
		var names []string
		for _, t := range res.GetData() {
			names = append(names, t.GetEtplName())
		}
		return starting(names, begun)
	})
}

// completeScheds completes the name of a schedule from the service.
func (a *app) completeScheds(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.complete(cmd, args, func(ctx context.Context, c *client.Client) []string {
		res, err := c.API().ListSched(ctx, &api.WshExportTaskListSchedReq{EschedName: begun, OperatorId: a.operator(), PageSize: completions})
		if client.Check(res, err) != nil {
			return nil
		}
		var names []string
		for _, s := range res.GetData() {
			names = append(names, s.GetEschedName())
		}
		return starting(names, begun)
	})
}

// complete requests names from the service. An error leads to no completion.
func (a *app) complete(cmd *cobra.Command, args []string, ask func(context.Context, *client.Client) []string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 || a.settings.load(cmd.Flags(), a.getenv) != nil {
		return nil, none
	}
	ctx, stop := context.WithTimeout(cmd.Context(), completeTimeout)
	defer stop()
	c, err := a.dial(ctx)
	if err != nil {
		return nil, none
	}
	return ask(ctx, c), none
}

func starting(names []string, begun string) []string {
	var out []string
	for _, name := range names {
		// Cobra's protocol ends a word at a tab or a line break.
		if strings.HasPrefix(name, begun) && !strings.ContainsAny(name, "\t\n") {
			out = append(out, name)
		}
	}
	return out
}
