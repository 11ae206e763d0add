package main

import (
	"context"
	"fmt"
	"strings"

	"exporttask/internal/model"
)

// perYear is the number of instances of a year with 10,000 a day.
const perYear = 10_000 * 365

// sizes runs instances and measures what they take in the tables: one attempt, one
// file, one delivery, four events and three rows of the audit log each.
func (b *bench) sizes(ctx context.Context) error {
	const query = `SELECT o.id, o.no, o.created, o.paid, c.name, c.mail, SUM(i.amount) AS amount
		FROM orders o JOIN customers c ON c.id = o.customer JOIN items i ON i.order_id = o.id
		WHERE o.created >= :window_start AND o.created < :window_end AND o.shop = :shop GROUP BY o.id ORDER BY o.id`
	tpl, err := b.db.CreateTpl(ctx, model.Tpl{Name: "orders of a shop", Source: "default", Expr: query, Status: model.TplNormal}, model.Request{})
	if err != nil {
		return err
	}
	ctx = model.WithActor(ctx, model.Actor{Operator: 7, Token: "reports", Peer: "192.0.2.17", RequestID: "K3DKIB25IIDDMFD4I4QG32DKC5", Via: "grpc"})
	for range b.insts {
		if err := b.runOne(ctx, tpl); err != nil {
			return err
		}
	}
	if _, err := b.db.SealAudit(ctx); err != nil {
		return err
	}
	bytes := map[string]float64{}
	for _, table := range []string{"inst", "event", "file", "delivery", "audit"} {
		if bytes[table], err = b.tableBytes(ctx, table); err != nil {
			return err
		}
	}
	n := float64(b.insts)
	history := bytes["inst"] + bytes["event"] + bytes["file"] + bytes["delivery"]
	b.figure("KiB of an instance with its events, file and delivery", history/n/1024, 4, "%.2f")
	b.figure("KiB of the audit log for an instance that is run, downloaded and delivered", bytes["audit"]/n/1024, 2, "%.2f")
	b.figure("GB a year of instances at 10,000 a day", history/n*perYear/1e9, 0, "%.1f")
	b.figure("GB a year of the audit log at 10,000 instances a day", bytes["audit"]/n*perYear/1e9, 0, "%.1f")
	return nil
}

func (b *bench) runOne(ctx context.Context, tpl *model.Tpl) error {
	in := model.Inst{
		TplID: tpl.ID, TplName: tpl.Name, TplVersion: 1, Source: tpl.Source, Expr: tpl.Expr, OutputFormat: model.FormatCSV, OperatorID: 7,
		TimeoutSec: 60, RetentionSec: 3600, MaxAttempts: 3,
	}
	in.Params.V = []model.Param{{Name: "window_start", Value: "2026-03-01 00:00:00"}, {Name: "window_end", Value: "2026-03-02 00:00:00"}, {Name: "shop", Value: "north"}}
	for _, name := range []string{"id", "no", "created", "paid", "name", "mail", "amount"} {
		in.ResultColumns.V = append(in.ResultColumns.V, model.ResultColumn{Name: name, Type: "VARCHAR"})
	}
	in.DeliverTo.V = []model.DeliverTo{{Destination: "reports", Path: "orders/2026/{name}-2026-03-01"}}
	if _, err := b.db.CreateInst(ctx, in, model.Request{}, 1000); err != nil {
		return err
	}
	claimed, err := b.db.Claim(ctx, "host-1234-0a1b2c3d", 1)
	if err != nil || len(claimed) != 1 {
		return fmt.Errorf("claimed %d, %w", len(claimed), err)
	}
	file := model.File{
		Name: "orders of a shop-1.csv", Key: "12345/1-1/orders of a shop-1.csv", ContentType: "text/csv; charset=utf-8", Rows: 1000, Bytes: 80_000,
		SHA256: make([]byte, 32),
	}
	if err := b.db.Finish(ctx, &claimed[0], model.Result{Rows: 1000, Files: []model.File{file}}); err != nil {
		return err
	}
	err = b.db.Audit(ctx, model.AuditEntry{Action: model.AuditDownload, Kind: model.AuditFile, ObjectID: claimed[0].ID, Operator: 7, Detail: "file 1, 80000 bytes"})
	if err != nil {
		return err
	}
	sent, err := b.db.ClaimDeliveries(ctx, "host-1234-0a1b2c3d", map[string]int{"reports": 1}, model.Lease)
	if err != nil || len(sent) != 1 {
		return fmt.Errorf("claimed %d deliveries, %w", len(sent), err)
	}
	return b.db.FinishDelivery(ctx, &sent[0], "s3://reports/orders/2026/orders of a shop-2026-03-01.csv", "")
}

// tableBytes returns the size of a table with its indexes, rebuilt so that it holds
// no space of removed rows.
func (b *bench) tableBytes(ctx context.Context, table string) (float64, error) {
	table = "welife_export_" + table
	if err := b.maria.Exec(ctx, "USE own", "OPTIMIZE TABLE "+table, "ANALYZE TABLE "+table); err != nil {
		return 0, err
	}
	const SIZE = `SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = 'own' AND table_name = ?`
	var n float64
	err := b.db.SQL().QueryRowContext(ctx, strings.Replace(SIZE, "?", "'"+table+"'", 1)).Scan(&n)
	return n, err
}
