package model

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Event is one change of the state of an instance.
type Event struct {
	ID         int64     `db:"eventId"`
	InstID     int64     `db:"einstId"`
	At         time.Time `db:"at"`
	State      State     `db:"state"` // the state after the change
	Attempt    int32     `db:"attempt"`
	Worker     string    `db:"worker"`
	OperatorID int32     `db:"operatorId"` // who asked for the change; 0: the service itself
	Reason     string    `db:"reason"`
}

// addEvent adds one event for each instance, with the state that the instance
// has at this point of the transaction.
func addEvent(ctx context.Context, t *tx, operator int32, reason string, ids ...int64) error {
	const INSERT = `INSERT INTO welife_export_event (einstId, at, state, attempt, worker, operatorId, reason)
		SELECT einstId, UTC_TIMESTAMP(6), state, attempt, owner, ?, ? FROM welife_export_inst WHERE einstId IN (?)`
	res, err := t.ExecContext(ctx, INSERT, operator, reason, ids)
	if err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n != int64(len(ids)) {
		return fmt.Errorf("insert event: %w", cmp.Or(err, errRowCount))
	}
	first, err := res.LastInsertId()
	t.marks = append(t.marks, mark{event: first, insts: ids})
	return wrap("insert event", err)
}

// ListEvents returns at most limit events of an instance with an id above after,
// oldest first.
func (d *DB) ListEvents(ctx context.Context, instID, after int64, limit int) ([]Event, error) {
	const EXISTS = `SELECT einstId FROM welife_export_inst WHERE einstId = ?`
	const SELECT = `SELECT eventId, einstId, at, state, attempt, worker, operatorId, reason
		FROM welife_export_event WHERE einstId = ? AND eventId > ? ORDER BY eventId LIMIT ?`
	var id int64
	err := d.db.GetContext(ctx, &id, EXISTS, instID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoInst(instID)
	}
	if err != nil {
		return nil, fmt.Errorf("read instance %d: %w", instID, err)
	}
	var events []Event
	if err := d.db.SelectContext(ctx, &events, SELECT, instID, after, limit); err != nil {
		return nil, fmt.Errorf("list events of instance %d: %w", instID, err)
	}
	return events, nil
}
