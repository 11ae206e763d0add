package discovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// dial makes a client of the endpoints. It connects in the background, except
// that logging in, where configured, is done here and bounded by cfg.Timeout.
// The client lives until Close or the end of ctx.
func dial(ctx context.Context, cfg *Config, endpoints ...string) (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{
		Context:     ctx,
		Endpoints:   endpoints,
		DialTimeout: cfg.Timeout,
		TLS:         cfg.TLS,
		Username:    cfg.Username,
		Password:    cfg.Password,
		// Every error comes back to us; the client would log each retry too.
		Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			// gRPC's own back-off grows to two minutes.
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: cfg.Timeout,
		})},
	})
	if err != nil {
		return nil, fmt.Errorf("etcd %s: %w", strings.Join(endpoints, ","), err)
	}
	return client, nil
}

// lease is one that this process was granted and has not revoked.
type lease struct {
	cfg *Config // where it was granted
	id  clientv3.LeaseID
}

// revoke ends the lease. etcd deletes the keys on it in the same step, and only
// those: a key that someone put again since hangs on their lease. A put of ours
// that is still under way can't come after it, for want of the lease. A lease
// that is gone already is no error.
func (l lease) revoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	client, err := dial(ctx, l.cfg, l.cfg.Endpoints...)
	if err != nil {
		return fmt.Errorf("revoke lease %x: %w", l.id, err)
	}
	defer client.Close() //nolint:errcheck // all it reports is that its context ended
	if _, err := client.Revoke(ctx, l.id); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return fmt.Errorf("revoke lease %x: %w", l.id, err)
	}
	return nil
}
