package source

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"exporttask/internal/testkit/servers"
)

// pair is a real primary with a real replica.
type pair struct {
	*servers.Replication
}

func startPair(t *testing.T) *pair {
	t.Helper()
	cache, err := servers.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	install, err := servers.FindGalera(t.Context(), cache, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := servers.StartReplication(t.Context(), install, filepath.Join(t.TempDir(), "pair"), servers.SmallArgs()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := &pair{r}
	p.run(t, 0, "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY)", "INSERT INTO shop.item SELECT seq FROM shop.seq_1_to_200000")
	if err := r.Servers[0].SetAccount(t.Context(), "reader", "reader", "SELECT ON shop.*"); err != nil {
		t.Fatal(err)
	}
	if ok, err := r.Caught(t.Context()); !ok || err != nil {
		t.Fatalf("the replica is behind, error %v", err)
	}
	return p
}

func (p *pair) run(t *testing.T, server int, stmts ...string) {
	t.Helper()
	if err := p.Servers[server].Exec(t.Context(), stmts...); err != nil {
		t.Fatal(err)
	}
}

// dsn names servers in the given order.
func (p *pair) dsn(order ...int) string {
	var addrs []string
	for _, i := range order {
		addrs = append(addrs, p.Servers[i].Addr())
	}
	return "reader:reader@tcp(" + strings.Join(addrs, ",") + ")/shop"
}

// serves returns the number of the server that answers: 1 is the primary, 2 the
// replica.
func serves(t *testing.T, s *Source) string {
	t.Helper()
	return queryAll(t, s, Query{SQL: "SELECT @@server_id"})[0][0]
}

func TestSource_several_servers(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	const primary, replica = "1", "2"
	want := func(t *testing.T, s *Source, server string) {
		t.Helper()
		for range 4 {
			if got := serves(t, s); got != server {
				t.Fatalf("server %s answers, want %s", got, server)
			}
		}
	}
	want(t, open(t, p.dsn(0, 1), Options{}), primary)
	want(t, open(t, p.dsn(0, 1), Options{Role: ReplicaRole}), replica)
	want(t, open(t, p.dsn(0), Options{Role: ReplicaRole}), primary) // no replica

	// The lag needs a privilege.
	late := Options{Role: ReplicaRole, MaxReplicaLag: time.Minute}
	_, err := open(t, p.dsn(1), late).Query(t.Context(), Query{SQL: "SELECT 1"})
	if !Misconfigured(err) || !strings.Contains(err.Error(), "REPLICA MONITOR") {
		t.Errorf("without the privilege: got %v, want an error that names it", err)
	}
	p.run(t, 0, "GRANT REPLICA MONITOR ON *.* TO reader@'%'")
	if ok, err := p.Caught(t.Context()); !ok || err != nil {
		t.Fatal(err)
	}
	want(t, open(t, p.dsn(0, 1), late), replica)
	want(t, open(t, p.dsn(0), late), primary)

	// A replica that is too late, or does not replicate, is not used; without
	// another server that is an outage.
	late.ReplicaLagQuery = "SELECT 73"
	_, err = open(t, p.dsn(1), late).Query(t.Context(), Query{SQL: "SELECT 1"})
	var lag *LagError
	if !errors.As(err, &lag) || !Outage(err) || !strings.Contains(err.Error(), "1m13s behind its primary, max-replica-lag is 1m0s") {
		t.Errorf("73 s late: got %v, want a LagError that is an outage", err)
	}
	late.ReplicaLagQuery = ""
	p.run(t, 1, "STOP SLAVE SQL_THREAD")
	want(t, open(t, p.dsn(0, 1), late), primary)
	_, err = open(t, p.dsn(1), late).Query(t.Context(), Query{SQL: "SELECT 1"})
	if !Outage(err) {
		t.Errorf("replication stopped: got %v, want an outage", err)
	}
	p.run(t, 1, "START SLAVE")

	// An export stays on its server. When that dies, the next one takes another.
	s := open(t, p.dsn(0, 1), Options{Role: ReplicaRole})
	cur, err := s.Query(t.Context(), Query{SQL: "SELECT a.id, REPEAT('x', 200) FROM item a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Servers[1].Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := drain(cur); !Outage(err) {
		t.Errorf("server killed: got %v, want an outage", err)
	}
	want(t, s, primary)
	_, err = open(t, p.dsn(1), Options{}).Query(context.Background(), Query{SQL: "SELECT 1"})
	if !Outage(err) {
		t.Errorf("no server: got %v, want an outage", err)
	}
}
