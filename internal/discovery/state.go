package discovery

// State is the state of a Registrar; the package documentation has the diagram.
type State string

// The states, in the order of a registration without disturbance.
const (
	Init       State = "INIT"       // no lease: before the first one, or registration is disabled
	Leased     State = "LEASED"     // etcd granted the first lease, the keys are being put
	Registered State = "REGISTERED" // etcd holds all keys
	Lost       State = "LOST"       // etcd does not confirm the keys, and the Registrar registers again
	Draining   State = "DRAINING"   // Deregister was called and is removing the keys
	Gone       State = "GONE"       // Deregister has returned; the process does not register again
)

// StateChange is one transition of a Registrar.
type StateChange struct {
	From, To State
	Cause    error // why the registration was lost; nil for other transitions
}
