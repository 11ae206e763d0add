package source

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"exporttask/internal/format/row"
)

// Facts is what the server of a source said about itself at a login.
type Facts struct {
	MariaDB           bool   // MariaDB, else MySQL or a compatible server
	Version           string // @@version, such as "10.11.6-MariaDB" or "8.4.0"
	ZoneTables        bool   // the server knows names of time zones
	GroupConcatMaxLen int64  // the server's group_concat_max_len, in bytes
	// ServerZone is the server's time_zone; "SYSTEM (CST)" names the system's.
	ServerZone string
	// Location is the server's time zone: the service's if both give the same
	// local times, else the offset at the login. It is set by Probe only.
	Location *time.Location

	systemZone bool // the session's time_zone is SYSTEM
	offset     time.Duration
}

// identity distinguishes servers behind the same address.
type identity struct{ host, port, serverID string }

// selectIdentity reads what a session needs to know before it is set up.
const selectIdentity = "SELECT CONNECTION_ID(), @@hostname, @@port, @@server_id, @@max_allowed_packet, @@version, " +
	"CONVERT_TZ('2000-01-01 00:00:00', '+00:00', 'Europe/Moscow') IS NOT NULL, @@group_concat_max_len, " +
	"@@time_zone, @@system_time_zone, TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW())"

// identify reads the connection's full id, of which the greeting has only 32
// bits, the server's identity and its facts.
func (c *conn) identify() error {
	rows, err := c.selectAll(selectIdentity)
	if err != nil {
		return &LoginError{During: "login: identify the server", Err: err}
	}
	if len(rows) != 1 || len(rows[0]) != 11 {
		return &ProtocolError{What: "result of " + selectIdentity}
	}
	r := rows[0]
	if c.id, err = strconv.ParseUint(r[0], 10, 64); err != nil {
		return &ProtocolError{What: "connection id " + r[0]}
	}
	c.peer = identity{host: r[1], port: r[2], serverID: r[3]}
	if c.maxPacket, err = strconv.ParseUint(r[4], 10, 64); err != nil {
		return &ProtocolError{What: "max_allowed_packet " + r[4]}
	}
	f := &c.facts
	f.Version, f.MariaDB = r[5], strings.Contains(strings.ToLower(r[5]), "mariadb") || c.server.mariadb
	f.ZoneTables = r[6] == "1"
	f.GroupConcatMaxLen, _ = strconv.ParseInt(r[7], 10, 64) // 0 if it is larger
	f.ServerZone, f.systemZone = r[8], r[8] == "SYSTEM"
	if f.systemZone {
		f.ServerZone += " (" + r[9] + ")"
	}
	seconds, err := strconv.Atoi(r[10])
	if err != nil {
		return &ProtocolError{What: "offset of the time zone " + r[10]}
	}
	f.offset = time.Duration(seconds) * time.Second
	c.src.learn(*f)
	return nil
}

// learn stores the facts of a login. It keeps the location that a probe found.
func (s *Source) learn(f Facts) {
	if old := s.facts.Load(); old != nil && old.ServerZone == f.ServerZone && old.offset == f.offset {
		f.Location = old.Location
	}
	s.facts.Store(&f)
}

// Facts returns what the server said at the last login, and false before the
// first one.
func (s *Source) Facts() (Facts, bool) {
	f := s.facts.Load()
	if f == nil {
		return Facts{}, false
	}
	return *f, true
}

// Probe logs in, reads the server's facts and returns what an administrator should
// know about the source, one sentence each. It is for the start of the service;
// the errors are those of Prepare.
func (s *Source) Probe(ctx context.Context) (warnings []string, err error) {
	warnings, err = s.probe(ctx)
	if err != nil {
		return nil, fmt.Errorf("data source %s: probe: %w", s.name, err)
	}
	return warnings, nil
}

