// Gotest runs `go test -json` with its own arguments and prints one line for
// each package, with the number of tests that ran, and the whole output of each
// test that failed. Skipped tests are listed. Where the environment names a
// file in EXPORTD_TEST_SUMMARY, the totals are appended to it: .ci/run prints
// that file at its end. The exit code is that of go test.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// summaryEnv is the environment variable that names the file for totals.
const summaryEnv = "EXPORTD_TEST_SUMMARY"

func main() {
	code, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
		code = 1
	}
	os.Exit(code)
}

// run runs go test and returns its exit code.
func run(args []string, out io.Writer) (int, error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	rep := report{out: out, output: map[testID]*strings.Builder{}, tests: map[string]int{}}
	readErr := rep.read(events)
	if readErr != nil {
		_, _ = io.Copy(io.Discard, events) // or go test waits for a reader
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = rep.summarize(args, time.Since(began))
		return exit.ExitCode(), errors.Join(readErr, err)
	}
	return 0, errors.Join(readErr, err, rep.summarize(args, time.Since(began)))
}

// event is one line of `go test -json` (see go doc test2json).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output and build-fail
	Test        string
	Output      string
	Elapsed     float64 // seconds
	FailedBuild string
}

// testID names a test; with an empty name, its package.
type testID struct{ pkg, test string }

// report collects the events of one go test.
type report struct {
	out     io.Writer
	output  map[testID]*strings.Builder // of tests that have not ended
	tests   map[string]int              // package to tests that passed
	skipped []string

	packages, passed, failed int
}

// read handles events until there are no more of them.
func (r *report) read(events io.Reader) error {
	for dec := json.NewDecoder(events); ; {
		var e event
		err := dec.Decode(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read go test's output: %w", err)
		}
		r.handle(e)
	}
}

func (r *report) handle(e event) {
	id := testID{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.keep(id, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e)
		}
		delete(r.output, id)
	}
}

// keep notes the output of a test, without the lines about its progress.
func (r *report) keep(id testID, text string) {
	if strings.HasPrefix(text, "=== ") {
		return
	}
	if r.output[id] == nil {
		r.output[id] = &strings.Builder{}
	}
	r.output[id].WriteString(text)
}

func (r *report) endTest(e event) {
	switch e.Action {
	case "pass":
		r.passed++
		r.tests[e.Package]++
	case "skip":
		r.skipped = append(r.skipped, e.Package+" "+e.Test)
	case "fail":
		r.failed++
		fmt.Fprint(r.out, r.output[testID{e.Package, e.Test}])
	}
}

func (r *report) endPackage(e event) {
	if e.Action == "skip" { // no test files
		return
	}
	r.packages++
	verdict := "ok  "
	if e.Action == "fail" {
		verdict = "FAIL"
		if own := r.output[testID{pkg: e.Package}]; own != nil && e.FailedBuild == "" {
			fmt.Fprint(r.out, own) // a panic, a timeout
		}
	}
	fmt.Fprintf(r.out, "%s\t%s\t%d tests\t%.1fs\n", verdict, e.Package, r.tests[e.Package], e.Elapsed)
}

// summarize prints the totals and appends them to the summary file.
func (r *report) summarize(args []string, took time.Duration) error {
	for _, test := range r.skipped {
		fmt.Fprintln(r.out, "SKIP\t"+test)
	}
	totals := fmt.Sprintf("%d packages, %d tests passed, %d failed, %d skipped in %.0f s: go test %s\n",
		r.packages, r.passed, r.failed, len(r.skipped), took.Seconds(), shorten(strings.Join(args, " ")))
	fmt.Fprint(r.out, totals)
	name := os.Getenv(summaryEnv)
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	_, err = file.WriteString(totals)
	return errors.Join(err, file.Close())
}

// shorten cuts a long command line.
func shorten(line string) string {
	const most = 100
	if len(line) > most {
		return line[:most] + " …"
	}
	return line
}
