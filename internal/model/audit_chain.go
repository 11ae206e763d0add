package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"exporttask/internal/model/auditchain"
)

// sealBatch bounds the entries of one transaction of SealAudit.
const sealBatch = 1000

// auditRow is an entry as it is stored.
type auditRow struct {
	ID         int64     `db:"id"`
	At         time.Time `db:"at"`
	Action     int32     `db:"action"`
	Kind       int32     `db:"kind"`
	ObjectID   int64     `db:"objectId"`
	OperatorID int32     `db:"operatorId"`
	ByOperator int32     `db:"byOperator"`
	Token      string    `db:"token"`
	Peer       string    `db:"peer"`
	RequestID  string    `db:"requestId"`
	Via        string    `db:"via"`
	Detail     string    `db:"detail"`
	Prev       []byte    `db:"prevHash"`
}

const auditColumns = `at, action, kind, objectId, operatorId, byOperator, token, peer, requestId, via, detail`

func (r *auditRow) row() auditchain.Row {
	row := auditchain.Row{
		ID: r.ID, At: r.At, Action: r.Action, Kind: r.Kind, ObjectID: r.ObjectID, OperatorID: r.OperatorID,
		ByOperator: r.ByOperator, Token: r.Token, Peer: r.Peer, RequestID: r.RequestID, Via: r.Via, Detail: r.Detail,
	}
	copy(row.Prev[:], r.Prev)
	return row
}

// SealAudit appends the entries that wait to the chain, each with the hash of the
// row before, and returns their number. Processes that call it at the same time
// run one after the other.
//
// Transactions that record an entry only insert into a table of waiting entries,
// so that they never wait for each other. What commits late gets a later place.
func (d *DB) SealAudit(ctx context.Context) (n int, err error) {
	for {
		some, err := d.sealSome(ctx)
		n += some
		if err != nil || some < sealBatch {
			return n, err
		}
	}
}

