package discovery

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

// It counts the goroutines of the process, so it does not run beside other tests.
func TestHealingLeaksNoGoroutine(t *testing.T) { //nolint:paralleltest // see above
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service, addr = "exporttask", "10.0.0.1:50051"
	_ = look(t, client, service) // the test's own connection is up
	before := bytes.Count(stacks(), []byte("\n\n"))

	p := start(t, quick(etcd.Endpoint(), service, addr))
	for range 5 {
		_, err := client.Delete(t.Context(), service+"/"+addr)
		must(t, err)
		p.await(t, Registered)
	}
	// What one session has; the second connection is the test's.
	want := map[string]int{
		"registry.(*session).watch":              3,
		"v3.(*lessor).recvKeepAliveLoop":         1,
		"v3.(*lessor).sendKeepAliveLoop":         1,
		"v3.(*lessor).deadlineLoop":              1,
		"v3.(*lessor).keepAliveCtxCloser":        1,
		"v3.(*watchGRPCStream).serveWatchClient": 1,
		"transport.(*http2Client).reader":        2,
	}
	var got map[string]int
	eventually(t, func() bool {
		all := stacks()
		got = map[string]int{}
		for name := range want {
			got[name] = bytes.Count(all, []byte(name+"("))
		}
		return cmp.Equal(want, got)
	}, func() string { return "goroutines after healing (-want +got):\n" + cmp.Diff(want, got) })

	must(t, p.Leave(t.Context()))
	p.stop()
	eventually(t, func() bool { return bytes.Count(stacks(), []byte("\n\n")) <= before }, func() string {
		return fmt.Sprintf("no more than %d goroutines after Leave:\n%s", before, stacks())
	})
}

// stacks is where every goroutine is.
func stacks() []byte {
	buf := make([]byte, 4<<20)
	return buf[:runtime.Stack(buf, true)]
}
