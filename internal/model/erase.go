package model

import (
	"context"
	"fmt"
)

// Erasure says what EraseInst erases, who asked for it and why.
type Erasure struct {
	Operator int32
	Reason   string
	Params   bool // the parameter values and whatever was derived from them, too
}

// EraseInst makes the files of an ended instance unreachable and returns the
// instance with its files, which the caller removes from the store. SUCCEEDED
// becomes EXPIRED, and deliveries that still wait fail. An instance that has not
// ended is a WrongState. Calling EraseInst again is allowed, and returns the files
// again.
func (d *DB) EraseInst(ctx context.Context, id int64, e Erasure) (*Inst, []File, error) {
	const EXPIRE = `UPDATE welife_export_inst SET state = ?, leaseUntil = NULL, updated = UTC_TIMESTAMP(6)
		WHERE einstId = ? AND state = ?`
	err := d.inTx(ctx, func(t *tx) error {
		in, err := d.getInst(ctx, t, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if !in.State.Ended() {
			return Errorf(WrongState, "einstId: %d is %s; cancel it before it is erased", id, in.State)
		}
		if in.State == StateSucceeded {
			if err := execOne(ctx, t, EXPIRE, StateExpired, id, StateSucceeded); err != nil {
				return fmt.Errorf("erase instance %d: %w", id, err)
			}
			if err := failDeliveries(ctx, t, []int64{id}); err != nil {
				return err
			}
		}
		if e.Params {
			if err := eraseParams(ctx, t, in); err != nil {
				return err
			}
		}
		if err := t.audit(ctx, eraseEntry(in, e)); err != nil {
			return err
		}
		return addEvent(ctx, t, e.Operator, "erased: "+e.Reason, id)
	})
	if err != nil {
		return nil, nil, err
	}
	in, err := d.GetInst(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	files, err := d.files(ctx, id)
	return in, files[id], err
}

// eraseEntry returns the audit entry of an erasure. The reason is the one text of
// a caller that the audit log holds.
func eraseEntry(in *Inst, e Erasure) AuditEntry {
	what := "files: "
	if e.Params {
		what = "files and parameters: "
	}
	return AuditEntry{Action: AuditErase, Kind: AuditInst, ObjectID: in.ID, Operator: in.OperatorID, By: e.Operator, Detail: what + e.Reason}
}

// eraseParams erases the parameter values of an instance, and the texts that can
// repeat them: file names, the patterns of destinations, what deliveries wrote,
// error messages, and the reasons of earlier events.
func eraseParams(ctx context.Context, t *tx, in *Inst) error {
	const (
		INST     = `UPDATE welife_export_inst SET params = ?, deliverTo = ?, notify = '{}', etplOptions = ?, errMsg = '' WHERE einstId = ?`
		FILES    = `UPDATE welife_export_file SET name = CONCAT('erased-', seq) WHERE einstId = ?`
		NOTICES  = `UPDATE welife_export_delivery SET state = ?, finished = UTC_TIMESTAMP(6), nextAt = NULL WHERE einstId = ? AND nextAt IS NOT NULL`
		DELIVERY = `UPDATE welife_export_delivery SET location = '', errMsg = '', notice = '{}' WHERE einstId = ?`
		EVENTS   = `UPDATE welife_export_event SET reason = '' WHERE einstId = ?`
	)
	options := in.Options
	options.V.FileName = ""
	if _, err := t.ExecContext(ctx, INST, JSON[[]Param]{V: []Param{}}, JSON[[]DeliverTo]{V: []DeliverTo{}}, options, in.ID); err != nil {
		return fmt.Errorf("erase the parameters of instance %d: %w", in.ID, err)
	}
	// Paths and subjects of notices can hold values too.
	if _, err := t.ExecContext(ctx, NOTICES, DeliveryFailed, in.ID); err != nil {
		return fmt.Errorf("erase the parameters of instance %d: %w", in.ID, err)
	}
	for _, statement := range []string{FILES, DELIVERY, EVENTS} {
		if _, err := t.ExecContext(ctx, statement, in.ID); err != nil {
			return fmt.Errorf("erase the parameters of instance %d: %w", in.ID, err)
		}
	}
	return nil
}