func (s *Source) probe(ctx context.Context) (warnings []string, err error) {
	c, err := s.acquire(ctx, short)
	if err != nil {
		return nil, err
	}
	stop := c.watch(ctx)
	defer c.close() //nolint:errcheck // no result is lost
	defer stop()

	now := time.Now()
	f := c.facts
	service := s.opts.ServiceZone
	if service == nil {
		service = time.UTC
	}
	same, err := c.sameZone(service) // in the server's own time zone: it is not set yet
	if err != nil {
		return nil, err
	}
	f.Location = service
	if !same {
		f.Location = time.FixedZone(offsetName(f.offset), int(f.offset/time.Second))
	}
	s.facts.Store(&f)

	if want := s.Location(); s.zone.location != nil && !sameOffset(want, f.offset, now) {
		warnings = append(warnings, fmt.Sprintf("the server's time zone is %s, now %s, and the data source's time-zone is %s, now %s: "+
			"columns that applications fill with NOW() hold the server's local time; set time-zone if that is wrong",
			f.ServerZone, offsetName(f.offset), want, now.In(want).Format("-07:00")))
	}
	if s.zone.location == nil && !same {
		warnings = append(warnings, fmt.Sprintf("the server's time zone is %s, now %s, and the service's zone is %s: "+
			"built-in parameters use the server's offset of now, which is wrong after its clock changes; set time-zone to a name", f.ServerZone, offsetName(f.offset), service))
	}
	if !f.ZoneTables {
		warnings = append(warnings, "the server has no time zone tables: CONVERT_TZ with names of zones returns NULL; load them with mysql_tzinfo_to_sql or mariadb-tzinfo-to-sql")
	}
	if err := c.begin(Limits{}, Query{}); err != nil {
		return nil, err
	}
	if s.zone.name != "" && f.ZoneTables {
		same, err := c.sameZone(s.zone.location)
		if err != nil {
			return nil, err
		}
		if !same {
			warnings = append(warnings, fmt.Sprintf("the server's time zone tables have other rules for %s than this program: update them", s.zone.name))
		}
	}
	return warnings, nil
}

// offsetName returns an offset as "+08:00".
func offsetName(d time.Duration) string {
	return time.Unix(0, 0).In(time.FixedZone("", int(d/time.Second))).Format("-07:00")
}

// sameOffset reports whether zone has this UTC offset now.
func sameOffset(zone *time.Location, offset time.Duration, now time.Time) bool {
	_, seconds := now.In(zone).Zone()
	return time.Duration(seconds)*time.Second == offset
}

// Note is a remark on a statement whose values the server does not send as one
// would expect, although the query succeeds.
type Note struct {
	Code string // one of the codes below
	Text string // for a person
}

// The codes of notes.
const (
	// NoteZoneNames: CONVERT_TZ is called with a name of a time zone, and the
	// server has no time zone tables: the result is NULL.
	NoteZoneNames = "ZONE_NAMES_UNKNOWN"
	// NoteFloat: the server writes a FLOAT with six digits.
	NoteFloat = "FLOAT_ROUNDED"
)

// convertTZ finds calls of CONVERT_TZ. Comments and strings may contain one as
// well; a note more does no harm.
var convertTZ = regexp.MustCompile(`(?is)\bCONVERT_TZ\s*\((.*)`)

// zoneOffset finds string literals that are offsets.
var zoneOffset = regexp.MustCompile(`'[+-]\d{1,2}:\d{2}'`)

// Notes returns the notes on a statement and the columns of its result, from the
// facts of the last login.
func (s *Source) Notes(sql string, cols []row.Column) []Note {
	f, known := s.Facts()
	f.ZoneTables = f.ZoneTables || !known
	return f.notes(sql, cols)
}

func (f *Facts) notes(sql string, cols []row.Column) []Note {
	var notes []Note
	if m := convertTZ.FindStringSubmatch(sql); m != nil && !f.ZoneTables && len(zoneOffset.FindAllString(m[1], -1)) < 2*strings.Count(strings.ToUpper(m[0]), "CONVERT_TZ") {
		notes = append(notes, Note{NoteZoneNames, "CONVERT_TZ returns NULL for names of time zones: the data source has no time zone tables; use offsets such as '+08:00', or have mysql_tzinfo_to_sql or mariadb-tzinfo-to-sql run there"})
	}
	isFloat := func(col row.Column) bool { return strings.HasPrefix(col.Type, "FLOAT") && col.Scale < 0 }
	if i := slices.IndexFunc(cols, isFloat); i >= 0 {
		var names []string
		for _, col := range cols[i:] {
			if isFloat(col) {
				names = append(names, strconv.Quote(col.Name))
			}
		}
		notes = append(notes, Note{NoteFloat, "the data source writes FLOAT with six digits: " + strings.Join(names, ", ") + "; select CAST(… AS DOUBLE) for all digits"})
	}
	return notes
}
