package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"exporttask/client"
)

// A setting comes from its flag (--token-file), its variable in the environment
// (EXPORTCTL_TOKEN_FILE), its key in the configuration file (token-file), or its
// default, in this order. The token itself has no flag, which everybody on the
// machine could read.

const (
	envPrefix   = "EXPORTCTL_"
	configName  = "exportctl.yaml"
	defaultAddr = "127.0.0.1:50051"
)

type settings struct {
	config           string
	addr             string
	etcd             []string
	etcdService      string
	etcdUsername     string
	etcdPasswordFile string
	token            string
	tokenFile        string
	tokenInPlaintext bool
	tls              bool
	caFile           string
	certFile         string
	keyFile          string
	serverName       string
	operator         int32
}

func (s *settings) define(f *pflag.FlagSet) {
	f.StringVar(&s.config, "config", "", "configuration `file` (default $XDG_CONFIG_HOME/exportctl.yaml or ~/.config/exportctl.yaml)")
	f.StringVar(&s.addr, "addr", "", "`HOST:PORT` of exportd (default "+defaultAddr+")")
	f.StringSliceVar(&s.etcd, "etcd", nil, "etcd members that exportd registers in, `HOST:PORT,...`, instead of --addr")
	f.StringVar(&s.etcdService, "etcd-service", client.DefaultService, "`name` of exportd in etcd")
	f.StringVar(&s.etcdUsername, "etcd-username", "", "`user` of an etcd with authentication")
	f.StringVar(&s.etcdPasswordFile, "etcd-password-file", "", "`file` that holds its password")
	f.StringVar(&s.tokenFile, "token-file", "", "`file` that holds the token (the token itself: EXPORTCTL_TOKEN or the configuration file)")
	f.BoolVar(&s.tokenInPlaintext, "token-in-plaintext", false, "send the token without TLS to other hosts")
	f.BoolVar(&s.tls, "tls", false, "use TLS, with the system's authorities; the files below turn it on as well")
	f.StringVar(&s.caFile, "ca-file", "", "`file` of the authorities that may vouch for exportd")
	f.StringVar(&s.certFile, "cert-file", "", "`file` of the client's own certificate, for mutual TLS")
	f.StringVar(&s.keyFile, "key-file", "", "`file` of its key")
	f.StringVar(&s.serverName, "server-name", "", "`name` wanted in exportd's certificate (default: the host)")
	f.Int32Var(&s.operator, "operator", 0, "operator `id` who asks, and whose things are listed; 0: any")
}

// load sets the settings that no flag has set. Of addr and etcd, the one with the
// higher precedence is used.
func (s *settings) load(f *pflag.FlagSet, getenv func(string) string) error {
	if err := s.oneAddress("the command line", f.Changed); err != nil {
		return err
	}
	given := map[string]bool{} // by the environment
	var errs []error
	set := func(name, value, where string) {
		if name == "token" {
			s.token = value
		} else if err := f.Set(name, value); err != nil {
			errs = append(errs, usagef("%s: %q: %w", where, value, err))
		}
		given[name] = true
	}
	addressed := f.Changed("addr") || f.Changed("etcd")
	skip := func(name string) bool {
		address := name == "addr" || name == "etcd"
		return f.Changed(name) || given[name] || address && addressed ||
			name == "token" && f.Changed("token-file") || name == "token-file" && given["token"]
	}
	var names []string
	f.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	names = append(names, "token")
	for _, name := range names {
		variable := envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if value := getenv(variable); value != "" && s.known(name) && !skip(name) {
			set(name, value, variable)
		}
	}
	if err := s.oneAddress("the environment", func(name string) bool { return given[name] }); err != nil {
		return err
	}
	addressed = addressed || given["addr"] || given["etcd"]
	tokenGiven := given["token"] || given["token-file"] || f.Changed("token-file")
	file, needed := s.config, true
	if file == "" {
		file, needed = defaultConfig(getenv), false
	}
	values, err := readConfig(file, needed)
	if err != nil {
		return err
	}
	if !addressed && values["addr"] != nil && values["etcd"] != nil {
		return usagef("%s:%d: addr and etcd are both given, want one", file, values["etcd"].Line)
	}
	for name, node := range values {
		where := fmt.Sprintf("%s:%d: %s", file, node.Line, name)
		value, ok := scalar(node)
		switch {
		case !s.known(name) || name == "config":
			errs = append(errs, usagef("%s: unknown key; the keys are the flags that `exportctl help` lists, without dashes", where))
		case !ok:
			errs = append(errs, usagef("%s: want a single value, or a list of them for etcd", where))
		case skip(name) || tokenGiven && strings.HasPrefix(name, "token") && name != "token-in-plaintext":
		default:
			set(name, value, where)
		}
	}
	return errors.Join(errs...)
}

// known reports whether name is a setting, and not a flag of one command.
func (s *settings) known(name string) bool {
	mine := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(settings).define(mine)
	return name == "token" || mine.Lookup(name) != nil
}

func (s *settings) oneAddress(where string, given func(string) bool) error {
	if given("addr") && given("etcd") {
		return usagef("%s gives both addr and etcd, want one", where)
	}
	return nil
}

// defaultConfig returns the path of the configuration file, or an empty string if
// the environment names no home folder.
func defaultConfig(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, configName)
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", configName)
	}
	return ""
}

func readConfig(file string, needed bool) (map[string]*yaml.Node, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Clean(file))
	if errors.Is(err, fs.ErrNotExist) && !needed {
		return nil, nil
	}
	if err != nil {
		return nil, usagef("config: %w", err)
	}
	values := map[string]*yaml.Node{}
	nodes := map[string]yaml.Node{}
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return nil, usagef("config: %s: %w", file, err)
	}
	for name, node := range nodes {
		values[name] = &node
	}
	return values, nil
}

// scalar returns a scalar node's value, or the values of a list of scalars
// separated by commas. ok is false for other nodes.
func scalar(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.ScalarNode {
		return n.Value, true
	}
	var items []string
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return "", false
		}
		items = append(items, item.Value)
	}
	return strings.Join(items, ","), n.Kind == yaml.SequenceNode
}

// options returns the client's options.
func (s *settings) options() (client.Options, error) {
	o := client.Options{
		Target: s.addr, Etcd: s.etcd, Service: s.etcdService, EtcdUsername: s.etcdUsername,
		CAFile: s.caFile, CertFile: s.certFile, KeyFile: s.keyFile, ServerName: s.serverName,
		Token: s.token, TokenFile: s.tokenFile, TokenInPlaintext: s.tokenInPlaintext, OperatorID: s.operator,
	}
	if o.Target == "" && len(o.Etcd) == 0 {
		o.Target = defaultAddr
	}
	if s.tls {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if s.etcdPasswordFile != "" {
		text, err := os.ReadFile(filepath.Clean(s.etcdPasswordFile))
		if err != nil {
			return o, usagef("etcd-password-file: %w", err)
		}
		o.EtcdPassword = strings.TrimRight(string(text), "\r\n")
	}
	return o, nil
}

// id parses the id of an instance or a delivery.
func id(what, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, usagef("%s: %q, want an id, a number", what, text)
	}
	return n, nil
}
