package listener

import (
	"fmt"
	"net"
	"net/netip"
)

// Exposure is how an address can be reached, and what guards it.
type Exposure struct {
	Option    string // that set the address, for messages: "grpc-addr"
	Addr      string // HOST:PORT
	Tokens    bool   // callers need a token
	TLS       bool
	MutualTLS bool // callers need a certificate
}

// Check refuses an address that other machines can reach where anybody may
// call, or where tokens would cross the network in plain text. It is not
// called where the configuration says that this is meant (insecure).
func (e Exposure) Check() error {
	switch {
	case onLoopback(e.Addr):
		return nil
	case !e.Tokens && !e.MutualTLS:
		return fmt.Errorf("%s: %s can be reached from other machines and anybody could call; "+
			"want tokens-file or tls-client-ca-file, an address such as 127.0.0.1:50051, or insecure", e.Option, e.Addr)
	case !e.TLS:
		return fmt.Errorf("%s: %s can be reached from other machines and tokens would cross the network in plain text; "+
			"want tls-cert-file and tls-key-file, or insecure where something in front does TLS", e.Option, e.Addr)
	}
	return nil
}

// onLoopback tells whether only this machine can reach an address. Names other
// than localhost count as reachable, whatever they resolve to today.
func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// ClientHost tells clients apart by their address: an IPv4 address, or the
// first 64 bits of an IPv6 address, of which one client has as many as it
// likes. Other kinds of address stand for themselves.
func ClientHost(addr net.Addr) string {
	if addr == nil {
		return "unknown"
	}
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return addr.String()
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	net64, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return net64.String()
}
