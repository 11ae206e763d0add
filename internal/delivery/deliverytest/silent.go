package deliverytest

import (
	"net"
	"testing"
)

// listen listens on a free port of the loopback interface.
func listen(t *testing.T) net.Listener {
	t.Helper()
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Silent returns the address of a server that accepts connections, calls accepted,
// and sends nothing.
func Silent(t *testing.T, accepted func()) string {
	t.Helper()
	l := listen(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close() // when the test ends: until then the client waits
			accepted()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}
