// Package listener is where connections come in: who may connect at all, how many
// at once, how long they may take and last, and with which certificates.
//
// cmd/exportd builds it from the configuration and puts it under both servers,
// gRPC and HTTP:
//
//	listen ─▶ Listener: too many? close ─▶ TLS, as the files are now ─▶ server with ServerOptions or HTTP
//
// It knows nothing of tokens, methods or operators; that is package access,
// which takes Files and ClientHost from here.
package listener
