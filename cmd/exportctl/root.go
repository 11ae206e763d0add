package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"exporttask/client"
	"exporttask/cmd/internal/version"
)

// dialTimeout bounds the lookup of replicas in etcd.
const dialTimeout = 10 * time.Second

// app is the state of one command line.
type app struct {
	stdio

	settings settings
	started  bool // a command has begun to run
	client   *client.Client
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "exportctl",
		Short: "Command-line client of exportd",
		Long: `Run exports, apply templates and schedules from files, and show the queue.

The address of exportd is taken from a flag, the environment or the
configuration file, in this order; the default is 127.0.0.1:50051. Templates and
schedules are given by their id or their exact name.`,
		Version:           version.Get().String(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: a.prepare,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetVersionTemplate("exportctl {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = false
	a.settings.define(root.PersistentFlags())
	root.AddGroup(&cobra.Group{ID: "work", Title: "Exports:"}, &cobra.Group{ID: "keep", Title: "Templates and schedules:"}, &cobra.Group{ID: "see", Title: "Monitoring:"})
	for group, commands := range map[string][]*cobra.Command{
		"work": {a.runCommand(), a.instCommand()},
		"keep": {a.tplCommand(), a.schedCommand(), a.applyCommand()},
		"see":  {a.topCommand(), a.queueCommand(), a.deliveryCommand(), a.auditCommand()},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
			a.note(c)
		}
	}
	completeBash(root, a.out)
	root.AddCommand(&cobra.Command{
		Use: "version", Short: "Print version, commit, date and Go version", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { fmt.Fprintln(a.out, "exportctl", version.Get()) },
	})
	return root
}

// note makes a command and its subcommands set started when they begin to run:
// an error before that is one of the command line.
func (a *app) note(c *cobra.Command) {
	do := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		a.started = true
		return do(cmd, args)
	}
	for _, below := range c.Commands() {
		a.note(below)
	}
}

// prepare loads the settings before a command runs.
func (a *app) prepare(cmd *cobra.Command, _ []string) error {
	return a.settings.load(cmd.Flags(), a.getenv)
}

// dial returns the client, which it connects at the first call.
func (a *app) dial(ctx context.Context) (*client.Client, error) {
	if a.client != nil {
		return a.client, nil
	}
	opts, err := a.settings.options()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, dialTimeout)
	defer stop()
	a.client, err = client.Dial(ctx, opts)
	return a.client, err
}

// operator returns the value of --operator; 0 is none.
func (a *app) operator() int32 { return a.settings.operator }

// group returns a command that has subcommands and prints its help.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(commands...)
	return c
}

// terminal returns the size of the terminal w, or 0, 0 if w is not a terminal.
func terminal(w any) (columns, rows int) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, 0
	}
	columns, rows, err := term.GetSize(int(file.Fd()))
	if err != nil || columns <= 0 {
		return 80, 24
	}
	return columns, rows
}

// ask asks for confirmation on the terminal. Without a terminal it returns a usage
// error; scripts use --yes.
func (a *app) ask(question string) (bool, error) {
	file, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return false, usagef("%s: no terminal to ask on; use --yes", question)
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	var answer string
	_, _ = fmt.Fscanln(a.in, &answer) // no answer is no
	return answer == "y" || answer == "Y" || answer == "yes", nil
}
