package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

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

func (a *attacker) bearer() map[string]string {
	h := map[string]string{"Content-Type": "application/json"}
	if token := a.site.token["mallory"]; token != "" {
		h["Authorization"] = "Bearer " + token
	}
	return h
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

// manyElements sends lists whose elements take far more memory than their bytes.
func manyElements(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	desc := (&api.WshExportTaskListInstReq{}).ProtoReflect().Descriptor()
	states := desc.Fields().ByName("states").Number()
	packed := protowire.AppendBytes(protowire.AppendTag(nil, states, protowire.BytesType), bytes.Repeat([]byte{1}, 3<<20))
	params := (&api.WshExportTaskCreateInstReq{}).ProtoReflect().Descriptor().Fields().ByName("params").Number()
	empty := bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, params, protowire.BytesType), nil), 1<<20)
	return flood(ctx, 60, func(i int) error {
		if i%2 == 0 {
			req := &api.WshExportTaskListInstReq{}
			req.ProtoReflect().SetUnknown(packed)
			res, err := a.api.ListInst(ctx, req)
			return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
		}
		req := &api.WshExportTaskCreateInstReq{}
		req.ProtoReflect().SetUnknown(empty)
		res, err := a.api.CreateInst(ctx, req)
		return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
	})
}

func manyJSONElements(ctx context.Context, a *attacker) error {
	bodies := []string{
		repeat(`{"params":[`, `{}`, `]}`, 300_000), repeat(`{`, `"a":1`, `}`, 150_000), strings.Repeat(`{"a":`, 100_000), repeat(`{"params":[{"values":[`, `""`, `]}]}`, 300_000),
	}
	return flood(ctx, 80, func(i int) error {
		_, err := a.do(ctx, "POST", "/v1/inst", strings.NewReader(bodies[i%len(bodies)]), a.bearer(), 400, 413)
		return err
	})
}

func malformed(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	bodies := [][]byte{
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x0a, 0xff, 0xff, 0xff, 0x7f}, bytes.Repeat([]byte{0x0b}, 10_000), {0x00}, bytes.Repeat([]byte{0x2a, 2, 0xff, 0xfe}, 100),
	}
	return flood(ctx, 2000, func(i int) error {
		req := &api.WshExportTaskCreateTplReq{}
		req.ProtoReflect().SetUnknown(bodies[i%len(bodies)])
		if _, err := proto.Marshal(req); err != nil {
			return nil //nolint:nilerr // cannot be sent
		}
		res, err := a.api.CreateTpl(ctx, req)
		return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
	})
}

func pageTokens(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	return flood(ctx, 2000, func(i int) error {
		token := []string{"x", strings.Repeat("A", 100_000), "\x00", "' OR 1=1 --", "9223372036854775808"}[i%5]
		res, err := a.api.ListInst(ctx, &api.WshExportTaskListInstReq{PageToken: token, PageSize: 500})
		return wantCode(res, err, codes.InvalidArgument, codes.ResourceExhausted)
	})
}

