package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	xterm "golang.org/x/term"

	"exporttask/api"
	"exporttask/client"
	"exporttask/cmd/exportctl/internal/term"
)

// topTimeout bounds the calls for one frame.
const topTimeout = 5 * time.Second

func (a *app) topCommand() *cobra.Command {
	var once bool
	var every time.Duration
	cmd := &cobra.Command{
		Use: "top", Short: "Watch the queue, running exports, workers and replicas live", Args: cobra.NoArgs,
		Long: "Watch the queue, running exports, workers and replicas live. q or Ctrl-C ends it.\nReplicas are shown if exportd is found through etcd.",
	}
	cmd.Flags().BoolVar(&once, "once", false, "print one frame and exit")
	cmd.Flags().DurationVar(&every, "every", time.Second, "refresh interval")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if every < 100*time.Millisecond {
			return usagef("every: %s, want 100ms or more", every)
		}
		c, err := a.dial(cmd.Context())
		if err != nil {
			return err
		}
		frame, err := a.frame(cmd.Context(), c)
		if err != nil {
			return err
		}
		columns, _ := terminal(a.out)
		if once {
			_, err := fmt.Fprintln(a.out, strings.Join(frame.Lines(0), "\n"))
			return err
		}
		if columns == 0 {
			return usagef("standard output is not a terminal; --once prints one frame")
		}
		return a.live(cmd.Context(), c, frame, every)
	}
	return cmd
}

// frame requests the queue and the running instances from the service.
func (a *app) frame(ctx context.Context, c *client.Client) (term.Top, error) {
	ctx, stop := context.WithTimeout(ctx, topTimeout)
	defer stop()
	f := term.Top{At: time.Now()}
	var err error
	if f.Queue, err = a.queue(ctx, c); err != nil {
		return f, err
	}
	const most = 200
	if f.Running, err = insts(ctx, c, &api.WshExportTaskListInstReq{
		OperatorId: a.operator(),
		States:     []api.WshExportInstState{api.WshExportInstState_STATE_RUNNING, api.WshExportInstState_STATE_CANCELING},
	}, most); err != nil {
		return f, err
	}
	f.Replicas, err = c.Replicas(ctx)
	return f, err
}

// live draws a frame at each interval until q, Ctrl-C or the end of ctx.
func (a *app) live(ctx context.Context, c *client.Client, frame term.Top, every time.Duration) error {
	quit, restore, err := a.keys()
	if err != nil {
		return err
	}
	// Use the alternate screen without a cursor, and restore the terminal at the end.
	fmt.Fprint(a.out, "\x1b[?1049h\x1b[?25l")
	defer func() {
		fmt.Fprint(a.out, "\x1b[?25h\x1b[?1049l")
		restore()
	}()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		columns, rows := terminal(a.out)
		if _, err := fmt.Fprint(a.out, frame.Screen(columns, rows)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-quit:
			return nil
		case <-tick.C:
		}
		after, err := a.frame(ctx, c)
		if err != nil {
			frame.Problem = message(err) // the previous frame stays
			continue
		}
		frame = frame.Next(after)
	}
}

// keys closes quit when q or Ctrl-C is pressed.
func (a *app) keys() (quit <-chan struct{}, restore func(), err error) {
	pressed := make(chan struct{})
	in, ok := a.in.(*os.File)
	if !ok || !xterm.IsTerminal(int(in.Fd())) {
		return pressed, func() {}, nil // standard input is not a terminal
	}
	before, err := xterm.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, nil, err
	}
	go func() { // ends with the program: a read from a terminal cannot be canceled
		key := make([]byte, 1)
		for {
			if _, err := in.Read(key); err != nil {
				return
			}
			if key[0] == 'q' || key[0] == 3 {
				close(pressed)
				return
			}
		}
	}()
	return pressed, func() { _ = xterm.Restore(int(in.Fd()), before) }, nil
}
