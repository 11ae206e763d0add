package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"
)

func main() {
	short := flag.Bool("short", false, "the short form")
	long := flag.Bool("long", false, "the long form of the faults of clusters")
	only := flag.String("only", "", "`pattern` of the faults to run, of all of them by default")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos: -only:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, os.Stdout, form{short: *short, long: *long}, pattern)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// form is the length of the suite.
type form struct {
	short bool // less than three minutes
	long  bool // five minutes for each fault of a cluster
}

// fault is one part of the suite: it injects faults and reports figures.
type fault struct {
	name string
	run  func(ctx context.Context, w *world, r *report) error
	// alone is set if the fault affects the servers that all parts share.
	alone bool
}

// atOnce is the number of faults that run concurrently, each on an installation of
// its own: they mostly wait.
const atOnce = 3

func faults() []fault {
	return []fault{
		{name: "kill", run: killReplicas},
		{name: "pause", run: pauseReplica},
		{name: "mutant", run: unfencedBuildFails},
		{name: "poison", run: poison},
		{name: "rolling", run: rollingRestarts},
		{name: "disk", run: spoilStore},
		{name: "fair", run: shareFairly},
		{name: "newcomer", run: admitNewcomer},
		{name: "idle", run: useIdleSlots},
		{name: "once", run: createOnce},
		{name: "deliver", run: deliverUnderKills},
		{name: "sched", run: fireUnderKills},
		{name: "galera", run: galeraFaults},
		{name: "promote", run: promoteReplica},
		{name: "restart", run: restartInOutage, alone: true},
		{name: "cut", run: cutConnections, alone: true},
		{name: "cancel", run: cancelRunning, alone: true},
	}
}

// run runs the faults whose names match and reports whether all figures are within
// their bounds. An error means that the suite itself failed.
func run(ctx context.Context, out io.Writer, f form, only *regexp.Regexp) (ok bool, err error) {
	w, err := newWorld(ctx, f)
	if err != nil {
		return false, err
	}
	defer func() {
		if closeErr := w.close(); err == nil {
			err = closeErr
		}
	}()
	r := &report{out: out}
	var together, alone []fault
	for _, f := range faults() {
		switch {
		case !only.MatchString(f.name):
		case f.alone:
			alone = append(alone, f)
		default:
			together = append(together, f)
		}
	}
	err = errors.Join(r.runAll(ctx, w, together, atOnce), r.runAll(ctx, w, alone, 1))
	if err != nil || r.failed > 0 {
		r.note("logs are kept in %s", w.keepLogs())
	}
	return r.failed == 0, err
}

// runAll runs faults, atOnce of them concurrently, and prints the figures of each
// when it has ended.
func (r *report) runAll(ctx context.Context, w *world, list []fault, atOnce int) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, f := range list {
		group.Go(func() error {
			var text bytes.Buffer
			own := &report{out: &text}
			err := f.run(ctx, w, own)
			mu.Lock()
			defer mu.Unlock()
			r.failed += own.failed
			fmt.Fprint(r.out, text.String())
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			return nil
		})
	}
	return group.Wait()
}
