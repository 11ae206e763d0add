package webhook

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"exporttask/internal/delivery/deliverytest"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	public4and6 := []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.101.0", "203.0.114.0", "223.255.255.255",
		"2001:200::1", "2001:db7:ffff::", "2001:db9::", "2003::1", "2606:4700::1111", "3ffe::1", "3fff:1000::",
		"64:ff9b::101:101", "::ffff:1.1.1.1",
	}
	refused := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
		"169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.170", "192.0.2.1", "192.88.99.1",
		"192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.255",
		"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
		"100::1", "64:ff9b:1::1", "2001::1", "2001:10::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::", "2002:101:101::", "3fff::1", "3fff:fff::1",
		"4000::1", "5f00::1",
		"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
	}
	for _, text := range public4and6 {
		if !public(netip.MustParseAddr(text)) {
			t.Errorf("%s is refused, want that it is public", text)
		}
	}
	for _, text := range refused {
		if public(netip.MustParseAddr(text)) {
			t.Errorf("%s is taken for public", text)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is taken for public")
	}
}

// That a name leads to a private address is known only after it is resolved.
func TestWebhook_Send_private_address(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[fe80::1]", "169.254.169.254"} {
		w, err := New(Config{URL: "https://" + host + ":" + port, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
		deliverytest.Refused(t, err, true)
		if !strings.Contains(err.Error(), "is not public") {
			t.Errorf("%s: got %v, want that the address is refused", host, err)
		}
	}
	if asked {
		t.Error("the server inside was asked")
	}
}

// A proxy would connect without the check of addresses.
func TestConfig_transport_proxy(t *testing.T) {
	for allowed := range map[bool]bool{false: true, true: true} {
		transport, err := Config{AllowPrivate: allowed}.transport()
		if err != nil {
			t.Fatal(err)
		}
		if (transport.Proxy != nil) != allowed {
			t.Errorf("allow-private %t: proxy of the environment %t", allowed, transport.Proxy != nil)
		}
	}
}
