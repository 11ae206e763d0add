// Devstack is `make run`: it starts a private MariaDB with a sample shop, etcd
// and exportd, exports the shop through a gRPC client, checks the files, and
// serves until Ctrl-C. With -dsn it starts exportd on a database of the user's
// own instead. Its data is kept in one folder and used again at the next start.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var opt settings
	flag.StringVar(&opt.dir, "dir", ".exportd", "`folder` for all data")
	flag.StringVar(&opt.exportd, "exportd", "", "`file` of the exportd program")
	flag.StringVar(&opt.dsn, "dsn", "", "use this database instead of a private one: `mysql://user:password@host:port/database`, or user:password@tcp(host:port)/database")
	flag.StringVar(&opt.schema, "schema", "", "with -dsn: `name` of the schema for exportd's own tables; default exportd, after a question")
	flag.IntVar(&opt.grpcPort, "grpc-port", 50051, "loopback `port` of gRPC, the next one is for HTTP; if a port is in use, or 0, another one is taken")
	flag.BoolVar(&opt.once, "once", false, "stop after the export; the exit code is 0 only if the files are right")
	flag.StringVar(&opt.then, "then", "", "`command` to run after the first export, such as the build of further programs")
	flag.Parse()
	opt.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, opt, newConsole(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, "devstack:", err)
		os.Exit(1)
	}
}

// settings are the values of the flags.
type settings struct {
	dir      string
	exportd  string
	dsn      string
	schema   string
	grpcPort int
	once     bool
	then     string
	log      *slog.Logger
}

// run starts everything, exports, and serves until ctx ends unless once is set.
func run(ctx context.Context, opt settings, out *console) (err error) {
	st, err := start(ctx, opt, out)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := st.stop(); err == nil {
			err = stopErr
		}
	}()
	client, err := st.dial()
	if err != nil {
		return err
	}
	defer client.Close()
	if err := st.exportFirst(ctx, client, out); err != nil {
		return fmt.Errorf("%w\n%s ends with:\n%s", err, st.logFile, tail(st.logFile))
	}
	st.sayFiles(out)
	if opt.once {
		return nil
	}
	if err := runThen(ctx, opt.then, out); err != nil {
		return err
	}
	st.sayNext(out)
	select {
	case <-ctx.Done():
		out.say("\nStopping.")
		return nil
	case <-st.exited:
		return fmt.Errorf("exportd ended; %s ends with:\n%s", st.logFile, tail(st.logFile))
	}
}
