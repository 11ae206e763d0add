package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// TplOwner returns the operator of a template, a deleted one as well.
func (d *DB) TplOwner(ctx context.Context, id int32) (int32, error) {
	const SELECT = `SELECT operatorId FROM welife_export_tpl WHERE etplId = ?`
	return d.owner(ctx, SELECT, int64(id), "etplId: %d, no such template")
}

// InstOwner returns the operator of an instance.
func (d *DB) InstOwner(ctx context.Context, id int64) (int32, error) {
	const SELECT = `SELECT operatorId FROM welife_export_inst WHERE einstId = ?`
	return d.owner(ctx, SELECT, id, "einstId: %d, no such instance")
}

// DeliveryOwner returns the operator of a delivery's instance.
func (d *DB) DeliveryOwner(ctx context.Context, id int64) (int32, error) {
	const SELECT = `SELECT operatorId FROM welife_export_delivery WHERE edeliveryId = ?`
	return d.owner(ctx, SELECT, id, "edeliveryId: %d, no such delivery")
}

// owner runs a query for an operator; what is not there is a NotFound that
// reads as missing does.
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
