package auth

import (
	"context"
	"slices"
)

// Scope is a part of what may be done.
type Scope string

// The scopes. They do not include one another, but for Admin, which includes
// the others: a token with Run alone can start exports and not fetch them.
const (
	Read  Scope = "read"  // look at one's own templates, instances, schedules, and fetch files
	Run   Scope = "run"   // make, change, run and cancel them
	Admin Scope = "admin" // everything, of every operator
)

func allScopes() []Scope { return []Scope{Read, Run, Admin} }

// Identity is a caller that showed a good token.
type Identity struct {
	Name     string // of the token
	Operator int32  // whose templates and instances it works on
	Scopes   []Scope
}

// May tells whether the identity has a scope.
func (i *Identity) May(s Scope) bool {
	return slices.Contains(i.Scopes, s) || i.Admin()
}

// Admin tells whether the identity may do everything for every operator.
func (i *Identity) Admin() bool { return slices.Contains(i.Scopes, Admin) }

// call is what the guard knows of a call, in its context.
type call struct {
	requestID string
	identity  *Identity // nil: the caller showed no token, and needs none
}

type callKey struct{}

// From returns who calls; false where tokens are off, or the method is open to
// everybody.
func From(ctx context.Context) (Identity, bool) {
	c, _ := ctx.Value(callKey{}).(call)
	if c.identity == nil {
		return Identity{}, false
	}
	return *c.identity, true
}

// RequestID returns the id of the call, empty outside of one.
func RequestID(ctx context.Context) string {
	c, _ := ctx.Value(callKey{}).(call)
	return c.requestID
}
