package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// TplOwner returns the operator of a template, also of a deleted one.
func (d *DB) TplOwner(ctx context.Context, id int32) (int32, error) {
	const SELECT = `SELECT operatorId FROM welife_export_tpl WHERE etplId = ?`
	return d.owner(ctx, SELECT, int64(id), "etplId: %d, no such template")
}

// InstOwner returns the operator of an instance.
func (d *DB) InstOwner(ctx context.Context, id int64) (int32, error) {
	const SELECT = `SELECT operatorId FROM welife_export_inst WHERE einstId = ?`
	return d.owner(ctx, SELECT, id, "einstId: %d, no such instance")
}

// SchedOwner returns the operator of a schedule, also of a deleted one.
func (d *DB) SchedOwner(ctx context.Context, id int64) (int32, error) {
	const SELECT = `SELECT operatorId FROM welife_export_sched WHERE eschedId = ?`
	return d.owner(ctx, SELECT, id, "eschedId: %d, no such schedule")
}

// DeliveryOwner returns the operator of a delivery.
func (d *DB) DeliveryOwner(ctx context.Context, id int64) (int32, error) {
	const SELECT = `SELECT operatorId FROM welife_export_delivery WHERE edeliveryId = ?`
	return d.owner(ctx, SELECT, id, "edeliveryId: %d, no such delivery")
}

// owner runs a query for the operator of the object id. If there is no such
// object it returns an Error of kind NotFound with the text missing, a format
// that takes the id.
func (d *DB) owner(ctx context.Context, query string, id int64, missing string) (int32, error) {
	var operator int32
	err := d.db.GetContext(ctx, &operator, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, Errorf(NotFound, missing, id)
	}
	if err != nil {
		return 0, fmt.Errorf("read owner: %w", err)
	}
	return operator, nil
}
