package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
)

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

// large makes an instance with 4 MB of parameter values that matches nothing.
func (a *attacker) large(ctx context.Context) (int64, error) {
	tpl, err := a.template(ctx, "SELECT id FROM items WHERE note IN (:notes) AND id < 0", func(r *api.WshExportTaskCreateTplReq) {
		r.EtplParams = []*api.WshExportParamDecl{{Name: "notes", Type: api.WshExportParamType_PARAM_STRING, List: true}}
	})
	if err != nil {
		return 0, err
	}
	values := make([]string, 10_000)
	for i := range values {
		values[i] = strings.Repeat("v", 380)
	}
	res, err := a.api.CreateInst(a.site.as(ctx, "mallory"), &api.WshExportTaskCreateInstReq{EtplId: tpl, Params: []*api.WshExportParam{{Name: "notes", Values: values}}})
	if err := answered(res, err); err != nil {
		return 0, fmt.Errorf("CreateInst: %w", err)
	}
	return res.GetData().GetEinstId(), nil
}

// largeReads reads an instance of 4 MB 100 times at once.
func largeReads(ctx context.Context, a *attacker) error {
	id, err := a.large(ctx)
	if err != nil {
		return err
	}
	return floodWide(ctx, 100, func(int) error {
		res, err := a.api.GetInst(a.site.as(ctx, "mallory"), &api.WshExportTaskGetInstReq{EinstId: id})
		return wantCode(res, err, codes.OK, codes.ResourceExhausted)
	})
}

// unreadReplies reads an instance of 4 MB 250 times at once and takes none of the
// replies, whose windows are one byte.
func unreadReplies(ctx context.Context, a *attacker) error {
	id, err := a.large(ctx)
	if err != nil {
		return err
	}
	body, err := proto.Marshal(&api.WshExportTaskGetInstReq{EinstId: id})
	if err != nil {
		return err
	}
	message := append([]byte{0, 0, 0, 0, byte(len(body))}, body...)
	err = flood(ctx, 4, func(int) error {
		r, err := a.rawHTTP2(ctx)
		if err == nil {
			err = r.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1})
		}
		for i := 0; i < 250 && err == nil; i++ {
			stream := uint32(2*i + 1)
			if err = r.headers(stream, service+"GetInst", hpack.HeaderField{Name: "authorization", Value: "Bearer " + a.site.token["mallory"]}); err == nil {
				err = r.WriteData(stream, true, message)
			}
		}
		return nil //nolint:nilerr // the server closed the connection
	})
	select {
	case <-time.After(5 * time.Second):
	case <-ctx.Done():
	}
	return err
}
