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

// bearer sends a token with each call.
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

// RequireTransportSecurity implements credentials.PerRPCCredentials. Plaintext
// is a matter of where the connection leads, which onlyHere looks at.
func (bearer) RequireTransportSecurity() bool { return false }

// onlyHere is plaintext that refuses connections to other hosts, so that no
// token travels where others can read it.
type onlyHere struct {
	credentials.TransportCredentials
}

func plaintextHere() credentials.TransportCredentials { return onlyHere{insecure.NewCredentials()} }

// ClientHandshake implements credentials.TransportCredentials.
func (c onlyHere) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() {
		return nil, nil, fmt.Errorf("the token is not sent to %s in plaintext; use TLS", conn.RemoteAddr())
	}
	return c.TransportCredentials.ClientHandshake(ctx, authority, conn)
}

// Clone implements credentials.TransportCredentials.
func (c onlyHere) Clone() credentials.TransportCredentials {
	return onlyHere{c.TransportCredentials.Clone()}
}
