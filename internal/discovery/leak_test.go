package discovery

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

// It counts the goroutines of the process and therefore does not run in parallel.
func TestRegistrar_Run_noGoroutineLeak(t *testing.T) { //nolint:paralleltest // see above
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service, addr = "exporttask", "10.0.0.1:50051"
	_ = look(t, client, service) // connects the test's own client
	before := bytes.Count(stacks(), []byte("\n\n"))

	p := start(t, quick(etcd.Endpoint(), service, addr))
	for range 5 {
		_, err := client.Delete(t.Context(), service+"/"+addr)
		must(t, err)
		p.await(t, Registered)
	}
	// The goroutines of one session; the second connection is the test's.
	want := map[string]int{
		"discovery.(*session).watch":             3,
		"v3.(*lessor).recvKeepAliveLoop":         1,
		"v3.(*lessor).sendKeepAliveLoop":         1,
		"v3.(*lessor).deadlineLoop":              1,
		"v3.(*lessor).keepAliveCtxCloser":        1,
		"v3.(*watchGRPCStream).serveWatchClient": 1,
		"transport.(*http2Client).reader":        2,
	}
	var got map[string]int
	defer func() {
		if t.Failed() {
			t.Logf("goroutines after healing (-want +got):\n%s\n%s", cmp.Diff(want, got), stacks())
		}
	}()
	testkit.Eventually(t, "one session's goroutines are left", func() bool {
		all := stacks()
		got = map[string]int{}
		for name := range want {
			got[name] = bytes.Count(all, []byte(name+"("))
		}
		return cmp.Equal(want, got)
	})

	must(t, p.Deregister(t.Context()))
	p.stop()
	testkit.Eventually(t, "no goroutine is left after Deregister", func() bool { return bytes.Count(stacks(), []byte("\n\n")) <= before })
}

// stacks returns the stacks of all goroutines.
func stacks() []byte {
	buf := make([]byte, 4<<20)
	return buf[:runtime.Stack(buf, true)]
}
