package source

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
)

// ServerTimeZone as Options.TimeZone leaves the sessions' time zone as the server
// sets it.
const ServerTimeZone = "server"

// A zone is the time zone of a source's sessions.
//
// A server knows an IANA name only if its time zone tables are loaded. For a name
// that it does not know there are two safe substitutes, and each session uses the
// first one that applies:
//
//   - SYSTEM, if the server's system time zone gives the same local times for
//     instants on both sides of each clock change;
//   - the zone's UTC offset, if its clock has not changed since 2000 and does not
//     change within the next years, as in Asia/Shanghai. Local times before 2000
//     can then differ.
//
// An offset is no substitute for a zone with clock changes: half of the year's
// TIMESTAMP values would be an hour wrong. Such a source returns a *ConfigError.
type zone struct {
	name     string         // IANA name; "" for an offset or ServerTimeZone
	location *time.Location // nil for ServerTimeZone
	offset   string         // "+08:00", if the zone has only one offset; "" otherwise

	// substitute is the session time zone for the server that was found not to know
	// the name. Another server behind the same address may need another one.
	substitute *atomic.Pointer[substitute]
}

// substitute is the session time zone for one server: "SYSTEM" or an offset.
type substitute struct {
	value  string
	server identity
}

var offsetPattern = regexp.MustCompile(`^[+-](0\d|1[0-4]):[0-5]\d$`)

// namePattern excludes everything that could end the string literal of a zone.
var namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+/-]*$`)

// parseZone parses Options.TimeZone.
func parseZone(text string) (zone, error) {
	z := zone{substitute: new(atomic.Pointer[substitute])}
	switch {
	case text == ServerTimeZone:
		return z, nil
	case text == "" || text == "UTC" || text == "Etc/UTC" || text == "GMT":
		z.location, z.offset = time.UTC, "+00:00"
		return z, nil
	case offsetPattern.MatchString(text):
		t, err := time.Parse("-07:00", text)
		if err != nil {
			return zone{}, fmt.Errorf("time-zone: %q: %w", text, err)
		}
		_, seconds := t.Zone()
		z.location, z.offset = time.FixedZone(text, seconds), text
		return z, nil
	}
	location, err := time.LoadLocation(text)
	if err != nil || !namePattern.MatchString(text) || text == "Local" || text == "localtime" {
		return zone{}, fmt.Errorf("time-zone: %q, want an IANA name such as Asia/Shanghai, an offset such as +08:00, or %s", text, ServerTimeZone)
	}
	z.name, z.location = text, location
	return z, nil
}

// Location returns the time zone in which the server writes and compares times
// for this source: values of built-in parameters and of schedule windows are
// written in it. For ServerTimeZone it is the server's, as found at the last
// login; before the first one, or if it cannot be determined, it is
// Options.ServiceZone.
func (s *Source) Location() *time.Location {
	if s.zone.location != nil {
		return s.zone.location
	}
	if f := s.facts.Load(); f != nil && f.Location != nil {
		return f.Location
	}
	if s.opts.ServiceZone != nil {
		return s.opts.ServiceZone
	}
	return time.UTC
}

// timestampLocation returns row.Column.Location of a TIMESTAMP.
func (s *Source) timestampLocation() *time.Location {
	if l := s.Location(); l != time.UTC {
		return l
	}
	return nil
}

// session returns the assignment of time_zone for SET on a server; "" leaves the
// server's.
func (z *zone) session(server identity) string {
	value := z.offset
	if z.name != "" {
		value = z.name
		if s := z.substitute.Load(); s != nil && s.server == server {
			value = s.value
		}
	}
	if value == "" {
		return ""
	}
	return "time_zone='" + value + "'"
}

// findSubstitute is called after the server has rejected the zone's name. It
// finds a substitute, or returns a *ConfigError.
func (c *conn) findSubstitute() error {
	z := &c.src.zone
	value := ""
	if c.facts.systemZone {
		same, err := c.sameZone(z.location)
		if err != nil {
			return err
		}
		if same {
			value = "SYSTEM"
		}
	}
	if value == "" && fixedSince2000(z.location) {
		value = time.Now().In(z.location).Format("-07:00")
	}
	if value == "" {
		return &ConfigError{What: fmt.Sprintf("time zone %s: the server has no time zone tables and its own time zone is another one: "+
			"load the tables (mysql_tzinfo_to_sql or mariadb-tzinfo-to-sql), or set the data source's time-zone to an offset or to %q", z.name, ServerTimeZone)}
	}
	found := substitute{value: value, server: c.peer}
	if old := z.substitute.Swap(&found); old == nil || *old != found {
		c.src.log.Warn("the server does not know the data source's time zone and uses a substitute; load its time zone tables", "time_zone", z.name, "substitute", value)
	}
	return nil
}

// fixedSince2000 reports whether the clock of a zone has had one offset since 2000
// and keeps it for ten years.
func fixedSince2000(zone *time.Location) bool {
	_, end := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).In(zone).ZoneBounds()
	return end.IsZero() || end.After(time.Now().AddDate(10, 0, 0))
}

// samples returns instants that tell time zones apart: both sides of each clock
// change from two years ago to two years from now, and one instant in each half
// of a decade from 1985 on.
func samples(zone *time.Location) []time.Time {
	var all []time.Time
	for year := 1985; year < 2035; year += 5 {
		all = append(all, time.Date(year, 1, 15, 12, 0, 0, 0, time.UTC), time.Date(year, 7, 15, 12, 0, 0, 0, time.UTC))
	}
	const maxChanges = 40
	until := time.Now().AddDate(2, 0, 0)
	for t := time.Now().AddDate(-2, 0, 0); len(all) < maxChanges*2; {
		_, change := t.In(zone).ZoneBounds()
		if change.IsZero() || change.After(until) {
			break
		}
		all, t = append(all, change.Add(-time.Second), change), change
	}
	return all
}

// sameZone reports whether the session's time zone gives the same local times as
// zone.
func (c *conn) sameZone(zone *time.Location) (bool, error) {
	var query strings.Builder
	query.WriteString("SELECT ")
	instants := samples(zone)
	for i, t := range instants {
		if i > 0 {
			query.WriteString(", ")
		}
		fmt.Fprintf(&query, "FROM_UNIXTIME(%d)", t.Unix())
	}
	rows, err := c.selectAll(query.String())
	if err != nil {
		return false, err
	}
	if len(rows) != 1 || len(rows[0]) != len(instants) {
		return false, &ProtocolError{What: "result of FROM_UNIXTIME"}
	}
	for i, t := range instants {
		if got, _, _ := strings.Cut(rows[0][i], "."); got != t.In(zone).Format(time.DateTime) {
			return false, nil
		}
	}
	return true, nil
}

// isUnknownZone reports whether the server rejected the name of a time zone.
func isUnknownZone(err error) bool {
	var se *ServerError
	return errors.As(err, &se) && se.Code == mysqlErrUnknownTimeZone
}
