// Devstack is `make run`: it starts a private MariaDB and etcd, fills a sample
// shop, starts exportd on top, exports the shop through a real gRPC client,
// checks the files, and goes on serving until Ctrl-C. What it makes is kept in
// one folder and found again at the next start.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var opt settings
	flag.StringVar(&opt.dir, "dir", ".exportd", "`folder` that everything is kept in")
	flag.StringVar(&opt.exportd, "exportd", "", "exportd's `binary`")
	flag.StringVar(&opt.dsn, "dsn", "", "use this database instead of a private one: `user:password@tcp(host:port)/database`")
	flag.IntVar(&opt.grpcPort, "grpc-port", 50051, "loopback `port` of gRPC, the next is for HTTP; another one is taken if it is in use")
	flag.BoolVar(&opt.once, "once", false, "stop after the export; the exit code tells whether the files are right")
	flag.Parse()
	opt.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, opt, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "devstack:", err)
		os.Exit(1)
	}
}

// settings are what devstack was told.
type settings struct {
	dir      string
	exportd  string
	dsn      string
	grpcPort int
	once     bool
	log      *slog.Logger
}

// run starts everything, exports, and serves on unless once is set.
func run(ctx context.Context, opt settings, out io.Writer) (err error) {
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	st, err := start(ctx, opt, say)
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
	files, err := exportShop(ctx, client, st, out)
	if err != nil {
		return err
	}
	say("")
	say("The files, each checked against the database:")
	for _, f := range files {
		say("  %s", f)
	}
	if opt.once {
		return nil
	}
	say("")
	say("Try next, in another terminal:")
	for _, line := range st.tryNext() {
		say("  %s", line)
	}
	say("")
	say("Serving on %s until Ctrl-C; its log is %s", st.grpcAddr, st.logFile)
	select {
	case <-ctx.Done():
		say("\nStopping.")
		return nil
	case <-st.exited:
		return fmt.Errorf("exportd ended by itself; its log is %s", st.logFile)
	}
}
