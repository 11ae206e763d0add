package exportdtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// bin holds the programs that were built. It is a variable of the package
// because all tests of one process share them.
var bin struct {
	sync.Mutex
	dir   string
	built map[string]error
}

// Main is the TestMain of a package that calls Build. After the tests it runs the
// cleanups of process, which may be nil, and removes the programs that were built.
func Main(m *testing.M, process *Process) {
	dir, err := os.MkdirTemp("", "exportd-test-bin-")
	if err != nil {
		panic(err)
	}
	bin.dir, bin.built = dir, map[string]error{}
	m.Run() // the exit code is kept in m
	if process != nil {
		process.cleanUp()
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// Build builds a program of this module, once in a test process, and returns
// where it is.
func Build(tb testing.TB, pkg string) string {
	tb.Helper()
	bin.Lock()
	defer bin.Unlock()
	if bin.dir == "" {
		tb.Fatal("exportdtest: no TestMain calls Main")
	}
	file := filepath.Join(bin.dir, filepath.Base(pkg))
	err, ok := bin.built[pkg]
	if !ok {
		out, buildErr := exec.Command("go", "build", "-o", file, pkg).CombinedOutput()
		if buildErr != nil {
			err = fmt.Errorf("%w\n%s", buildErr, out)
		}
		bin.built[pkg] = err
	}
	if err != nil {
		tb.Fatalf("exportdtest: build %s: %v", pkg, err)
	}
	return file
}
