package webhook

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"

	"exporttask/internal/delivery/payload"
)

// refusePrivate is a net.Dialer's ControlContext: it sees the address that a
// name led to, just before it is connected to, so that no second answer of DNS
// gets past it.
func refusePrivate(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(to.Addr()) {
		return payload.Permanent(fmt.Errorf("the address %s is none of the public Internet; allow-private would allow it", to.Addr()))
	}
	return nil
}

// public tells whether an address is one of the public Internet: not in the
// special-purpose registries of IANA for IPv4 and IPv6 (RFC 6890), and in IPv6
// among those that are given out at all (2000::/3).
func public(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	if nat64().Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if ip.Is6() && !netip.MustParsePrefix("2000::/3").Contains(ip) {
		return false
	}
	for _, p := range special() {
		if netip.MustParsePrefix(p).Contains(ip) {
			return false
		}
	}
	return ip.IsValid()
}

// nat64 holds IPv4 addresses as an IPv6 network writes them (RFC 6052).
func nat64() netip.Prefix { return netip.MustParsePrefix("64:ff9b::/96") }

func special() []string {
	return []string{
		"0.0.0.0/8",       // this network
		"10.0.0.0/8",      // private, RFC 1918
		"100.64.0.0/10",   // carriers' NAT, RFC 6598
		"127.0.0.0/8",     // loopback
		"169.254.0.0/16",  // link-local; metadata of clouds
		"172.16.0.0/12",   // private
		"192.0.0.0/24",    // protocols, RFC 6890
		"192.0.2.0/24",    // documentation, RFC 5737
		"192.88.99.0/24",  // relays of 6to4, RFC 7526
		"192.168.0.0/16",  // private
		"198.18.0.0/15",   // benchmarks, RFC 2544
		"198.51.100.0/24", // documentation
		"203.0.113.0/24",  // documentation
		"224.0.0.0/4",     // multicast
		"240.0.0.0/4",     // reserved, and broadcast
		"2001::/23",       // protocols, among them Teredo, RFC 4380
		"2001:db8::/32",   // documentation, RFC 3849
		"2002::/16",       // 6to4, RFC 3056: any IPv4 address may be inside
		"3fff::/20",       // documentation, RFC 9637
	}
}
