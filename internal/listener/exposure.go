package listener

import (
	"fmt"
	"net"
	"net/netip"
)

// Exposure describes a listening address and its protection.
type Exposure struct {
	Option    string // name of the option that sets the address, for errors: "grpc-addr"
	Addr      string // HOST:PORT
	Tokens    bool   // callers need a token
	TLS       bool   // the server speaks TLS
	MutualTLS bool   // callers need a client certificate
}

// Check returns an error for an address that other machines can reach if calls
// need neither token nor client certificate, or if tokens would be sent in plain
// text. Callers skip it if the option "insecure" is set.
func (e Exposure) Check() error {
	switch {
	case OnLoopback(e.Addr):
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

// OnLoopback reports whether an address HOST:PORT is reachable from this machine
// only. Host names other than localhost are not, regardless of what they resolve
// to.
func OnLoopback(addr string) bool {
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

// ClientHost returns the key under which limits count a client's address: the
// IPv4 address, or the /64 prefix of an IPv6 address, since one client usually
// has a whole /64. Other kinds of address are returned unchanged.
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
