// Package hosts takes a DSN with several servers apart. internal/model and
// internal/source use it.
package hosts

import (
	"fmt"
	"strings"
)

// Split returns a DSN for each server of a DSN of go-sql-driver/mysql that lists
// several, such as "user:password@tcp(a:3306,b:3306)/database", in their order.
// Any other DSN is returned as it is. No error contains the password.
func Split(dsn string) ([]string, error) {
	slash := strings.LastIndex(dsn, "/")
	at := strings.LastIndex(dsn[:max(slash, 0)], "@")
	head, tail := dsn[:at+1], dsn[at+1:]
	network, rest, ok := strings.Cut(tail, "(")
	list, after, closed := strings.Cut(rest, ")")
	if !ok || !closed || !strings.Contains(list, ",") {
		return []string{dsn}, nil
	}
	var all []string
	for addr := range strings.SplitSeq(list, ",") {
		addr = strings.TrimSpace(addr)
		if addr == "" {
			return nil, fmt.Errorf("empty server in %q, want %s(host:port,host:port)", list, network)
		}
		all = append(all, head+network+"("+addr+")"+after)
	}
	return all, nil
}
