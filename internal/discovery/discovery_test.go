package discovery

import (
	"context"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	"exporttask/internal/testkit"
)

// TestGRPCClientFindsTheProcesses has a client with etcd's own resolver and
// round robin follow three servers.
func TestGRPCClientFindsTheProcesses(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service = "exporttask"

	var servers []*grpc.Server
	var probes []*probe
	var addrs []string
	for range 3 {
		server, addr := serve(t)
		servers, addrs = append(servers, server), append(addrs, addr)
		probes = append(probes, start(t, quick(etcd.Endpoint(), service, addr)))
	}
	conn := dialService(t, client, service)
	awaitPeers(t, conn, addrs...)

	// One leaves: no call may fail, neither while clients still know it nor when
	// it has stopped serving.
	must(t, probes[0].Leave(t.Context()))
	awaitPeers(t, conn, addrs[1:]...)
	servers[0].GracefulStop()
	awaitPeers(t, conn, addrs[1:]...)

	// An operator deletes everything.
	_, err := client.Delete(t.Context(), service+"/", clientv3.WithPrefix())
	must(t, err)
	probes[1].await(t, Registered)
	probes[2].await(t, Registered)
	awaitPeers(t, conn, addrs[1:]...)

	// One comes.
	_, addr := serve(t)
	start(t, quick(etcd.Endpoint(), service, addr))
	awaitPeers(t, conn, addr, addrs[1], addrs[2])
}

// serve starts a gRPC server with nothing but the health service.
func serve(t *testing.T) (server *grpc.Server, addr string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	server = grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return server, l.Addr().String()
}

func dialService(t *testing.T, c *clientv3.Client, service string) *grpc.ClientConn {
	t.Helper()
	builder, err := resolver.NewBuilder(c)
	must(t, err)
	conn, err := grpc.NewClient("etcd:///"+service,
		grpc.WithResolvers(builder),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// awaitPeers calls until calls go to exactly these addresses. No call may fail,
// though it may wait while no process is known.
func awaitPeers(t *testing.T, conn *grpc.ClientConn, addrs ...string) {
	t.Helper()
	want := map[string]bool{}
	for _, addr := range addrs {
		want[addr] = true
	}
	var got map[string]bool
	eventually(t, func() bool {
		got = map[string]bool{}
		for range 4 * len(addrs) {
			got[call(t, conn)] = true
		}
		return cmp.Equal(want, got)
	}, func() string { return "peers of the calls (-want +got):\n" + cmp.Diff(want, got) })
}

// call makes one call and returns the address that answered it.
func call(t *testing.T, conn *grpc.ClientConn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var p peer.Peer
	_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&p), grpc.WaitForReady(true))
	must(t, err)
	return p.Addr.String()
}
