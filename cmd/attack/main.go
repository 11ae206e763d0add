package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() {
	only := flag.String("only", "", "`pattern` of the attacks to run; default: all")
	of := flag.String("child", "", "`name` of the attack that this process runs for its parent")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "attack: -only:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if *of != "" {
		code := child(ctx, *of)
		stop()
		os.Exit(code)
	}
	short, err := run(ctx, os.Stdout, pattern)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(2)
	}
	if short > 0 {
		os.Exit(1)
	}
}

// attack is a hostile caller.
type attack struct {
	name   string
	target string // "tokens" or "open"
	run    func(ctx context.Context, a *attacker) error
}

// run runs the attacks whose name matches and returns how many fell short.
func run(ctx context.Context, out io.Writer, only *regexp.Regexp) (short int, err error) {
	if !raisePriority() {
		fmt.Fprintln(out, "other processes compete with exportd, since this user may not raise its priority")
	}
	w, err := newWorld(ctx)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closeErr := w.close(short > 0, out); err == nil {
			err = closeErr
		}
	}()
	fmt.Fprintf(out, "| attack | target | p99 of GetInst, ms | resident at most, MiB | other load, cores | result |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, a := range attacks() {
		if !only.MatchString(a.name) {
			continue
		}
		if ctx.Err() != nil {
			return short, ctx.Err()
		}
		r := w.measure(ctx, a)
		if len(r.faults) > 0 {
			short++
		}
		fmt.Fprintf(out, "| %s | %s | %.0f | %d | %.1f | %s |\n", a.name, a.target, r.p99, r.resident, r.others, r)
	}
	if ctx.Err() != nil {
		return short, ctx.Err()
	}
	for _, s := range []*site{w.tokens, w.open} {
		took, err := s.drain(ctx)
		result := "ok"
		if err != nil {
			short++
			result = "FALLS SHORT: " + err.Error()
		}
		fmt.Fprintf(out, "| drain with open streams: %s | %s | | | | %s |\n", took.Round(1e8), s.name, result)
	}
	fmt.Fprintf(out, "%d fell short\n", short)
	return short, nil
}

// attacks returns all attacks.
func attacks() []attack {
	all := rpcAttacks()
	all = append(all, frameAttacks()...)
	all = append(all, httpAttacks()...)
	all = append(all, tokenAttacks()...)
	return append(all, openAttacks()...)
}
