package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// bearer is the per-RPC credentials that send a token.
type bearer struct{ token, file string }

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token := b.token
	if b.file != "" {
		text, err := os.ReadFile(filepath.Clean(b.file))
		if err != nil {
			return nil, fmt.Errorf("token file: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	if token == "" {
		return nil, errors.New("the token is empty")
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials. Whether a
// token may be sent without TLS depends on the address; loopbackOnly checks it.
func (bearer) RequireTransportSecurity() bool { return false }

// loopbackOnly is credentials without TLS that reject connections to other hosts,
// so that no token crosses the network in plain text.
type loopbackOnly struct {
	credentials.TransportCredentials
}

func loopbackPlaintext() credentials.TransportCredentials {
	return loopbackOnly{insecure.NewCredentials()}
}

// ClientHandshake implements credentials.TransportCredentials.
func (c loopbackOnly) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() {
		return nil, nil, fmt.Errorf("tokens are not sent to %s in plain text; use TLS", conn.RemoteAddr())
	}
	return c.TransportCredentials.ClientHandshake(ctx, authority, conn)
}

// Clone implements credentials.TransportCredentials.
func (c loopbackOnly) Clone() credentials.TransportCredentials {
	return loopbackOnly{c.TransportCredentials.Clone()}
}
