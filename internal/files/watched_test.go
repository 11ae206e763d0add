package files

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"exporttask/internal/testkit"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatched_Run(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "f")
	must(t, os.WriteFile(file, []byte("1"), 0o600))
	parse := func(texts [][]byte) (string, error) { return string(texts[0]), nil }
	log := &counter{}
	watched, err := Watch("f", []string{file, ""}, parse, slog.New(log))
	must(t, err)
	watched.every = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		watched.Run(ctx)
	}()
	must(t, os.Remove(file))
	testkit.Eventually(t, "the loss of the file is logged", func() bool { return log.errors.Load() > 0 })
	if got := watched.Get(); got != "1" {
		t.Errorf("without the file: got %q, want 1", got)
	}
	if err := watched.Reload(); err == nil {
		t.Error("reload without the file: no error")
	}
	must(t, os.Rename(spare(t, "2"), file)) // of the same size
	testkit.Eventually(t, "the new content is used", func() bool { return watched.Get() == "2" })
	if n := log.errors.Load(); n != 1 {
		t.Errorf("the loss was logged %d times, want once", n)
	}
	cancel()
	<-done
}

// spare is a file to be moved into place.
func spare(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spare")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// counter counts the errors and warnings that are logged.
type counter struct {
	slog.Handler
	errors, warnings atomic.Int64
}

func (c *counter) Enabled(context.Context, slog.Level) bool { return true }

func (c *counter) Handle(_ context.Context, r slog.Record) error {
	switch r.Level {
	case slog.LevelError:
		c.errors.Add(1)
	case slog.LevelWarn:
		c.warnings.Add(1)
	}
	return nil
}
