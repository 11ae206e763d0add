// Package version describes the build of this module's programs: release,
// commit, date and Go version, as `exportd version` and `exportctl version`
// print them.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// The linker sets these variables; scripts/version-flags prints the flags that
// do it. They are empty in a program that was built without the flags.
var (
	version string // release, such as v0.2.0, or what git describe prints
	commit  string // full hash, with "-dirty" after it for a changed checkout
	date    string // of the commit, RFC 3339 in UTC
)

// Info is a program's build. A field that the build does not know is "unknown".
type Info struct {
	Version string // release, such as v0.2.0; "(devel)" between releases
	Commit  string // full hash
	Date    string // of the commit, RFC 3339 in UTC
	Go      string // version of the Go toolchain, such as go1.26.8
}

// Get returns the build of the running program. Where the linker set nothing,
// Get takes what the Go toolchain recorded (debug.ReadBuildInfo).
func Get() Info {
	info := Info{Version: version, Commit: commit, Date: date, Go: runtime.Version()}
	build, ok := debug.ReadBuildInfo()
	if ok {
		info.Version = cmp.Or(info.Version, build.Main.Version)
		settings := map[string]string{}
		for _, s := range build.Settings {
			settings[s.Key] = s.Value
		}
		info.Commit = cmp.Or(info.Commit, settings["vcs.revision"])
		info.Date = cmp.Or(info.Date, settings["vcs.time"])
	}
	const unknown = "unknown"
	info.Version = cmp.Or(info.Version, unknown)
	info.Commit = cmp.Or(info.Commit, unknown)
	info.Date = cmp.Or(info.Date, unknown)
	return info
}

// String returns the build in one line:
// "v0.2.0 (commit 1a2b3c…, 2026-11-29T07:00:00Z, go1.26.8, linux/amd64)".
func (i Info) String() string {
	return fmt.Sprintf("%s (commit %s, %s, %s, %s/%s)", i.Version, i.Commit, i.Date, i.Go, runtime.GOOS, runtime.GOARCH)
}
