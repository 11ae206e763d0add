package source

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// harmless are the privileges that let an account do no more than read.
var harmless = []string{"SELECT", "SHOW VIEW", "USAGE"}

// grantPattern cuts a line of SHOW GRANTS into privileges and their object.
// The grant of a role has no ON.
var grantPattern = regexp.MustCompile("^GRANT (.+?)(?: ON (.+?))? TO ")

// ExcessGrants asks what the data source's account may do beyond SELECT: one
// text for each privilege and object, such as "INSERT ON `shop`.*". An account
// made for exports has none. A role is reported by its name, since what it
// allows is not looked into.
func (s *Source) ExcessGrants(ctx context.Context) ([]string, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("data source %s: grants: %w", s.name, err)
	}
	stop := c.watch(ctx)
	defer c.close() //nolint:errcheck // the answer is read in full or the error is told
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

// excessOf names the privileges of one line of SHOW GRANTS that are not
// harmless.
func excessOf(grant string) []string {
	m := grantPattern.FindStringSubmatch(grant)
	if m == nil {
		return []string{"a grant that cannot be read"} // and may hold a hash
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

// splitPrivileges splits at the commas outside of parentheses.
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
