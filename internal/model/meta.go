package model

import (
	"context"
	"fmt"
)

// VerifyStoreID holds the database's word for the store that its files are in
// against the store itself. agree gets the id that the database keeps, empty
// where it keeps none, and returns the id to keep from now on, or why the
// store is not the right one. Processes that start at once wait for each
// other here.
func (d *DB) VerifyStoreID(ctx context.Context, agree func(kept string) (string, error)) error {
	// The INSERT locks the row, whether it was there or not.
	const LOCK = `INSERT INTO welife_export_meta (name, value) VALUES ('store', '') ON DUPLICATE KEY UPDATE name = name`
	const SELECT = `SELECT value FROM welife_export_meta WHERE name = 'store'`
	const UPDATE = `UPDATE welife_export_meta SET value = ? WHERE name = 'store'`
	return d.inTx(ctx, func(t *tx) error {
		if _, err := t.ExecContext(ctx, LOCK); err != nil {
			return fmt.Errorf("lock the store's id: %w", err)
		}
		var kept string
		if err := t.GetContext(ctx, &kept, SELECT); err != nil {
			return fmt.Errorf("read the store's id: %w", err)
		}
		id, err := agree(kept)
		if err != nil || id == kept {
			return err
		}
		if _, err := t.ExecContext(ctx, UPDATE, id); err != nil {
			return fmt.Errorf("keep the store's id: %w", err)
		}
		return nil
	})
}
