package version

import (
	"runtime"
	"strings"
	"testing"
)

func TestGet(t *testing.T) {
	t.Run("without_linker_flags", func(t *testing.T) {
		got := Get()
		if got.Version == "" || got.Commit == "" || got.Date == "" || got.Go != runtime.Version() {
			t.Errorf("Get() = %+v, want every field set and Go %s", got, runtime.Version())
		}
	})
	t.Run("linker_flags_win", func(t *testing.T) {
		version, commit, date = "v1.2.3", "abc", "2026-01-02T03:04:05Z"
		defer func() { version, commit, date = "", "", "" }()
		const want = "v1.2.3 (commit abc, 2026-01-02T03:04:05Z, go"
		if got := Get().String(); !strings.HasPrefix(got, want) {
			t.Errorf("Get() = %q, want prefix %q", got, want)
		}
	})
}
