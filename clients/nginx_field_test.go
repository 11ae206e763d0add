//go:build clients && field

package clients

import (
	"testing"
	"time"

	"exporttask/internal/testkit/exportdtest"
)

// nginx closes a stream that is silent for 60 s (proxy_read_timeout and
// grpc_read_timeout). The watches of an instance that waits for longer go on.
func TestNginx_silentWatch(t *testing.T) {
	t.Parallel()
	site := exportdtest.NewSite(t)
	web, rpcAddr := nginx(t, site.Start(t, "-workers=0"))
	rpc := dial(t, rpcAddr)
	watches(t, web, rpc, create(t, rpc, "SELECT 1 AS x"), func() {
		<-time.After(65 * time.Second)
		site.Start(t)
	})
}
