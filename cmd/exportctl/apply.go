package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"exporttask/cmd/exportctl/internal/apply"
)

func (a *app) applyCommand() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use: "apply -f PATH", Short: "Apply templates and schedules from files, after showing a diff", Args: cobra.NoArgs,
		Long: `Apply templates and schedules from files, after showing a diff.

All files are read before anything is changed, and all errors in them are
reported with file, line and key. A template is identified by its name. If the
server refuses a change, the preceding changes are reverted.

Nothing is deleted without --prune. With --prune, schedules that the files do not
list under their templates are deleted, and templates that have a tag used in the
files but are not in the files.`,
		Example: `  exportctl apply -f templates/ --dry-run
  exportctl apply -f templates/ --prune --yes`,
	}
	fileFlag(cmd, &f.paths, "`file` or folder of templates, - for standard input; may be repeated")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show the diff and change nothing")
	cmd.Flags().BoolVar(&f.prune, "prune", false, "delete templates and schedules that the files do not contain")
	yesFlag(cmd, &f.yes)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.apply(cmd.Context(), &f) }
	return cmd
}

type applyFlags struct {
	paths  []string
	dryRun bool
	prune  bool
	yes    bool
}

func (a *app) apply(ctx context.Context, f *applyFlags) error {
	tpls, err := load(f.paths, a.in)
	if err != nil {
		return err
	}
	c, err := a.dial(ctx)
	if err != nil {
		return err
	}
	plan, err := apply.Make(ctx, c.API(), tpls, apply.Options{OperatorID: a.operator(), Prune: f.prune})
	if err != nil {
		return err
	}
	if len(plan.Changes) == 0 {
		_, err := fmt.Fprintln(a.out, "nothing to change")
		return err
	}
	counts := map[apply.Action]int{}
	for _, change := range plan.Changes {
		counts[change.Action]++
		fmt.Fprintf(a.out, "%s\n%s\n", change, indent(change.Diff))
	}
	sum := fmt.Sprintf("%d to create, %d to update, %d to delete", counts[apply.Create], counts[apply.Update], counts[apply.Delete])
	fmt.Fprintln(a.out, sum)
	if err := plan.Check(ctx); err != nil {
		return fmt.Errorf("%w\nnothing was changed", err)
	}
	if f.dryRun {
		return nil
	}
	if ok, err := a.sure(f.yes, "Change the server?"); !ok {
		return err
	}
	err = plan.Do(ctx, func(*apply.Change) {})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, "done")
	return err
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ")
}
