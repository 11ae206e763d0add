package client_test

import (
	"sync"
	"testing"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// exampleService is the service of the examples, which have no testing.T to
// start it with. It ends with the tests, by exampleTB.
var exampleService = sync.OnceValues(func() (addr string, etcd []string) {
	e := testkit.Etcd(exampleTB)
	s := exportdtest.NewSite(exampleTB, "-etcd-endpoints="+e.Endpoint())
	s.Exec(exampleTB, shop...)
	return s.Start(exampleTB).Addr, []string{e.Endpoint()}
})

func exampleAddr() string {
	addr, _ := exampleService()
	return addr
}

func exampleEtcd() []string {
	_, etcd := exampleService()
	return etcd
}

var exampleTB = &exportdtest.Process{}

func TestMain(m *testing.M) {
	exportdtest.Main(m, exampleTB)
}
