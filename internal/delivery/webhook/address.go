package webhook

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"

	"exporttask/internal/delivery/payload"
)

// refusePrivate is a net.Dialer's ControlContext. It gets the resolved address just
// before the connection is made, so that a second DNS reply cannot bypass it.
func refusePrivate(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(to.Addr()) {
		return payload.Permanent(fmt.Errorf("the address %s is not public; allow-private permits it", to.Addr()))
	}
	return nil
}

// public reports whether an address is public: not in IANA's registries of
// special-purpose addresses (RFC 6890), and for IPv6 in global unicast (2000::/3).
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

// nat64 is the prefix of IPv4 addresses that are embedded in IPv6 (RFC 6052).
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
		"2001::/23",       // protocols, including Teredo, RFC 4380
		"2001:db8::/32",   // documentation, RFC 3849
		"2002::/16",       // 6to4, RFC 3056: embeds any IPv4 address
		"3fff::/20",       // documentation, RFC 9637
	}
}