func silentStreams(ctx context.Context, a *attacker) error {
	ctx = a.site.as(ctx, "mallory")
	for i := range 20 {
		conn, err := a.dialGRPC()
		if err != nil {
			return err
		}
		a.keep(conn)
		b := &attacker{site: a.site, conn: conn}
		for range 200 {
			if _, err := b.openSilently(ctx, service+[]string{"WatchInst", "DownloadInst", "GetInst"}[i%3]); err != nil {
				return err
			}
		}
	}
	return nil
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

// maxWatchStatements is what 2,000 watches may add to the statements a second.
const maxWatchStatements = 20

// manyWatches opens 2,000 watches and compares the statements a second with those
// before.
func manyWatches(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT id, linger(id, 100) AS p FROM items LIMIT 600", nil)
	if err != nil {
		return err
	}
	id, err := a.instance(ctx, tpl)
	if err != nil {
		return err
	}
	defer func() {
		_, _ = a.api.CancelInst(a.site.as(context.WithoutCancel(ctx), "mallory"), &api.WshExportTaskCancelInstReq{EinstId: id})
	}()
	before, err := a.statements(ctx)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	for range 10 {
		conn, err := a.dialGRPC()
		if err != nil {
			return err
		}
		a.keep(conn)
		client := api.NewExportTaskClient(conn)
		err = flood(ctx, 200, func(int) error {
			stream, err := client.WatchInst(a.site.as(watching, "mallory"), &api.WshExportTaskWatchInstReq{EinstId: id})
			if err != nil {
				return err
			}
			res, err := stream.Recv()
			if err := answered(res, err); err != nil {
				return err
			}
			go func() {
				for err == nil {
					_, err = stream.Recv()
				}
			}()
			return nil
		})
		if err != nil {
			return err
		}
	}
	with, err := a.statements(ctx)
	if err != nil {
		return err
	}
	if more := with - before; more > maxWatchStatements {
		return fmt.Errorf("2,000 watches add %.0f statements a second, want at most %d", more, maxWatchStatements)
	}
	return nil
}

// statements measures the statements of the site's account for five seconds.
func (a *attacker) statements(ctx context.Context) (perSecond float64, err error) {
	count := func() (n float64, err error) {
		err = a.site.world.db.QueryRowContext(ctx, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'COM_STMT_EXECUTE'").Scan(&n)
		return n, err
	}
	before, err := count()
	if err != nil {
		return 0, err
	}
	const during = 5 * time.Second
	select {
	case <-time.After(during):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	after, err := count()
	return (after - before) / during.Seconds(), err
}

func httpWatches(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT id, linger(id, 100) AS p FROM items LIMIT 300", nil)
	if err != nil {
		return err
	}
	id, err := a.instance(ctx, tpl)
	if err != nil {
		return err
	}
	defer func() {
		_, _ = a.api.CancelInst(a.site.as(context.WithoutCancel(ctx), "mallory"), &api.WshExportTaskCancelInstReq{EinstId: id})
	}()
	client := &http.Client{Transport: &http.Transport{DialContext: dialer().DialContext}}
	defer client.CloseIdleConnections()
	return flood(ctx, 400, func(int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/v1/inst/%d/watch", a.site.httpAddr, id), http.NoBody)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+a.site.token["mallory"])
		res, err := client.Do(req) //nolint:bodyclose // closed when the attack has ended
		if err != nil {
			return err
		}
		a.keep(res.Body)
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("got %d, want 200", res.StatusCode)
		}
		return nil
	})
}

func previews(ctx context.Context, a *attacker) error {
	return floodWide(ctx, 200, func(int) error {
		ctx, stop := context.WithTimeout(a.site.as(ctx, "mallory"), 10*time.Second)
		defer stop()
		_, _ = a.api.PreviewTpl(ctx, &api.WshExportTaskPreviewTplReq{Draft: &api.WshExportTaskCreateTplReq{EtplName: "p", EtplExpr: "SELECT id, linger(id, 50) AS p FROM items LIMIT 100"}})
		return nil
	})
}

// multiplyingStatements are short statements whose plan or result is huge. They
// are refused, or end by their limits.
func multiplyingStatements(ctx context.Context, a *attacker) error {
	var ctes strings.Builder
	ctes.WriteString("WITH c0 AS (SELECT 1 AS n)")
	for i := 1; i <= 15; i++ {
		fmt.Fprintf(&ctes, ", c%d AS (SELECT a.n FROM c%d a, c%d b)", i, i-1, i-1)
	}
	statements := []string{
		ctes.String() + " SELECT n FROM c15",
		"SELECT COUNT(*) AS n FROM items a, items b, items c",
		"SELECT id FROM items WHERE CONCAT(note, note, note) REGEXP '(x+x+)+y'",
		"SELECT REPEAT(note, 100000000) AS v FROM items LIMIT 1",
		"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 100000000) SELECT COUNT(*) AS n FROM r",
		"SELECT GROUP_CONCAT(a.note) AS v FROM items a, items b",
		"SELECT " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000) + " AS n",
		"SELECT " + strings.Repeat("1+", 20_000) + "1 AS n",
	}
	return flood(ctx, len(statements), func(i int) error {
		ctx, stop := context.WithTimeout(a.site.as(ctx, "mallory"), 10*time.Second)
		defer stop()
		_, _ = a.api.PreviewTpl(ctx, &api.WshExportTaskPreviewTplReq{Draft: &api.WshExportTaskCreateTplReq{EtplName: "p", EtplExpr: statements[i]}})
		return nil
	})
}

func largeValues(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT REPEAT('x', 50000000) AS v FROM items LIMIT 4", nil)
	if err != nil {
		return nil //nolint:nilerr // refused, which is fine
	}
	for range 4 {
		if _, err := a.instance(ctx, tpl); err != nil {
			return err
		}
	}
	select {
	case <-time.After(8 * time.Second):
	case <-ctx.Done():
	}
	return nil
}

func largeLists(ctx context.Context, a *attacker) error {
	tpl, err := a.template(ctx, "SELECT id FROM items WHERE id IN (:ids) AND id < 0", func(r *api.WshExportTaskCreateTplReq) {
		r.EtplParams = []*api.WshExportParamDecl{{Name: "ids", Type: api.WshExportParamType_PARAM_INT, List: true}}
	})
	if err != nil {
		return err
	}
	values := strings.Split(strings.TrimSuffix(strings.Repeat("1234567890123456789,", 10_000), ","), ",")
	err = flood(ctx, 200, func(int) error {
		_, err := a.api.CreateInst(a.site.as(ctx, "mallory"), &api.WshExportTaskCreateInstReq{EtplId: tpl, Params: []*api.WshExportParam{{Name: "ids", Values: values}}})
		return err
	})
	if err != nil {
		return err
	}
	return flood(ctx, 40, func(int) error {
		_, _ = a.api.ListInst(a.site.as(ctx, "mallory"), &api.WshExportTaskListInstReq{PageSize: 500})
		return nil
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

// wide is a statement of a file of some 20 MB.
const wide = "SELECT a.id, REPEAT(a.note, 40) AS v FROM items a LIMIT 8000"

func unreadDownloads(ctx context.Context, a *attacker) error {
	id, err := a.finished(ctx, wide)
	if err != nil {
		return err
	}
	for range 500 { // whose content is never read
		if _, err := a.api.DownloadInst(a.site.as(ctx, "mallory"), &api.WshExportTaskDownloadInstReq{EinstId: id, ChunkSize: 1 << 20}); err != nil {
			return err
		}
	}
	select {
	case <-time.After(3 * time.Second):
	case <-ctx.Done():
	}
	return nil
}

func tinyChunks(ctx context.Context, a *attacker) error {
	id, err := a.finished(ctx, "SELECT id FROM items LIMIT 2000")
	if err != nil {
		return err
	}
	return flood(ctx, 8, func(int) error {
		stream, err := a.api.DownloadInst(a.site.as(ctx, "mallory"), &api.WshExportTaskDownloadInstReq{EinstId: id, ChunkSize: 1})
		for err == nil {
			_, err = stream.Recv()
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	})
}

func manyRanges(ctx context.Context, a *attacker) error {
	id, err := a.finished(ctx, wide)
	if err != nil {
		return err
	}
	h := a.bearer()
	h["Range"] = "bytes=" + strings.TrimSuffix(strings.Repeat("0-,", 3000), ",")
	return flood(ctx, 50, func(int) error {
		_, err := a.do(ctx, "GET", fmt.Sprintf("/v1/inst/%d/file", id), nil, h, 200, 206, 416)
		return err
	})
}
