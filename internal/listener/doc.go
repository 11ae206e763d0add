// Package listener configures the network side of the gRPC and HTTP servers:
// connection and request limits, timeouts, and TLS certificates.
//
//	net.Listener ─▶ Listener: connection limits ─▶ TLS with the current certificates ─▶ server with ServerOptions or HTTP
//
// cmd/exportd creates it from the configuration. The package has no knowledge of
// tokens, methods or operators; package auth does.
package listener
