// Package client calls exportd from Go programs. It finds the replicas, balances
// calls over them, retries calls that are safe to retry, and runs a whole export
// with one call:
//
//	c, err := client.Dial(ctx, client.Options{Etcd: []string{"etcd1:2379"}})
//	// …
//	inst, err := c.Export(ctx, tplID, client.Params{"from": "2026-01-01"}, file)
//
// Export creates an instance, watches it and downloads its file. If a replica
// goes away, the watch continues at another one, and the download continues at
// the byte where it was interrupted. The file is verified with its SHA-256.
//
// An invalid request returns an *Error, an instance that ended without a file a
// *FailedError; use errors.As. A failure of the service is a gRPC status, as from
// the generated client. status.Code(err) returns the code of all three.
//
// API returns the generated client for the RPCs that have no method here. The
// package never logs and never reads the environment.
package client
