// Exportctl is the command-line client of exportd. It runs exports, applies
// templates and schedules from YAML files, and shows the queue. docs/exportctl.md describes it; `exportctl help` lists the commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	_ "time/tzdata" // zones on machines without a zone database

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/client"
)

// Exit codes, for scripts. docs/exportctl.md lists them.
const (
	exitOK       = 0
	exitError    = 1 // any other error
	exitUsage    = 2 // the command line, the configuration or a YAML file is invalid
	exitFailed   = 3 // the instance FAILED
	exitCanceled = 4 // the instance was CANCELED, or exportctl was interrupted
	exitTimedOut = 5 // the instance TIMED_OUT
	exitNotFound = 6 // no such template, schedule, instance or file
	exitRefused  = 7 // the service refused the request
	exitAway     = 8 // the service is unreachable
	exitDenied   = 9 // the token is missing, invalid, or lacks the scope
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr, os.Getenv})
	stop()
	os.Exit(code)
}

// stdio is the process's standard streams and environment, which tests replace.
type stdio struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	getenv func(string) string
}

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, std stdio) int {
	a := &app{stdio: std}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if a.client != nil {
		_ = a.client.Close()
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(std.err, "exportctl:", message(err))
	if !a.started {
		return exitUsage // command line or settings
	}
	return exitCode(err)
}

// usageError is an error of the command line, the configuration or a YAML file.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// statusText matches the beginning of the error text of a gRPC status.
var statusText = regexp.MustCompile(`rpc error: code = (\w+) desc = `)

// message returns the text of an error for the terminal: a gRPC status is shown
// as its code and message.
func message(err error) string { return statusText.ReplaceAllString(err.Error(), "$1: ") }

func exitCode(err error) int {
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if failed, ok := errors.AsType[*client.FailedError](err); ok {
		switch failed.Inst.GetState() {
		case api.WshExportInstState_STATE_CANCELED:
			return exitCanceled
		case api.WshExportInstState_STATE_TIMED_OUT:
			return exitTimedOut
		default:
			return exitFailed
		}
	}
	if errors.Is(err, context.Canceled) {
		return exitCanceled
	}
	switch status.Code(err) {
	case codes.NotFound:
		return exitNotFound
	case codes.InvalidArgument, codes.FailedPrecondition, codes.Aborted, codes.ResourceExhausted:
		return exitRefused
	case codes.Unavailable, codes.DeadlineExceeded:
		return exitAway
	case codes.Unauthenticated, codes.PermissionDenied:
		return exitDenied
	default:
		if errors.Is(err, context.DeadlineExceeded) {
			return exitAway
		}
		return exitError
	}
}
