package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"exporttask/api"
	"exporttask/internal/server"
)

// writers measures transactions of eight writers: without an entry of the audit
// log, with one as the service records it, and with one that is chained at once,
// which the decision record rejects.
func (b *bench) writers(ctx context.Context) error {
	const (
		writers = 8
		each    = 400
		EVENT   = `INSERT INTO welife_export_event (einstId, at, state, attempt, worker, operatorId, reason) VALUES (1, UTC_TIMESTAMP(6), 1, 0, '', 7, 'created')`
		ENTRY   = `INSERT INTO welife_export_audit_new (at, action, kind, objectId, operatorId, byOperator, token, peer, requestId, via, detail)
			VALUES (UTC_TIMESTAMP(6), 4, 3, 1, 7, 7, 'reports', '192.0.2.1', 'r', 'grpc', 'template 1, version 1')`
		LOCK = `UPDATE welife_export_meta SET value = value WHERE name = 'audit-head'`
	)
	took := map[string][]float64{}
	for range 5 {
		for _, way := range []struct {
			name  string
			stmts []string
		}{{"none", []string{EVENT}}, {"waiting", []string{EVENT, ENTRY}}, {"chained", []string{LOCK, EVENT, ENTRY}}} {
			began := time.Now()
			if err := b.transactions(ctx, writers, each, way.stmts); err != nil {
				return err
			}
			took[way.name] = append(took[way.name], time.Since(began).Seconds())
		}
	}
	if _, err := b.db.SealAudit(ctx); err != nil {
		return err
	}
	median := func(name string) float64 {
		slices.Sort(took[name])
		return took[name][len(took[name])/2]
	}
	b.figure("8 writers, transactions with an audit entry / without", median("waiting")/median("none"), 2, "%.2f")
	b.figure("8 writers, transactions that lock the end of the chain / without an entry", median("chained")/median("none"), 0, "%.2f")
	return nil
}

func (b *bench) transactions(ctx context.Context, writers, each int, stmts []string) error {
	errs := make(chan error, writers)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				if err := transaction(ctx, b.db.SQL(), stmts); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	return <-errs
}

func transaction(ctx context.Context, db *sql.DB, stmts []string) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	for _, stmt := range stmts {
		if _, err := tx.ExecContext(ctx, stmt); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}

// verification fills the audit log, and lets exportctl verify it whole, with one row
// changed, and with one row missing.
func (b *bench) verification(ctx context.Context) error {
	began := time.Now()
	const chunk = 100_000
	for from := 0; from < b.rows; from += chunk {
		n := min(chunk, b.rows-from)
		err := b.maria.Exec(ctx, "USE own", fmt.Sprintf(`INSERT INTO welife_export_audit_new (at, action, kind, objectId, operatorId, byOperator, token,
			peer, requestId, via, detail) SELECT UTC_TIMESTAMP(6), 8, 4, seq, 1 + seq %% 100, 1 + seq %% 100, CONCAT('token-', seq %% 200),
			CONCAT('192.0.2.', seq %% 250), MD5(seq), 'grpc', CONCAT('file 1, ', seq, ' bytes') FROM seq_1_to_%d`, n))
		if err != nil {
			return err
		}
		if _, err := b.db.SealAudit(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "%d rows appended in %s\n", b.rows, time.Since(began).Round(time.Second))
	addr, stop, err := b.serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var reads, verifies []float64
	for range 3 {
		began := time.Now()
		if err := b.readAll(ctx); err != nil {
			return err
		}
		reads = append(reads, time.Since(began).Seconds())
		began = time.Now()
		if out, err := b.verify(ctx, addr); err != nil {
			return fmt.Errorf("the log is whole: %w: %s", err, out)
		}
		verifies = append(verifies, time.Since(began).Seconds())
	}
	slices.Sort(reads)
	slices.Sort(verifies)
	b.figure("audit verify of the log, s", verifies[1], 30, "%.1f")
	b.figure("audit verify / reading the rows with one query", verifies[1]/reads[1], 5, "%.2f")
	row := b.rows / 2
	for _, c := range []struct{ what, change, says string }{
		{"changed", `UPDATE welife_export_audit SET operatorId = operatorId + 1 WHERE auditId = %d`, "row %d was changed"},
		{"missing", `DELETE FROM welife_export_audit WHERE auditId = %d`, "row %d is missing"},
	} {
		if err := b.maria.Exec(ctx, "USE own", fmt.Sprintf(c.change, row)); err != nil {
			return err
		}
		out, err := b.verify(ctx, addr)
		missed := 0.0
		if err == nil || !strings.Contains(out, fmt.Sprintf(c.says, row)) {
			missed = 1
			b.ok = false
			fmt.Fprintln(os.Stderr, out)
		}
		b.figure("one "+c.what+" row, not found", missed, 0, "%.0f")
	}
	return nil
}

// serve serves the handlers of the service.
func (b *bench) serve(ctx context.Context) (addr string, stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := grpc.NewServer(grpc.ForceServerCodecV2(server.Codec(nil)))
	api.RegisterExportTaskServer(s, server.New(server.Config{DB: b.db}))
	go func() { _ = s.Serve(listener) }() // ends with stop
	return listener.Addr().String(), s.Stop, nil
}

// readAll reads all rows with one query.
func (b *bench) readAll(ctx context.Context) error {
	rows, err := b.db.SQL().QueryContext(ctx, `SELECT auditId, at, action, kind, objectId, operatorId, byOperator, token, peer, requestId, via,
		detail, prevHash FROM welife_export_audit ORDER BY auditId`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var raw [13]sql.RawBytes
	to := make([]any, len(raw))
	for i := range raw {
		to[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (b *bench) verify(ctx context.Context, addr string) (out string, err error) {
	cmd := exec.CommandContext(ctx, b.ctl, "audit", "verify")
	cmd.Env = []string{"EXPORTCTL_ADDR=" + addr, "HOME=/nonexistent"}
	text, err := cmd.CombinedOutput()
	return string(text), err
}
