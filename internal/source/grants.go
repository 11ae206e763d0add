package source

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// harmless are the privileges that allow reading only, data or the state of
// replication.
var harmless = []string{"SELECT", "SHOW VIEW", "USAGE", "REPLICATION CLIENT", "BINLOG MONITOR", "REPLICA MONITOR", "SLAVE MONITOR"}

// grantPattern splits a line of SHOW GRANTS into privileges and their object. The
// grant of a role has no ON.
var grantPattern = regexp.MustCompile("^GRANT (.+?)(?: ON (.+?))? TO ")

// ExcessGrants returns the privileges of the data source's account beyond reading:
// one text for each privilege and object, such as "INSERT ON `shop`.*". An account
// for exports should have none. A role is reported by its name, because its own
// privileges are not read.
func (s *Source) ExcessGrants(ctx context.Context) ([]string, error) {
	c, err := s.acquire(ctx, short)
	if err != nil {
		return nil, fmt.Errorf("data source %s: grants: %w", s.name, err)
	}
	stop := c.watch(ctx)
	defer c.close() //nolint:errcheck // the result was read completely, or the error is returned
	defer stop()
	rows, err := c.selectAll("SHOW GRANTS")
	if err != nil {
		return nil, fmt.Errorf("data source %s: grants: %w", s.name, err)
	}
	var excess []string
	for _, r := range rows {
		excess = append(excess, excessOf(r[0])...)
	}
	return excess, nil
}

// excessOf returns the privileges of one line of SHOW GRANTS that are not
// harmless.
func excessOf(grant string) []string {
	m := grantPattern.FindStringSubmatch(grant)
	if m == nil {
		return []string{"a grant of unknown form"} // not quoted: the line may contain a password hash
	}
	privileges, object := m[1], m[2]
	if object == "" {
		return []string{"role " + privileges}
	}
	var excess []string
	for _, p := range splitPrivileges(privileges) {
		name, _, _ := strings.Cut(p, " (") // a list of columns
		if !slices.Contains(harmless, name) {
			excess = append(excess, p+" ON "+object)
		}
	}
	if strings.HasSuffix(grant, "WITH GRANT OPTION") {
		excess = append(excess, "GRANT OPTION ON "+object)
	}
	return excess
}

// splitPrivileges splits list at the commas outside parentheses.
func splitPrivileges(list string) []string {
	var all []string
	depth, start := 0, 0
	for i := range len(list) {
		switch list[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				all = append(all, strings.TrimSpace(list[start:i]))
				start = i + 1
			}
		}
	}
	return append(all, strings.TrimSpace(list[start:]))
}
