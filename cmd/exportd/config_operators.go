package main

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"exporttask/internal/model"
)

// operatorConfig holds the keys of one operator.
type operatorConfig struct {
	// Weight is how many slots the operator gets for one of others; 0: 1.
	Weight int `yaml:"weight"`
	// Priority orders operators, the highest first.
	Priority int `yaml:"priority"`
}

// Bounds of the keys of an operator.
const (
	maxWeight   = 100
	maxPriority = 100
)

// loadOperators reads the section operators of the YAML file.
func (c *config) loadOperators(node yaml.Node) error {
	c.shares = map[int32]model.Share{}
	if node.IsZero() {
		return nil
	}
	configured := map[int32]operatorConfig{}
	if err := decode(&node, &configured); err != nil {
		return fmt.Errorf("operators: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(configured)) {
		o := configured[id]
		switch {
		case id < 1:
			return fmt.Errorf("operators: %d, want the id of an operator, 1 or more", id)
		case o.Weight < 0 || o.Weight > maxWeight:
			return fmt.Errorf("operators.%d.weight: %d, want 1..%d", id, o.Weight, maxWeight)
		case o.Priority < -maxPriority || o.Priority > maxPriority:
			return fmt.Errorf("operators.%d.priority: %d, want -%d..%d", id, o.Priority, maxPriority, maxPriority)
		}
		c.shares[id] = model.Share{Weight: o.Weight, Priority: o.Priority}
	}
	return nil
}
