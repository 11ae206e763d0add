package delivery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

// Destination is a configured destination with the bounds of its use.
type Destination struct {
	payload.Destination
	// Slots is the largest number of deliveries that one process sends to the
	// destination at once.
	Slots int
	// Attempts is the largest number of attempts of a delivery.
	Attempts int32
	// Timeout bounds one attempt.
	Timeout time.Duration
	// Operators are the operators that may use the destination; empty: all.
	Operators []int32
	// OperatorFolders begins every path with the id of the operator whose template
	// or schedule names the destination, so that operators cannot replace each
	// other's files.
	OperatorFolders bool
}

// Destinations are the configured destinations by name.
type Destinations map[string]Destination

// Names returns the names of the destinations that an operator may use, sorted.
func (d Destinations) Names(operator int32) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if d[name].admits(operator) {
			names = append(names, name)
		}
	}
	return names
}

func (d Destination) admits(operator int32) bool {
	return len(d.Operators) == 0 || slices.Contains(d.Operators, operator)
}

// Check returns an error if an operator may not send files as to says; the error
// begins with the field of model.DeliverTo. A destination that only other
// operators may use gives the same error as one that does not exist.
func (d Destinations) Check(operator int32, to model.DeliverTo) error {
	dest, ok := d[to.Destination]
	if !ok || !dest.admits(operator) {
		names := d.Names(operator)
		if len(names) == 0 {
			return fmt.Errorf("destination: %q, but this server has no destinations for operator %d", to.Destination, operator)
		}
		return fmt.Errorf("destination: %q, want one of %s", to.Destination, strings.Join(names, ", "))
	}
	return dest.Check(to)
}

// Describe returns the kind of a destination and the largest number of attempts
// of a delivery there; "" and 0 for one that is not configured.
func (d Destinations) Describe(name string) (kind string, attempts int32) {
	dest, ok := d[name]
	if !ok {
		return "", 0
	}
	return dest.Kind(), dest.Attempts
}
