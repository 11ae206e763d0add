package main

import (
	"context"
	"fmt"

	"exporttask/api"
)

func (a *attacker) bearer() map[string]string {
	h := map[string]string{"Content-Type": "application/json"}
	if token := a.site.token["mallory"]; token != "" {
		h["Authorization"] = "Bearer " + token
	}
	return h
}

// template creates a template of mallory's.
func (a *attacker) template(ctx context.Context, expr string, change func(*api.WshExportTaskCreateTplReq)) (int32, error) {
	req := &api.WshExportTaskCreateTplReq{EtplName: "mallory", EtplExpr: expr, EtplMaxAttempts: 1}
	if change != nil {
		change(req)
	}
	res, err := a.api.CreateTpl(a.site.as(ctx, "mallory"), req)
	if err := answered(res, err); err != nil {
		return 0, fmt.Errorf("CreateTpl: %w", err)
	}
	return res.GetData().GetEtplId(), nil
}

func (a *attacker) instance(ctx context.Context, tpl int32) (int64, error) {
	res, err := a.api.CreateInst(a.site.as(ctx, "mallory"), &api.WshExportTaskCreateInstReq{EtplId: tpl})
	if err := answered(res, err); err != nil {
		return 0, fmt.Errorf("CreateInst: %w", err)
	}
	return res.GetData().GetEinstId(), nil
}

// finished exports a statement and returns the instance.
func (a *attacker) finished(ctx context.Context, expr string) (int64, error) {
	tpl, err := a.template(ctx, expr, nil)
	if err != nil {
		return 0, err
	}
	id, err := a.instance(ctx, tpl)
	if err != nil {
		return 0, err
	}
	stream, err := a.api.WatchInst(a.site.as(ctx, "mallory"), &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		return 0, err
	}
	for {
		res, err := stream.Recv()
		if err != nil {
			return 0, fmt.Errorf("the export did not succeed: %w", err)
		}
		if res.GetData().GetState() == api.WshExportInstState_STATE_SUCCEEDED {
			return id, nil
		}
	}
}
