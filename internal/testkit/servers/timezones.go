package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	sqlHasZone = `SELECT COUNT(*) FROM mysql.time_zone_name WHERE Name = ?`
	sqlAddZone = `INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')`
	sqlAddType = "INSERT INTO mysql.time_zone_transition_type" +
		" (Time_zone_id, Transition_type_id, `Offset`, Is_DST, Abbreviation) VALUES (?, ?, ?, ?, ?)"
	sqlAddChange = `INSERT INTO mysql.time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) VALUES (?, ?, ?)`
	sqlAddName   = `INSERT INTO mysql.time_zone_name (Name, Time_zone_id) VALUES (?, ?)`
)

// zoneType is an offset that is in force for a while: a row of
// mysql.time_zone_transition_type.
type zoneType struct {
	offset int // seconds east of UTC
	dst    bool
	abbr   string
}

// zoneChange is the moment, in Unix seconds, from which on a zone's type of
// this index is in force: a row of mysql.time_zone_transition.
type zoneChange struct {
	at    int64
	which int
}

// LoadTimeZones makes named time zones known to the server, such as
// Asia/Shanghai; until then CONVERT_TZ with a name gives NULL. It takes their
// rules from Go's time zone database, for the years 1901 to 2038. Zones the
// server knows stay as they are.
func (s *DBServer) LoadTimeZones(ctx context.Context, names ...string) (err error) {
	db, err := s.OpenRoot("mysql")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, name := range names {
		if err := loadZone(ctx, db, name); err != nil {
			return fmt.Errorf("load time zone %s: %w", name, err)
		}
	}
	return nil
}

// loadZone adds one zone. Its name is inserted last, so that a zone that has a name
// is complete.
func loadZone(ctx context.Context, db *sql.DB, name string) error {
	var known int
	if err := db.QueryRowContext(ctx, sqlHasZone, name).Scan(&known); err != nil || known > 0 {
		return err
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return err
	}
	res, err := db.ExecContext(ctx, sqlAddZone)
	if err != nil {
		return err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	types, changes := zoneRules(loc)
	for i, t := range types {
		if _, err := db.ExecContext(ctx, sqlAddType, id, i, t.offset, t.dst, t.abbr); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if _, err := db.ExecContext(ctx, sqlAddChange, id, c.at, c.which); err != nil {
			return err
		}
	}
	_, err = db.ExecContext(ctx, sqlAddName, name, id)
	return err
}

// zoneRules lists a zone's types and changes within the range of TIMESTAMP,
// signed 32 bits. The first change is the range's beginning.
func zoneRules(loc *time.Location) ([]zoneType, []zoneChange) {
	var (
		types   []zoneType
		changes []zoneChange
		index   = map[zoneType]int{}
	)
	for at := int64(math.MinInt32); ; {
		t := time.Unix(at, 0).In(loc)
		abbr, offset := t.Zone()
		typ := zoneType{offset: offset, dst: t.IsDST(), abbr: abbr}
		which, ok := index[typ]
		if !ok {
			which = len(types)
			index[typ] = which
			types = append(types, typ)
		}
		changes = append(changes, zoneChange{at: at, which: which})
		_, end := t.ZoneBounds()
		if end.IsZero() || end.Unix() > math.MaxInt32 {
			return types, changes
		}
		at = end.Unix()
	}
}
