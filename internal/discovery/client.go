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

// dial creates a client of the endpoints. The client connects in the background;
// if a user name is configured, dial logs in first, within cfg.Timeout. The client
// is closed by Close or by the end of ctx.
func dial(ctx context.Context, cfg *Config, endpoints ...string) (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{
		Context:     ctx,
		Endpoints:   endpoints,
		DialTimeout: cfg.Timeout,
		TLS:         cfg.TLS,
		Username:    cfg.Username,
		Password:    cfg.Password,
		// Errors are returned to the caller; the client would log each retry as well.
		Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			// gRPC's default back-off grows to two minutes.
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: cfg.Timeout,
		})},
	})
	if err != nil {
		return nil, fmt.Errorf("etcd %s: %w", strings.Join(endpoints, ","), err)
	}
	return client, nil
}

// lease is a lease that etcd granted to this process.
type lease struct {
	cfg *Config // the etcd that granted the lease
	id  clientv3.LeaseID
}

// revoke revokes the lease. etcd deletes the keys of the lease in the same step.
// Keys that another process has put again are on that process's lease and stay. A
// put of this process that is still in flight fails afterwards, because the lease
// no longer exists. A lease that does not exist is no error.
func (l lease) revoke(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	client, err := dial(ctx, l.cfg, l.cfg.Endpoints...)
	if err != nil {
		return fmt.Errorf("revoke lease %x: %w", l.id, err)
	}
	defer client.Close() //nolint:errcheck // reports only that its context ended
	if _, err := client.Revoke(ctx, l.id); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return fmt.Errorf("revoke lease %x: %w", l.id, err)
	}
	return nil
}
