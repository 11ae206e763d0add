package discovery

import (
	"encoding/json"
	"fmt"
)

// Layout is a form of key and value by which one kind of client finds a gRPC
// service in etcd.
type Layout string

// The layouts, each with the key and value of the service "exporttask" at HOST:PORT.
const (
	// Endpoints is read by etcd's own gRPC resolver (etcd:///exporttask),
	// go.etcd.io/etcd/client/v3/naming: the key exporttask/HOST:PORT with the value
	// {"Op":0,"Addr":"HOST:PORT","Metadata":null}.
	Endpoints Layout = "endpoints"
	// Naming is read by balancers built on grpc-go's former naming API: the key
	// /etcd3_naming/exporttask/HOST:PORT with the value HOST:PORT.
	Naming Layout = "naming"
	// Resolver is read by balancers built on grpc-go's first resolver API: the
	// key /etcdv3_resolver/exporttask/HOST:PORT with the value HOST:PORT.
	Resolver Layout = "resolver"
)

// allLayouts returns the layouts in the order in which their keys are put: those
// of the oldest clients first.
func allLayouts() []Layout { return []Layout{Resolver, Naming, Endpoints} }

// entry is one key and its value in etcd.
type entry struct {
	key, value string
	rev        int64 // the revision of the put
}

// entries returns the keys of one process, one for each layout.
func entries(layouts []Layout, service, addr string) ([]entry, error) {
	list := make([]entry, 0, len(layouts))
	for _, layout := range layouts {
		switch layout {
		case Endpoints:
			value, err := endpointValue(addr)
			if err != nil {
				return nil, err
			}
			list = append(list, entry{key: service + "/" + addr, value: value})
		case Naming:
			list = append(list, entry{key: "/etcd3_naming/" + service + "/" + addr, value: addr})
		case Resolver:
			list = append(list, entry{key: "/etcdv3_resolver/" + service + "/" + addr, value: addr})
		default:
			return nil, fmt.Errorf("layout %q is none of %q", layout, allLayouts())
		}
	}
	return list, nil
}

// endpointValue returns the value that etcd's package naming/endpoints writes for
// an address. That package's type is internal, and its format is stable for
// readers of other versions. The package itself is not used to put the keys,
// because it puts them in a transaction.
func endpointValue(addr string) (string, error) {
	const opAdd = 0
	b, err := json.Marshal(struct {
		Op       uint8
		Addr     string
		Metadata any
	}{Op: opAdd, Addr: addr})
	if err != nil {
		return "", fmt.Errorf("endpoint value: %w", err)
	}
	return string(b), nil
}
