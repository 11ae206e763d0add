package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"exporttask/client"
	"exporttask/internal/gateway"
	"exporttask/internal/listener"
)

// `exportd gateway` serves the HTTP port only, without a database, store or
// workers. It calls the service at an address or finds it in etcd.

// gatewayJob holds the options of `exportd gateway`.
type gatewayJob struct {
	http      httpConfig
	edge      listener.Limits
	tls       listener.TLS
	insecure  bool
	service   client.Options
	etcd      string
	tokenFile string
	log       logConfig
}

func (j *gatewayJob) define(o *options) {
	f := o.flags
	j.http.define(o)
	j.edge.Define(f)
	j.tls.Define(f)
	j.log.define(o)
	f.BoolVar(&j.insecure, "insecure", false, "permit calls from other machines without TLS, and send tokens to the service without TLS")
	f.StringVar(&j.service.Target, "target", "", "`HOST:PORT` of the service, instead of etcd")
	f.StringVar(&j.etcd, "etcd", "", "members of etcd in which the service registers, `HOST:PORT,...`")
	f.StringVar(&j.service.Service, "etcd-service", "exporttask", "service `name` in etcd")
	f.StringVar(&j.service.CAFile, "service-ca-file", "", "PEM `file` of certificate authorities that verify the service; enables TLS")
	f.StringVar(&j.service.CertFile, "service-cert-file", "", "PEM `file` of the client certificate for the service")
	f.StringVar(&j.service.KeyFile, "service-key-file", "", "PEM `file` of the private key of that certificate")
	f.StringVar(&j.service.ServerName, "service-server-name", "", "`name` in the service's certificate; required with etcd and TLS, which it enables")
	f.StringVar(&j.tokenFile, "token-file", "", "`file` of the gateway's own token with the scope admin, used for signed links only")
}

// runGateway runs `exportd gateway` and returns its exit code.
func runGateway(ctx context.Context, args []string, getenv func(string) string, stderr *os.File) int {
	var j gatewayJob
	o := newOptions(stderr)
	j.define(o)
	_, err := o.load(args, getenv)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err = errors.Join(err, j.validate()); err != nil {
		fmt.Fprintf(stderr, "exportd: gateway: %v\n", err)
		return exitUsage
	}
	log := j.log.logger(stderr, j.log.level)
	if err := j.run(ctx, log); err != nil {
		log.Error("gateway stopped", "error", err)
		return exitError
	}
	return exitOK
}

func (j *gatewayJob) validate() error {
	var errs []error
	bad := func(option, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", option, fmt.Sprintf(format, args...)))
	}
	if (j.etcd == "") == (j.service.Target == "") {
		bad("etcd, target", "want one of the two")
	}
	serviceTLS := j.service.CAFile != "" || j.service.CertFile != "" || j.service.ServerName != ""
	if j.service.Target != "" && !serviceTLS && !j.insecure && !listener.OnLoopback(j.service.Target) {
		bad("target", "%s can be reached over the network only, and tokens would be sent to it in plain text; "+
			"want service-ca-file or service-server-name (TLS), an address such as 127.0.0.1:50051, or insecure", j.service.Target)
	}
	if j.etcd != "" && serviceTLS && j.service.ServerName == "" {
		bad("service-server-name", "empty, want the name in the service's certificate: addresses in etcd are not trusted")
	}
	if j.http.addr == "" {
		bad("http-addr", "empty, want HOST:PORT")
	}
	if j.http.linkKeysFile != "" && j.tokenFile == "" {
		bad("token-file", "empty, want the token with which signed links are answered")
	}
	j.http.validate(bad)
	j.log.validate(bad)
	errs = append(errs, j.edge.Validate(), j.tls.Validate())
	if !j.insecure {
		// Whether tokens are wanted is the service's to say.
		errs = append(errs, listener.Exposure{
			Option: "http-addr", Addr: j.http.addr, Tokens: true, TLS: j.tls.On(), MutualTLS: j.tls.ClientCAFile != "",
		}.Check())
	}
	return errors.Join(errs...)
}

func (j *gatewayJob) run(ctx context.Context, log *slog.Logger) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", j.http.addr)
	if err != nil {
		return fmt.Errorf("http-addr: %w", err)
	}
	defer listener.Close()
	l, err := j.http.openLinks(listener.Addr().String(), j.tls.On(), log)
	if err != nil {
		return err
	}
	token := ""
	if j.tokenFile != "" {
		if token, err = readSecret(j.tokenFile); err != nil {
			return fmt.Errorf("token-file: %w", err)
		}
	}
	j.service.Etcd = list(j.etcd)
	j.service.ForwardsTokens, j.service.TokenInPlaintext = true, j.insecure
	service, err := client.Dial(ctx, j.service) // without a token: callers bring their own
	if err != nil {
		return err
	}
	defer service.Close()
	app, err := j.http.openConsole()
	if err != nil {
		return err
	}
	handler, err := gateway.New(gateway.Config{
		Console: app, Sessions: j.http.sessions(l, false),
		Client: service.API(), Token: token, Links: l.signer, Origins: list(j.http.origins), Hosts: j.http.allowedHosts(),
		BodyTimeout: j.edge.Body, Authenticate: gateway.AskService(service.Conn()), Logger: log, Now: time.Now,
		Ready: func(ctx context.Context) error {
			_, err := service.Health().Check(ctx, &healthpb.HealthCheckRequest{})
			return err
		},
	})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)} //nolint:gosec // listener.HTTP sets the timeouts below
	j.edge.HTTP(server)
	limited := j.edge.Listen(listener, log)
	served := make(chan error, 1)
	if j.tls.On() {
		certs, err := j.tls.Open(log)
		if err != nil {
			return err
		}
		go certs.Run(ctx)
		server.TLSConfig = certs.Config()
		go func() { served <- server.ServeTLS(limited, "", "") }()
	} else {
		go func() { served <- server.Serve(limited) }()
	}
	log.Info("listening", "http", listener.Addr().String())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	drain, stop := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer stop()
	if err := server.Shutdown(drain); err != nil {
		return server.Close()
	}
	return nil
}
