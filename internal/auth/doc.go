// Package auth decides who calls and what they may do. cmd/exportd puts a
// Guard into the gRPC server:
//
//	headers ─▶ Guard.Tap: request id, token, scope, rate    (before the request is read)
//	        ─▶ Guard.Unary, Stream: reply header, deadline
//	        ─▶ server's interceptors: errors become envelopes
//	        ─▶ Guard.OwnUnary, OwnStream: is it the caller's own?
//	        ─▶ handler
//
// A caller without a good token gets the status UNAUTHENTICATED, one whose
// token lacks the scope PERMISSION_DENIED, one that calls too often
// RESOURCE_EXHAUSTED. What belongs to another operator is answered as if it
// did not exist, in the envelope.
//
// The package never writes a token or a hash of one anywhere, and it reads
// nothing of the database itself: Owners does.
package auth
