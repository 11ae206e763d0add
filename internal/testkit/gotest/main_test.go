package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	const events = `{"Action":"start","Package":"m/a"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"    quiet\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"m/a","Test":"TestBad","Output":"    bad_test.go:3: loud\n"}
{"Action":"fail","Package":"m/a","Test":"TestBad","Elapsed":0.1}
{"Action":"skip","Package":"m/a","Test":"TestLater","Elapsed":0}
{"Action":"output","Package":"m/a","Output":"FAIL\n"}
{"Action":"fail","Package":"m/a","Elapsed":0.2}
{"ImportPath":"m/b","Action":"build-output","Output":"b.go:1: no such thing\n"}
{"ImportPath":"m/b","Action":"build-fail"}
{"Action":"fail","Package":"m/b","Elapsed":0,"FailedBuild":"m/b"}
{"Action":"skip","Package":"m/c","Elapsed":0}
`
	var out strings.Builder
	r := report{out: &out, output: map[testID]*strings.Builder{}, tests: map[string]int{}}
	if err := r.read(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	summary := filepath.Join(t.TempDir(), "summary")
	t.Setenv(summaryEnv, summary)
	if err := r.summarize([]string{"./..."}, 3*time.Second); err != nil {
		t.Fatal(err)
	}
	const totals = "2 packages, 1 tests passed, 1 failed, 1 skipped in 3 s: go test ./...\n"
	const want = "    bad_test.go:3: loud\nFAIL\nFAIL\tm/a\t1 tests\t0.2s\n" +
		"b.go:1: no such thing\nFAIL\tm/b\t0 tests\t0.0s\n" +
		"SKIP\tm/a TestLater\n" + totals
	if got := out.String(); got != want {
		t.Errorf("output:\n%s\nwant:\n%s", got, want)
	}
	if got, err := os.ReadFile(summary); err != nil || string(got) != totals {
		t.Errorf("summary file: %q (%v), want %q", got, err, totals)
	}
}
