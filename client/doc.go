// Package client is what Go programs call exportd with. It finds the replicas,
// spreads calls over them, tries again what is safe to try again, and makes one
// call of a whole export:
//
//	c, err := client.Dial(ctx, client.Options{Etcd: []string{"etcd1:2379"}})
//	// …
//	inst, err := c.Export(ctx, tplID, client.Params{"from": "2026-01-01"}, file)
//
// Export is create, watch and download: the instance is watched on at another
// replica where the first goes away, a cut download goes on at the byte where
// it was cut, and the whole is held against its SHA-256.
//
// What the caller did or asked wrong is an *Error, an instance that ended
// without a file a *FailedError; both are found with errors.As. What the service
// could not do is a gRPC status, as the generated client returns it.
// status.Code(err) tells the code of any of them.
//
// API gives the generated client on the same connections, for every RPC that has
// no method here. This package never writes a log and never reads the
// environment.
package client
