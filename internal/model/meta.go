package model

import (
	"context"
	"fmt"
)

// VerifyStoreID checks the id of the file store against the id recorded in the
// database. It calls verify with the recorded id, empty if there is none yet,
// and records the id that verify returns; an error of verify is returned and
// nothing is recorded. Processes that call VerifyStoreID at the same time run
// one after the other, so that all of them get the same id.
func (d *DB) VerifyStoreID(ctx context.Context, verify func(recorded string) (string, error)) error {
	// The INSERT locks the row whether it existed before or not.
	const LOCK = `INSERT INTO welife_export_meta (name, value) VALUES ('store', '') ON DUPLICATE KEY UPDATE name = name`
	const SELECT = `SELECT value FROM welife_export_meta WHERE name = 'store'`
	const UPDATE = `UPDATE welife_export_meta SET value = ? WHERE name = 'store'`
	return d.inTx(ctx, func(t *tx) error {
		if _, err := t.ExecContext(ctx, LOCK); err != nil {
			return fmt.Errorf("lock the id of the store: %w", err)
		}
		var recorded string
		if err := t.GetContext(ctx, &recorded, SELECT); err != nil {
			return fmt.Errorf("read the id of the store: %w", err)
		}
		id, err := verify(recorded)
		if err != nil || id == recorded {
			return err
		}
		return wrap("record the id of the store", execOne(ctx, t, UPDATE, id))
	})
}
