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

// Place is a configured destination.
type Place struct {
	payload.Destination
	// Slots is how many deliveries one process sends there at once.
	Slots int
	// Attempts is how often a delivery is tried.
	Attempts int32
	// Timeout bounds one attempt.
	Timeout time.Duration
	// Operators may send there; none: everybody may.
	Operators []int32
}

// Places are the configured destinations by name.
type Places map[string]Place

// Names are the names that an operator may use, in their order.
func (p Places) Names(operator int32) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if p[name].admits(operator) {
			names = append(names, name)
		}
	}
	return names
}

func (p Place) admits(operator int32) bool {
	return len(p.Operators) == 0 || slices.Contains(p.Operators, operator)
}

// Check tells what is wrong with a wish of an operator to send files somewhere;
// the error begins with the field of model.DeliverTo. One that others may use
// reads like one that there is not.
func (p Places) Check(operator int32, to model.DeliverTo) error {
	place, ok := p[to.Destination]
	if !ok || !place.admits(operator) {
		names := p.Names(operator)
		if len(names) == 0 {
			return fmt.Errorf("destination: %q, but this server has no destinations for you", to.Destination)
		}
		return fmt.Errorf("destination: %q, want one of %s", to.Destination, strings.Join(names, ", "))
	}
	return place.Check(to)
}

// Describe tells the kind of a destination and how often a delivery there is
// tried; one that is not configured any more has neither.
func (p Places) Describe(name string) (kind string, attempts int32) {
	place, ok := p[name]
	if !ok {
		return "", 0
	}
	return place.Kind(), place.Attempts
}