func (d *DB) sealSome(ctx context.Context) (n int, err error) {
	const ANY = `SELECT newId FROM welife_export_audit_new LIMIT 1`
	// Without locks: a lock would wait for transactions that are about to commit.
	const SELECT = `SELECT newId AS id, ` + auditColumns + ` FROM welife_export_audit_new ORDER BY newId LIMIT ?`
	const INSERT = `INSERT INTO welife_export_audit (auditId, ` + auditColumns + `, prevHash) VALUES ?`
	const DELETE = `DELETE FROM welife_export_audit_new WHERE newId IN (?)`
	var waiting []int64
	if err := d.db.SelectContext(ctx, &waiting, ANY); err != nil || len(waiting) == 0 {
		return 0, wrap("find audit entries", err)
	}
	err = d.inTx(ctx, func(t *tx) error {
		n = 0
		head, err := lockLink(ctx, t, auditHead)
		if err != nil {
			return err
		}
		var list []auditRow
		if err := t.SelectContext(ctx, &list, SELECT, sealBatch); err != nil {
			return fmt.Errorf("read audit entries: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		ids, rows := make([]int64, len(list)), make([]tuple, len(list))
		for i := range list {
			r := list[i].row()
			ids[i] = r.ID
			r.ID, r.Prev = head.ID+1, head.Hash
			head = auditchain.Link{ID: r.ID, Hash: r.Hash()}
			rows[i] = tuple{
				r.ID, r.At, r.Action, r.Kind, r.ObjectID, r.OperatorID, r.ByOperator, r.Token, r.Peer, r.RequestID, r.Via,
				r.Detail, r.Prev[:],
			}
		}
		if err := execRows(ctx, t, len(rows), INSERT, rows); err != nil {
			return fmt.Errorf("append to the audit log: %w", err)
		}
		if err := execRows(ctx, t, len(ids), DELETE, ids); err != nil {
			return fmt.Errorf("remove audit entries from the waiting ones: %w", err)
		}
		n = len(list)
		return writeLink(ctx, t, auditHead, head)
	})
	return n, err
}

// Rows of welife_export_meta that hold a link of the chain.
const (
	auditHead   = "audit-head"   // the last row
	auditAnchor = "audit-anchor" // the last row that retention has removed
)

// lockLink locks a link until the end of the transaction and returns it.
func lockLink(ctx context.Context, t *tx, name string) (auditchain.Link, error) {
	// The INSERT locks the row whether it existed before or not.
	const LOCK = `INSERT INTO welife_export_meta (name, value) VALUES (?, '') ON DUPLICATE KEY UPDATE name = name`
	if _, err := t.ExecContext(ctx, LOCK, name); err != nil {
		return auditchain.Link{}, fmt.Errorf("lock the audit log: %w", err)
	}
	return readLink(ctx, t, name)
}

// readLink returns a link; the zero Link where none is stored.
func readLink(ctx context.Context, q querier, name string) (l auditchain.Link, err error) {
	const SELECT = `SELECT value FROM welife_export_meta WHERE name = ?`
	var values []string
	if err := q.SelectContext(ctx, &values, SELECT, name); err != nil {
		return l, fmt.Errorf("read %s: %w", name, err)
	}
	if len(values) == 0 || values[0] == "" {
		return l, nil
	}
	l, err = auditchain.ParseLink(values[0])
	return l, wrap(name, err)
}

func writeLink(ctx context.Context, t *tx, name string, l auditchain.Link) error {
	const UPDATE = `UPDATE welife_export_meta SET value = ? WHERE name = ?`
	return wrap("write "+name, execOne(ctx, t, UPDATE, l.String(), name))
}

// AuditChain returns the ends of the chain: anchor is the last row that retention
// has removed, head the last row.
func (d *DB) AuditChain(ctx context.Context) (anchor, head auditchain.Link, err error) {
	if anchor, err = readLink(ctx, d.db, auditAnchor); err != nil {
		return anchor, head, err
	}
	head, err = readLink(ctx, d.db, auditHead)
	return anchor, head, err
}

// ErrAuditBroken is returned by CutAudit if the rows that it would remove are not
// an unbroken part of the chain. They stay.
var ErrAuditBroken = errors.New("the audit log was changed outside of the service")

// cutBatch bounds the rows of one transaction of CutAudit.
const cutBatch = 1000

// CutAudit removes rows that are older than keep from the beginning of the chain,
// at most cutBatch of them, and returns their number. It verifies them first,
// keeps the hash of the last one as the anchor of the rest, and records the
// removal. A chain that is broken there is an ErrAuditBroken.
func (d *DB) CutAudit(ctx context.Context, keep time.Duration) (n int, err error) {
	const SELECT = `SELECT auditId AS id, ` + auditColumns + `, prevHash FROM welife_export_audit
		WHERE auditId > ? ORDER BY auditId LIMIT ?`
	const DELETE = `DELETE FROM welife_export_audit WHERE auditId > ? AND auditId <= ?`
	err = d.inTx(ctx, func(t *tx) error {
		n = 0
		anchor, err := lockLink(ctx, t, auditAnchor)
		if err != nil {
			return err
		}
		var now time.Time
		if err := t.GetContext(ctx, &now, `SELECT UTC_TIMESTAMP(6)`); err != nil {
			return fmt.Errorf("read the time: %w", err)
		}
		var list []auditRow
		if err := t.SelectContext(ctx, &list, SELECT, anchor.ID, cutBatch); err != nil {
			return fmt.Errorf("read old audit rows: %w", err)
		}
		v := auditchain.NewVerifier(anchor)
		for i := range list {
			if !list[i].At.Before(now.Add(-keep)) {
				break
			}
			r := list[i].row()
			v.Add(&r)
			n++
		}
		if n == 0 {
			return nil
		}
		if problems := v.Done().Problems; len(problems) > 0 {
			return fmt.Errorf("%w: %s", ErrAuditBroken, problems[0])
		}
		last := v.Last()
		if err := execRows(ctx, t, n, DELETE, anchor.ID, last.ID); err != nil {
			return fmt.Errorf("remove old audit rows: %w", err)
		}
		if err := writeLink(ctx, t, auditAnchor, last); err != nil {
			return err
		}
		return t.audit(ctx, AuditEntry{
			Action: AuditErase, Kind: AuditLog, ObjectID: last.ID,
			Detail: fmt.Sprintf("rows %d to %d, after audit-retention; hash %s", anchor.ID+1, last.ID, last.Hash),
		})
	})
	return n, err
}
