package mutant

import (
	"os/exec"
	"strings"
	"testing"
)

func TestOverlay(t *testing.T) {
	t.Parallel()
	for name, edits := range map[string][]Edit{"unfenced": Unfenced(), "number_fence": NumberFence()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, err := Overlay(t.TempDir(), edits)
			if err != nil {
				t.Fatal(err)
			}
			build := exec.CommandContext(t.Context(), "go", "vet", "-overlay="+path, "exporttask/internal/model", "exporttask/internal/export") //nolint:gosec // a path of the test's own
			if out, err := build.CombinedOutput(); err != nil {
				t.Errorf("vet: %v: %s", err, out)
			}
		})
	}
	t.Run("text_not_found", func(t *testing.T) {
		t.Parallel()
		_, err := Overlay(t.TempDir(), []Edit{{"go.mod", "no such text", ""}})
		if err == nil || !strings.Contains(err.Error(), `go.mod does not contain "no such text"`) {
			t.Errorf("got %v, want an error that names the file and the text", err)
		}
	})
}
