package discovery

// State is where a Registry stands on its way through the machine drawn in the
// package's documentation.
type State string

// The states, in the order in which a quiet life passes through them.
const (
	Init       State = "INIT"       // no lease: before the first one, or registration is off
	Leased     State = "LEASED"     // etcd granted the first lease, the keys are on their way
	Registered State = "REGISTERED" // etcd holds all keys
	Lost       State = "LOST"       // etcd does not confirm them, and the Registry is at work on it
	Draining   State = "DRAINING"   // Leave was called and is taking the keys back
	Gone       State = "GONE"       // Leave is done; nothing registers again
)

// Change is one step from a state to another.
type Change struct {
	From, To State
	Cause    error // why it became Lost; nil otherwise
}
