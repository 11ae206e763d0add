package client_test

import (
	"context"
	"testing"
	"time"

	"exporttask/api"
	"exporttask/client"
	"exporttask/internal/testkit/exportdtest"
)

// patient is how long a test waits for what has to come.
const patient = 30 * time.Second

// shop has a table of orders, wide enough for a download of many chunks.
var shop = []string{
	`CREATE TABLE orders (id BIGINT PRIMARY KEY, no VARCHAR(20), paid DATE, remark VARCHAR(1000))`,
	`INSERT INTO orders SELECT seq, LPAD(seq, 8, '0'), DATE('2026-01-01') + INTERVAL seq DIV 100 DAY, REPEAT(MD5(seq), 30) FROM seq_1_to_2000`,
}

const (
	allOrders  = "SELECT * FROM orders ORDER BY id"
	orderCount = 2000
)

// newSite is a site with a shop.
func newSite(t *testing.T, args ...string) *exportdtest.Site {
	t.Helper()
	s := exportdtest.NewSite(t, args...)
	s.Exec(t, shop...)
	return s
}

func dial(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patient)
	defer stop()
	c, err := client.Dial(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// makeTpl saves a template.
func makeTpl(t *testing.T, c *client.Client, sql string, params ...*api.WshExportParamDecl) int32 {
	t.Helper()
	res, err := c.API().CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: t.Name(), EtplExpr: sql, EtplParams: params})
	if err := client.Check(res, err); err != nil {
		t.Fatal(err)
	}
	return res.GetData().GetEtplId()
}
