package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"exporttask/api"
)

const (
	streamWindow = 4 << 20
	readBuffer   = 256 << 10
)

// Client calls the replicas of one exportd service. It is safe for concurrent use.
type Client struct {
	conn *grpc.ClientConn
	etcd *clientv3.Client // nil without etcd
	api  api.ExportTaskClient
	opts Options
}

// Dial returns a Client. With Options.Etcd it waits until a replica is registered
// in etcd, or until ctx ends. It does not wait for a connection: connections are
// established by the first calls and re-established after they break. The client
// is usable until Close, also after ctx has ended.
func Dial(ctx context.Context, o Options) (*Client, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	dial, err := o.dialOptions()
	if err != nil {
		return nil, err
	}
	c := &Client{opts: o}
	target := o.Target
	if len(o.Etcd) > 0 {
		if c.etcd, err = openEtcd(ctx, &o); err != nil {
			return nil, err
		}
		target = discoveryScheme + ":///" + o.Service
		dial = append(dial, grpc.WithResolvers(discovery{etcd: c.etcd}))
	}
	if c.conn, err = grpc.NewClient(target, dial...); err != nil {
		if c.etcd != nil {
			_ = c.etcd.Close()
		}
		return nil, fmt.Errorf("client: %w", err)
	}
	c.api = api.NewExportTaskClient(c.conn)
	return c, nil
}

// API returns the generated client. Its replies carry the errors of invalid
// requests in their envelope; Check returns them as an error.
func (c *Client) API() api.ExportTaskClient { return c.api }

// Conn returns the connection to the replicas, for calls of other gRPC services
// such as reflection.
func (c *Client) Conn() grpc.ClientConnInterface { return c.conn }

// Health returns a client of the gRPC health service. Each call goes to any one
// replica.
func (c *Client) Health() healthpb.HealthClient { return healthpb.NewHealthClient(c.conn) }

// Replicas returns the addresses of the replicas registered in etcd, or
// Options.Target.
func (c *Client) Replicas(ctx context.Context) ([]string, error) {
	if c.etcd == nil {
		return []string{c.opts.Target}, nil
	}
	return addresses(ctx, c.etcd, c.opts.Service)
}

// Close ends all calls and closes all connections.
func (c *Client) Close() error {
	if c.etcd != nil {
		_ = c.etcd.Close() // returns the error of its own canceled context only
	}
	return c.conn.Close()
}

func (o *Options) dialOptions() ([]grpc.DialOption, error) {
	secure, err := o.tls()
	if err != nil {
		return nil, err
	}
	token := o.Token != "" || o.TokenFile != ""
	var creds credentials.TransportCredentials
	switch {
	case secure != nil:
		creds = credentials.NewTLS(secure)
	case (token || o.ForwardsTokens) && !o.TokenInPlaintext:
		creds = loopbackPlaintext()
	default:
		creds = insecure.NewCredentials()
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultServiceConfig(serviceConfig()),
		// With gRPC's initial window of 64 KiB a download is limited by round trips.
		grpc.WithInitialWindowSize(streamWindow),
		grpc.WithInitialConnWindowSize(2 * streamWindow),
		grpc.WithReadBufferSize(readBuffer),
		grpc.WithChainUnaryInterceptor(setRequestID),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: o.Keepalive, Timeout: probeTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			// gRPC's default back-off grows to two minutes.
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if token {
		dial = append(dial, grpc.WithPerRPCCredentials(bearer{token: o.Token, file: o.TokenFile}))
	}
	return append(dial, o.DialOptions...), nil
}

// openEtcd connects to etcd and waits until a replica is registered.
func openEtcd(ctx context.Context, o *Options) (*clientv3.Client, error) {
	members := strings.Join(o.Etcd, ",")
	etcd, err := clientv3.New(clientv3.Config{
		Endpoints: o.Etcd, DialTimeout: 5 * time.Second, TLS: o.EtcdTLS,
		Username: o.EtcdUsername, Password: o.EtcdPassword,
		Logger: zap.NewNop(), // errors are returned to the caller
	})
	if err != nil {
		return nil, fmt.Errorf("client: etcd %s: %w", members, err)
	}
	if err := awaitReplica(ctx, etcd, o.Service); err != nil {
		_ = etcd.Close()
		return nil, fmt.Errorf("client: etcd %s: %w", members, err)
	}
	return etcd, nil
}

func awaitReplica(ctx context.Context, etcd *clientv3.Client, service string) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	none := false
	for {
		found, err := addresses(ctx, etcd, service)
		switch {
		case none && ctx.Err() != nil:
			return fmt.Errorf("no replica of %q: %w", service, ctx.Err())
		case err != nil || len(found) > 0:
			return err
		}
		none = true
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
