// Package clients tests clients in other languages against the real service:
// `make test-clients`. The clients are in the folders beside it, docs/clients.md
// shows each one's first export.
package clients
