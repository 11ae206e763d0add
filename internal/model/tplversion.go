package model

import (
	"context"
	"fmt"
	"time"
)

// maxTplVersions is the number of versions of one template that are kept.
const maxTplVersions = 500

// TplVersion is a version of a template, or its deletion.
type TplVersion struct {
	TplID      int32     `db:"etplId"`
	Version    int32     `db:"etplVersion"`
	Deleted    bool      `db:"deleted"`
	At         time.Time `db:"at"`
	OperatorID int32     `db:"operatorId"` // who made the change; 0: unknown
	ChangedBy  string    `db:"changedBy"`  // name of the token or person; empty: unknown
	Tpl        JSON[Tpl] `db:"content"`    // as it was then, without counters
}

// Key orders the versions of one template.
func (v *TplVersion) Key() int64 {
	key := int64(v.Version) * 2
	if v.Deleted {
		key++
	}
	return key
}

// keepVersion keeps a template as the version that the caller has made of it.
func (t *tx) keepVersion(ctx context.Context, tpl Tpl, deleted bool) error {
	const INSERT = `INSERT INTO welife_export_tpl_version (etplId, etplVersion, deleted, at, operatorId, changedBy, content)
		VALUES (?, ?, ?, UTC_TIMESTAMP(6), ?, ?, ?)`
	const PRUNE = `DELETE FROM welife_export_tpl_version WHERE etplId = ? AND etplVersion <= ?`
	by, mark := actor(ctx), 0
	if deleted {
		mark = 1
	}
	_, err := t.ExecContext(ctx, INSERT, tpl.ID, tpl.Version, mark, by.Operator, plainLine(by.Token, maxAuditText), versionContent(tpl))
	if err == nil && tpl.Version > maxTplVersions {
		_, err = t.ExecContext(ctx, PRUNE, tpl.ID, tpl.Version-maxTplVersions)
	}
	if err != nil {
		return fmt.Errorf("keep version %d of template %d: %w", tpl.Version, tpl.ID, err)
	}
	return nil
}

// keepEarlier keeps a template as it was before a change if its version is not
// kept yet: a release without versions has made it.
func (t *tx) keepEarlier(ctx context.Context, tpl Tpl) error {
	const INSERT = `INSERT IGNORE INTO welife_export_tpl_version (etplId, etplVersion, deleted, at, operatorId, changedBy, content)
		VALUES (?, ?, 0, ?, 0, '', ?)`
	if _, err := t.ExecContext(ctx, INSERT, tpl.ID, tpl.Version, tpl.Updated, versionContent(tpl)); err != nil {
		return fmt.Errorf("keep version %d of template %d: %w", tpl.Version, tpl.ID, err)
	}
	return nil
}

func versionContent(tpl Tpl) JSON[Tpl] {
	tpl.ExecTimes, tpl.ExecOkTimes = 0, 0
	return JSON[Tpl]{V: tpl}
}

// ListTplVersions returns at most limit versions of a template, newest first, also
// of a deleted one: those with a key below before, 0 for all.
func (d *DB) ListTplVersions(ctx context.Context, id int32, before int64, limit int) ([]TplVersion, error) {
	const SELECT = `SELECT etplId, etplVersion, deleted, at, operatorId, changedBy, content FROM welife_export_tpl_version
		WHERE etplId = ? AND (? = 0 OR etplVersion * 2 + deleted < ?) ORDER BY etplVersion DESC, deleted DESC LIMIT ?`
	t, err := d.GetTpl(ctx, id)
	if err != nil {
		return nil, err
	}
	var list []TplVersion
	if err := d.db.SelectContext(ctx, &list, SELECT, id, before, before, limit); err != nil {
		return nil, fmt.Errorf("list versions of template %d: %w", id, err)
	}
	if before == 0 && (len(list) == 0 || list[0].Version < t.Version) {
		// A release without versions has made the current one.
		current := TplVersion{TplID: id, Version: t.Version, At: t.Updated, Tpl: versionContent(*t)}
		list = append([]TplVersion{current}, list[:min(len(list), limit-1)]...)
	}
	for i := range list {
		v := &list[i]
		v.Tpl.V.ID, v.Tpl.V.Version, v.Tpl.V.Created, v.Tpl.V.Updated = id, v.Version, t.Created, v.At
	}
	return list, nil
}
