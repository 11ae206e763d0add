package auth

import (
	"context"
	"slices"
)

// Scope is a permission of a token.
type Scope string

// The scopes of tokens. Read and Run do not include each other: a token with
// Run alone starts exports and cannot download their files. Admin includes both.
const (
	Read  Scope = "read"  // read the operator's templates, instances, schedules and deliveries; download files
	Run   Scope = "run"   // create, change, delete, run and cancel them
	Admin Scope = "admin" // every method, for every operator
)

func allScopes() []Scope { return []Scope{Read, Run, Admin} }

// Identity is a caller with a valid token.
type Identity struct {
	Name     string // the token's name in the tokens file
	Operator int32  // the operator whose templates and instances the caller may use
	Scopes   []Scope
	Claims   []Claim
}

// Claim is a claim of a token. Templates use it as the parameter :claim_NAME.
type Claim struct {
	Name   string
	Value  string
	Values []string // of a list, which has no Value
}

// May reports whether the identity has the scope s, itself or through Admin.
func (i *Identity) May(s Scope) bool {
	return slices.Contains(i.Scopes, s) || i.Admin()
}

// Admin reports whether the identity has the scope Admin.
func (i *Identity) Admin() bool { return slices.Contains(i.Scopes, Admin) }

// All returns the scopes that the identity has, itself or through Admin.
func (i *Identity) All() []Scope {
	return slices.DeleteFunc(allScopes(), func(s Scope) bool { return !i.May(s) })
}

// call is the context value of an admitted call.
type call struct {
	requestID string
	identity  *Identity // nil if the call needs no token
}

type callKey struct{}

// From returns the identity of a call, given the call's context. It returns
// false if authentication is disabled or the method needs no token.
func From(ctx context.Context) (Identity, bool) {
	c, _ := ctx.Value(callKey{}).(call)
	if c.identity == nil {
		return Identity{}, false
	}
	return *c.identity, true
}

// RequestID returns the request id of a call, given the call's context. It
// returns an empty string for any other context.
func RequestID(ctx context.Context) string {
	c, _ := ctx.Value(callKey{}).(call)
	return c.requestID
}
