// Package auth authenticates and authorizes gRPC calls. cmd/exportd installs
// an Interceptors value in its gRPC servers:
//
//	headers ─▶ Interceptors.Tap: request id, token, scope, rate limit (before the request is read)
//	        ─▶ Interceptors.Unary, Stream: reply header, deadline
//	        ─▶ internal/server's interceptors: errors become envelopes
//	        ─▶ Interceptors.OwnershipUnary, OwnershipStream: ids belong to the caller's operator
//	        ─▶ handler
//
// A call without a valid token ends with the status UNAUTHENTICATED, a call
// whose token lacks the scope with PERMISSION_DENIED, and a call over the rate
// limit with RESOURCE_EXHAUSTED. An object of another operator is reported
// exactly like an object that does not exist: NOT_FOUND in the envelope.
//
// The package never logs or returns a token or its hash. It does not read the
// database; an OwnerLookup does.
package auth
