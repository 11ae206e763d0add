package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"exporttask/api"
)

// tokenAttacks are calls with a token of the scopes read and run.
func tokenAttacks() []attack {
	list := []attack{
		{"token: foreign ids", "", foreignIDs},
		{"token: foreign ids over HTTP", "", foreignFiles},
		{"token: calls beyond the rate", "", beyondRate},
		{"token: lists with millions of elements", "", manyElements},
		{"token: JSON with many elements", "", manyJSONElements},
		{"token: messages that are malformed", "", malformed},
		{"token: broken page tokens", "", pageTokens},
		{"token: streams without a request", "", silentStreams},
		{"token: 2,000 watches", "", manyWatches},
		{"token: 400 watches over HTTP", "", httpWatches},
		{"token: 200 previews at once", "", previews},
		{"token: statements that multiply", "", multiplyingStatements},
		{"token: large values", "", largeValues},
		{"token: lists of large instances", "", largeLists},
		{"token: 2,000 instances at once", "", manyInstances},
		{"token: 1,000 templates", "", manyTemplates},
		{"token: the same requestId at once", "", sameRequestID},
		{"token: cancel and retry storm", "", cancelStorm},
		{"token: schedules that never come due", "", oddSchedules},
		{"token: names of files", "", oddNames},
		{"token: reads of large instances", "", largeReads},
		{"token: requests of 8 MB that never end", "", endlessRequests},
		{"token: requests in frames of a byte", "", tinyFrames},
		{"token: large replies that are not read", "", unreadReplies},
		{"token: downloads that are not read", "", unreadDownloads},
		{"token: downloads in chunks of a byte", "", tinyChunks},
		{"token: ranges of a file", "", manyRanges},
	}
	for i := range list {
		list[i].target = "tokens"
	}
	return list
}

func foreignIDs(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	return flood(ctx, 2000, func(int) error {
		res, err := a.api.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: a.site.inst})
		if err := wantCode(res, err, codes.NotFound); err != nil {
			return err
		}
		cancel, err := a.api.CancelInst(ctx, &api.WshExportTaskCancelInstReq{EinstId: a.site.inst})
		return wantCode(cancel, err, codes.NotFound)
	})
}

func foreignFiles(ctx context.Context, a *attacker) error {
	return flood(ctx, 1000, func(i int) error {
		path := fmt.Sprintf("/v1/inst/%d/%s", a.site.inst, []string{"file", "watch", "events"}[i%3])
		_, err := a.do(ctx, "GET", path, nil, a.bearer(), 404)
		return err
	})
}

func beyondRate(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	var refused atomic.Int64
	err := flood(ctx, 20_000, func(int) error {
		res, err := a.api.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: 1 << 40})
		if wantCode(nil, err, codes.ResourceExhausted) == nil {
			refused.Add(1)
			return nil
		}
		return wantCode(res, err, codes.NotFound)
	})
	return err
}

func sameRequestID(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT 1 AS n", nil)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("race-%d", time.Now().UnixNano())
	var first atomic.Int64
	return floodWide(ctx, 300, func(int) error {
		res, err := a.api.CreateInst(a.site.as(ctx, "mallory"), &api.WshExportTaskCreateInstReq{EtplId: tpl, RequestId: id})
		if err := answered(res, err); err != nil {
			return err
		}
		got := res.GetData().GetEinstId()
		if !first.CompareAndSwap(0, got) && first.Load() != got {
			return fmt.Errorf("two instances for one requestId: %d and %d", first.Load(), got)
		}
		return nil
	})
}

func cancelStorm(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT id, linger(id, 100) AS p FROM items LIMIT 100", nil)
	if err != nil {
		return err
	}
	id, err := a.instance(ctx, tpl)
	if err != nil {
		return err
	}
	ctx = a.site.as(ctx, "mallory")
	return flood(ctx, 1000, func(i int) error {
		if i%2 == 0 {
			res, err := a.api.CancelInst(ctx, &api.WshExportTaskCancelInstReq{EinstId: id, Reason: strings.Repeat("r", i%200)})
			return wantCode(res, err, codes.OK, codes.FailedPrecondition, codes.Aborted, codes.ResourceExhausted)
		}
		res, err := a.api.RetryInst(ctx, &api.WshExportTaskRetryInstReq{EinstId: id})
		if retried := res.GetData().GetEinstId(); retried != 0 {
			_, _ = a.api.CancelInst(ctx, &api.WshExportTaskCancelInstReq{EinstId: retried})
		}
		return wantCode(res, err, codes.OK, codes.FailedPrecondition, codes.Aborted, codes.ResourceExhausted)
	})
}

func manyInstances(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT 1 AS n", nil)
	if err != nil {
		return err
	}
	return flood(ctx, 2000, func(int) error {
		res, err := a.api.CreateInst(a.site.as(ctx, "mallory"), &api.WshExportTaskCreateInstReq{EtplId: tpl})
		return wantCode(res, err, codes.OK, codes.ResourceExhausted)
	})
}

func manyTemplates(ctx context.Context, a *attacker) error {
	return flood(ctx, 1000, func(i int) error {
		res, err := a.api.CreateTpl(a.site.as(ctx, "mallory"), &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: fmt.Sprintf("SELECT %d AS n FROM items WHERE id IN (%s1)", i, strings.Repeat("1,", i%300))})
		return wantCode(res, err, codes.OK, codes.ResourceExhausted)
	})
}

func oddSchedules(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT 1 AS n", nil)
	if err != nil {
		return err
	}
	ctx = a.site.as(ctx, "mallory")
	crons := []string{"0 0 31 2 *", "0 0 30 2 1", "* * * * *", strings.Repeat("0,", 5000) + "0 * * * *", "*/1 */1 */1 */1 *", "TZ=0 * * * * *", "\x00", "0 0 29 2 *"}
	return flood(ctx, 400, func(i int) error {
		res, err := a.api.CreateSched(ctx, &api.WshExportTaskCreateSchedReq{EtplId: tpl, EschedName: "s", Cron: crons[i%len(crons)], Zone: []string{"UTC", "Local", "../../etc/passwd", "Australia/Lord_Howe"}[i%4]})
		if id := res.GetData().GetEschedId(); id != 0 {
			_, _ = a.api.DeleteSched(ctx, &api.WshExportTaskDeleteSchedReq{EschedId: id})
		}
		return wantCode(res, err, codes.OK, codes.InvalidArgument, codes.ResourceExhausted)
	})
}

func oddNames(ctx context.Context, a *attacker) error {
	names := []string{"../../../../tmp/x", "/etc/passwd", "a\x00b", strings.Repeat("n", 200), "..", ".", "CON", "a\r\nSet-Cookie: x", "\u202etxt.exe", "{param.x}{id}{date}"}
	ctx = a.site.as(ctx, "mallory")
	return flood(ctx, 100, func(i int) error {
		res, err := a.api.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{EtplName: names[i%len(names)], EtplExpr: "SELECT 1 AS n"})
		if err := wantCode(res, err, codes.OK, codes.InvalidArgument, codes.ResourceExhausted); err != nil || res.GetErrCode() != "" {
			return err
		}
		inst, err := a.api.CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: res.GetData().GetEtplId()})
		return wantCode(inst, err, codes.OK, codes.InvalidArgument, codes.ResourceExhausted)
	})
}
