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

// A client with etcd's resolver and round robin follows three servers.
func TestRegistrar_Run_gRPCResolver(t *testing.T) {
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

	// One deregisters: no call may fail, neither while clients still have its
	// address nor after it has stopped serving.
	must(t, probes[0].Deregister(t.Context()))
	awaitPeers(t, conn, addrs[1:]...)
	servers[0].GracefulStop()
	awaitPeers(t, conn, addrs[1:]...)

	// An operator deletes all keys.
	_, err := client.Delete(t.Context(), service+"/", clientv3.WithPrefix())
	must(t, err)
	probes[1].await(t, Registered)
	probes[2].await(t, Registered)
	awaitPeers(t, conn, addrs[1:]...)

	// A new process registers.
	_, addr := serve(t)
	start(t, quick(etcd.Endpoint(), service, addr))
	awaitPeers(t, conn, addr, addrs[1], addrs[2])
}

// serve starts a gRPC server that has the health service only.
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

// awaitPeers makes calls until they go to exactly these addresses. A call may wait
// while no process is registered, but no call may fail.
func awaitPeers(t *testing.T, conn *grpc.ClientConn, addrs ...string) {
	t.Helper()
	want := map[string]bool{}
	for _, addr := range addrs {
		want[addr] = true
	}
	var got map[string]bool
	defer func() {
		if t.Failed() {
			t.Logf("peers of the calls (-want +got):\n%s", cmp.Diff(want, got))
		}
	}()
	testkit.Eventually(t, "calls go to the registered processes and no other", func() bool {
		got = map[string]bool{}
		for range 4 * len(addrs) {
			got[call(t, conn)] = true
		}
		return cmp.Equal(want, got)
	})
}

// call makes one call and returns the address of the server that answered.
func call(t *testing.T, conn *grpc.ClientConn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var p peer.Peer
	_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&p), grpc.WaitForReady(true))
	must(t, err)
	return p.Addr.String()
}
