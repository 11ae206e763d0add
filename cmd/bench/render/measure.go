package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// cost is the time and memory of one run of a program.
type cost struct {
	wall   float64 // seconds
	cpu    float64 // seconds, of the program and of the kernel for it
	kernel float64 // seconds
	peak   float64 // resident memory, MiB
}

// job is a program to run.
type job struct {
	args  []string
	env   []string
	out   string                                       // file that takes standard output; "" is nowhere
	makes string                                       // file that the job makes: one of an earlier run is removed first
	cmd   func(ctx context.Context) (*exec.Cmd, error) // in the place of args
}

func (j job) run(ctx context.Context) (cost, error) {
	// Freeing the pages of an old file costs the process that replaces the file.
	if err := os.Remove(j.makes); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cost{}, err
	}
	var cmd *exec.Cmd
	if j.cmd != nil {
		var err error
		if cmd, err = j.cmd(ctx); err != nil {
			return cost{}, err
		}
	} else {
		cmd = exec.CommandContext(ctx, j.args[0], j.args[1:]...)
		cmd.Env = append(os.Environ(), j.env...)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if j.out != "" {
		file, err := os.Create(j.out)
		if err != nil {
			return cost{}, err
		}
		defer file.Close()
		cmd.Stdout = file
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	peak := make(chan float64)
	ended := make(chan struct{})
	go func() { peak <- highWater(cmd.Process.Pid, ended) }()
	err := cmd.Wait()
	wall := time.Since(began).Seconds()
	close(ended)
	c := cost{wall: wall, peak: <-peak}
	if err != nil {
		return cost{}, fmt.Errorf("%v: %w\n%s", cmd.Args, err, stderr.Bytes())
	}
	c.kernel = cmd.ProcessState.SystemTime().Seconds()
	c.cpu = cmd.ProcessState.UserTime().Seconds() + c.kernel
	return c, nil
}

// highWater returns the peak resident memory of a process in MiB (VmHWM), polled
// until the process ends. The maximum that wait4 reports includes the memory of the
// parent at the time of the fork.
func highWater(pid int, ended <-chan struct{}) (most float64) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err == nil {
			if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
				var kib float64
				if _, err := fmt.Sscan(rest, &kib); err == nil {
					most = max(most, kib/1024)
				}
			}
		}
		select {
		case <-tick.C:
		case <-ended:
			return most
		}
	}
}

// together runs n jobs at once; j returns the job of a number.
func together(ctx context.Context, n int, j func(i int) job) (wall float64, err error) {
	errs := make([]error, n)
	var all sync.WaitGroup
	began := time.Now()
	for i := range n {
		all.Go(func() { _, errs[i] = j(i).run(ctx) })
	}
	all.Wait()
	return time.Since(began).Seconds(), errors.Join(errs...)
}

// duel runs two jobs in turns and returns the costs pair by pair.
func duel(ctx context.Context, ours, peer job) (a, b []cost, err error) {
	for range pairs {
		for _, side := range []struct {
			j   job
			all *[]cost
		}{{ours, &a}, {peer, &b}} {
			c, err := side.j.run(ctx)
			if err != nil {
				return nil, nil, err
			}
			*side.all = append(*side.all, c)
		}
	}
	fmt.Fprintf(os.Stderr, "  ours %s; peer %s\n", medians(a), medians(b))
	return a, b, nil
}

// medians formats the median costs of the runs of one side.
func medians(all []cost) string {
	of := func(x func(cost) float64) float64 {
		values := make([]float64, len(all))
		for i, c := range all {
			values[i] = x(c)
		}
		return median(values)
	}
	return fmt.Sprintf("%.2f s, CPU %.3f s (%.3f of the kernel), %.0f MiB", of(wall), of(cpu), of(kernel), of(peak))
}

// ratio is the median over the pairs of x of one by x of the other.
func ratio(of, by []cost, x func(cost) float64) float64 {
	all := make([]float64, len(of))
	for i := range of {
		all[i] = x(of[i]) / x(by[i])
	}
	return median(all)
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func wall(c cost) float64   { return c.wall }
func cpu(c cost) float64    { return c.cpu }
func kernel(c cost) float64 { return c.kernel }
func peak(c cost) float64   { return c.peak }
