// Exportd runs saved SQL templates against MySQL or MariaDB and stores the results
// as CSV, XLS or XLSX files.
//
//	exportd [options]          serve
//	exportd gateway [options]  serve HTTP only, for a service found in etcd
//	exportd migrate [options]  migrate the schema of the service's database, then stop
//	exportd render [options]   run one query into one file, without a service
//	exportd token NAME OPERATOR SCOPE...   make a token for the tokens file
//	exportd version            print version, commit, date and Go version
//
// `exportd -h` lists the options.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones on machines without a zone database

	"exporttask/cmd/internal/version"
	"exporttask/internal/auth"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run runs a command and returns its exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr *os.File) int {
	command := "serve"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		command, args = args[0], args[1:]
	}
	if len(args) > 0 && (args[0] == "--version" || args[0] == "-version") {
		command = "version"
	}
	do, ok := map[string]func(context.Context, *app) error{"serve": serve, "migrate": migrate}[command]
	switch {
	case command == "version":
		fmt.Fprintln(stdout, "exportd", version.Get())
		return exitOK
	case command == "gateway":
		return runGateway(ctx, args, getenv, stderr)
	case command == "render":
		return render(ctx, args, getenv, stdout, stderr)
	case command == "token":
		return token(args, stdout, stderr)
	case !ok:
		fmt.Fprintf(stderr, "exportd: command %q, want serve, gateway, migrate, render, token or version\n", command)
		return exitUsage
	}
	load := func() (*config, error) { return loadConfig(args, getenv, stderr) }
	cfg, err := load()
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "exportd: %v\n", err)
		return exitUsage
	}
	a := &app{cfg: cfg, level: &slog.LevelVar{}, load: load}
	a.level.Set(cfg.log.level)
	a.log = cfg.log.logger(stderr, a.level)
	slog.SetDefault(a.log)
	if err := do(ctx, a); err != nil {
		a.log.Error("exportd stopped", "error", err)
		return exitError
	}
	return exitOK
}

// token prints a new bearer token and its entry for the tokens file.
func token(args []string, stdout, stderr io.Writer) int {
	if len(args) < 3 {
		fmt.Fprintln(stderr, "exportd: token: want NAME OPERATOR SCOPE..., such as: token shop 7 read run")
		return exitUsage
	}
	secret, entry, err := auth.NewEntry(args[0], args[1], args[2:])
	if err != nil {
		fmt.Fprintf(stderr, "exportd: token: %v\n", err)
		return exitUsage
	}
	fmt.Fprint(stdout, entry)
	fmt.Fprintf(stderr, "the token, shown once: %s\n", secret)
	return exitOK
}
