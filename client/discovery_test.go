package client_test

import (
	"context"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"exporttask/api"
	"exporttask/client"
	"exporttask/internal/testkit"
)

// replicasNamed waits until the client's etcd names these replicas.
func replicasNamed(t *testing.T, c *client.Client, want ...string) {
	t.Helper()
	slices.Sort(want)
	testkit.Eventually(t, "etcd names "+strings.Join(want, ", "), func() bool {
		got, err := c.Replicas(t.Context())
		return err == nil && slices.Equal(got, want)
	})
}

func TestClient_balances(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	site := newSite(t, "-etcd-endpoints="+etcd.Endpoint())
	addrs := []string{site.Start(t).Addr, site.Start(t).Addr}
	c := dial(t, client.Options{Etcd: []string{etcd.Endpoint()}})
	replicasNamed(t, c, addrs...)
	calls := func() map[string]int {
		n := map[string]int{}
		for range 100 {
			var at peer.Peer
			if _, err := c.API().ListTpl(t.Context(), &api.WshExportTaskListTplReq{}, grpc.Peer(&at)); err != nil {
				t.Fatal(err)
			}
			n[at.Addr.String()]++
		}
		return n
	}
	// Connections are made in the background.
	testkit.Eventually(t, "both replicas get the same", func() bool {
		n := calls()
		return n[addrs[0]] == 50 && n[addrs[1]] == 50
	})
}

func TestClient_Watch_replica_killed(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	site := newSite(t)
	site.Start(t, "-workers=2")
	registered := []string{"-workers=0", "-etcd-endpoints=" + etcd.Endpoint(), "-etcd-ttl=2s"}
	first, second := site.Start(t, registered...), site.Start(t, registered...)
	c := dial(t, client.Options{Etcd: []string{etcd.Endpoint()}})
	replicasNamed(t, c, first.Addr, second.Addr)
	tpl := makeTpl(t, c, allOrders)
	unlock := site.Lock(t, "orders")

	type result struct {
		inst *api.WshExportInst
		err  error
	}
	running, done := make(chan struct{}), make(chan result, 1)
	go func() {
		told := false
		inst, err := c.Run(t.Context(), tpl, nil, client.OnProgress(func(i *api.WshExportInst) {
			if i.GetState() == api.WshExportInstState_STATE_RUNNING && !told {
				told = true
				close(running)
			}
		}))
		done <- result{inst, err}
	}()
	select {
	case <-running:
	case r := <-done:
		t.Fatalf("ended before it was to: %v, %v", r.inst, r.err)
	}
	// One of the two serves the watch, and both go.
	first.Kill(t)
	third := site.Start(t, registered...)
	replicasNamed(t, c, second.Addr, third.Addr)
	second.Kill(t)
	replicasNamed(t, c, third.Addr)
	unlock()
	r := <-done
	if r.err != nil || r.inst.GetState() != api.WshExportInstState_STATE_SUCCEEDED || r.inst.GetRowsDone() != orderCount {
		t.Errorf("instance %v, error %v, want %d rows", r.inst, r.err, orderCount)
	}
}

func TestClient_etcd_loses_data(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	site := newSite(t, "-etcd-endpoints="+etcd.Endpoint(), "-etcd-ttl=2s")
	first := site.Start(t)
	c := dial(t, client.Options{Etcd: []string{etcd.Endpoint()}})
	list := func() error {
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		_, err := c.API().ListTpl(ctx, &api.WshExportTaskListTplReq{})
		return err
	}
	if err := list(); err != nil {
		t.Fatal(err)
	}
	if err := etcd.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := etcd.RestartEmpty(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := site.Start(t)
	replicasNamed(t, c, first.Addr, second.Addr)
	first.Kill(t)
	testkit.Eventually(t, "the replica that came after the loss answers", func() bool { return list() == nil })
}

func TestDial_errors(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	for name, tc := range map[string]struct {
		opts client.Options
		want string
	}{
		"nothing given":    {client.Options{}, "neither Target nor Etcd"},
		"both given":       {client.Options{Target: "a:1", Etcd: []string{"b:2"}}, "both given"},
		"no replica":       {client.Options{Etcd: []string{etcd.Endpoint()}, Service: "elsewhere"}, `no replica of "elsewhere"`},
		"name from etcd":   {client.Options{Etcd: []string{etcd.Endpoint()}, TLS: &tls.Config{MinVersion: tls.VersionTLS12}}, "ServerName is empty"},
		"no etcd":          {client.Options{Etcd: []string{"127.0.0.1:1"}}, "etcd 127.0.0.1:1"},
		"half of a pair":   {client.Options{Target: "a:1", CertFile: "x"}, "KeyFile"},
		"no CA file":       {client.Options{Target: "a:1", CAFile: "testdata/none"}, "testdata/none"},
		"CA without a PEM": {client.Options{Target: "a:1", CAFile: "doc.go"}, "no certificate in it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			c, err := client.Dial(ctx, tc.opts)
			if err == nil {
				_ = c.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q in it", err, tc.want)
			}
		})
	}
}
