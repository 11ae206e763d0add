package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"exporttask/internal/model"
)

func Test_config_loadOperators(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		yaml string
		want map[int32]model.Share
		err  string
	}{
		"none":           {"", map[int32]model.Share{}, ""},
		"shares":         {"7: {weight: 3}\n8: {priority: -10}", map[int32]model.Share{7: {Weight: 3}, 8: {Priority: -10}}, ""},
		"large_weight":   {"7: {weight: 101}", nil, "operators.7.weight: 101, want 1..100"},
		"large_priority": {"7: {priority: 101}", nil, "operators.7.priority: 101, want -100..100"},
		"no_operator":    {"0: {weight: 2}", nil, "operators: 0, want the id of an operator"},
		"unknown_key":    {"7: {wait: 2}", nil, "wait"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var document yaml.Node
			if err := yaml.Unmarshal([]byte(tc.yaml), &document); err != nil {
				t.Fatal(err)
			}
			var node yaml.Node
			if len(document.Content) > 0 {
				node = *document.Content[0]
			}
			c := &config{}
			err := c.loadOperators(node)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, want an error with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.shares, tc.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
