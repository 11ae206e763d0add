package discovery

import (
	"encoding/json"
	"fmt"
)

// Layout names a form of key and value by which some kind of client finds a
// gRPC service in etcd.
type Layout string

// The layouts, with the key and value of the service exporttask at HOST:PORT.
const (
	// Endpoints is read by etcd's own gRPC resolver (etcd:///exporttask),
	// go.etcd.io/etcd/client/v3/naming: under exporttask/HOST:PORT the value
	// {"Op":0,"Addr":"HOST:PORT","Metadata":null}.
	Endpoints Layout = "endpoints"
	// Naming is read by balancers built on grpc-go's former naming API: under
	// /etcd3_naming/exporttask/HOST:PORT the bare address.
	Naming Layout = "naming"
	// Resolver is read by balancers built on grpc-go's first resolver API:
	// under /etcdv3_resolver/exporttask/HOST:PORT the bare address.
	Resolver Layout = "resolver"
)

// allLayouts is also the order in which keys are put: those of clients that
// can't cope with much come first.
func allLayouts() []Layout { return []Layout{Resolver, Naming, Endpoints} }

// entry is one key as it should stand in etcd.
type entry struct {
	key, value string
	rev        int64 // etcd's revision of our put of it
}

// entries lists the keys of one process in each of the layouts.
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

// endpointValue is what naming/endpoints marshals for an added address. Its
// struct is internal there and kept stable for readers of other versions. The
// keys are not put through that package because it puts them by transaction.
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
