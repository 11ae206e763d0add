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

// Client speaks to all replicas of one exportd. Its methods may be called from
// several goroutines.
type Client struct {
	conn *grpc.ClientConn
	etcd *clientv3.Client // nil without etcd
	api  api.ExportTaskClient
	opts Options
}

// Dial makes a Client. With Options.Etcd it waits until etcd names a replica, and
// no longer than ctx. It does not wait for a replica to answer: connections are
// made by the first calls, and made anew when they break. The client lives until
// Close, whatever becomes of ctx.
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

// API is the generated client. What the caller did wrong comes back there in the
// reply's envelope; Check makes an error of it.
func (c *Client) API() api.ExportTaskClient { return c.api }

// Conn returns the connection to the replicas, for calls of other gRPC services
// such as reflection.
func (c *Client) Conn() grpc.ClientConnInterface { return c.conn }

// Health is the standard health service of whichever replica answers.
func (c *Client) Health() healthpb.HealthClient { return healthpb.NewHealthClient(c.conn) }

// Replicas are the addresses that etcd names now, or the one target.
func (c *Client) Replicas(ctx context.Context) ([]string, error) {
	if c.etcd == nil {
		return []string{c.opts.Target}, nil
	}
	return addresses(ctx, c.etcd, c.opts.Service)
}

// Close ends all calls and connections.
func (c *Client) Close() error {
	if c.etcd != nil {
		_ = c.etcd.Close() // all it reports is that its context ended
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
	case token && !o.TokenInPlaintext:
		creds = plaintextHere()
	default:
		creds = insecure.NewCredentials()
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultServiceConfig(serviceConfig()),
		// A download is one stream: with gRPC's first window of 64 KiB it waits
		// for the client more than for the network.
		grpc.WithInitialWindowSize(streamWindow),
		grpc.WithInitialConnWindowSize(2 * streamWindow),
		grpc.WithReadBufferSize(readBuffer),
		grpc.WithChainUnaryInterceptor(giveRequestID),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: o.Keepalive, Timeout: probeTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			// gRPC's own back-off grows to two minutes.
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
		Logger: zap.NewNop(), // every error comes back to us
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
