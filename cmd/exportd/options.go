package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The value of an option is taken from, in this order: its flag (-grpc-addr), its
// environment variable (EXPORTD_GRPC_ADDR), its key in the YAML file (grpc-addr),
// its default. A secret has no flag, since every user of the machine can read the
// command line; the flag NAME-file names a file that holds the secret instead.

const envPrefix = "EXPORTD_"

// options holds the options of one command, by name.
type options struct {
	flags   *flag.FlagSet
	secrets map[string]*string
	given   map[string]bool // set by flag, environment or file
}

func newOptions(out io.Writer) *options {
	fs := flag.NewFlagSet("exportd", flag.ContinueOnError)
	fs.SetOutput(out)
	return &options{flags: fs, secrets: map[string]*string{}, given: map[string]bool{}}
}

// secret defines a secret and the flag that names its file.
func (o *options) secret(to *string, name, usage string) {
	o.secrets[name] = to
	o.flags.String(name+"-file", "", "`file` that contains "+usage+"; instead the value can be given by "+envName(name)+", or by "+name+" in the YAML file")
}

// values returns the value of every option by name, secrets and sections
// included. It is used to find out what a reload changed.
func (o *options) values(sections map[string]yaml.Node) map[string]string {
	all := map[string]string{}
	o.flags.VisitAll(func(f *flag.Flag) { all[f.Name] = f.Value.String() })
	for name, value := range o.secrets {
		all[name] = *value
	}
	for name, node := range sections {
		if text, err := yaml.Marshal(&node); err == nil {
			all[name] = string(text)
		}
	}
	return all
}

func envName(name string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// sections are the keys of the YAML file whose value is a mapping.
var sections = []string{"sources", "destinations", "operators", "oidc-roles"}

// load sets every option from flags, environment and YAML file, and returns the
// sections of the YAML file. getenv is os.Getenv, replaced in tests.
func (o *options) load(args []string, getenv func(string) string) (found map[string]yaml.Node, err error) {
	configFile := o.flags.String("config", "", "YAML `file` of options, by the names of the flags")
	if err := o.flags.Parse(args); err != nil {
		return nil, err
	}
	if rest := o.flags.Args(); len(rest) > 0 {
		return nil, fmt.Errorf("argument %q, want none beyond options", rest[0])
	}
	o.flags.Visit(func(f *flag.Flag) { o.given[f.Name] = true })
	if err := o.loadEnv(getenv); err != nil {
		return nil, err
	}
	if *configFile != "" {
		if found, err = o.loadYAML(*configFile); err != nil {
			return nil, err
		}
	}
	return found, o.readSecrets()
}

func (o *options) loadEnv(getenv func(string) string) error {
	var errs []error
	o.flags.VisitAll(func(f *flag.Flag) {
		value := getenv(envName(f.Name))
		if value == "" || o.given[f.Name] {
			return
		}
		if err := o.flags.Set(f.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", envName(f.Name), value, err))
		}
		o.given[f.Name] = true
	})
	for name, to := range o.secrets {
		if value := getenv(envName(name)); value != "" {
			*to = value
			o.given[name] = true
		}
	}
	return errors.Join(errs...)
}

func (o *options) loadYAML(file string) (found map[string]yaml.Node, err error) {
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	var values map[string]yaml.Node
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("config: %s: %w", file, err)
	}
	found = map[string]yaml.Node{}
	var errs []error
	for name, node := range values {
		to, secret := o.secrets[name]
		switch {
		case slices.Contains(sections, name):
			found[name] = node
		case node.Kind != yaml.ScalarNode:
			errs = append(errs, fmt.Errorf("config: %s:%d: %s: want a single value", file, node.Line, name))
		case secret:
			if !o.given[name] {
				*to = node.Value
				o.given[name] = true
			}
		case name == "config" || o.flags.Lookup(name) == nil:
			errs = append(errs, fmt.Errorf("config: %s:%d: %s: no such option; `exportd -h` lists them", file, node.Line, name))
		case !o.given[name]:
			if err := o.flags.Set(name, node.Value); err != nil {
				errs = append(errs, fmt.Errorf("config: %s:%d: %s: %q: %w", file, node.Line, name, node.Value, err))
			}
			o.given[name] = true
		}
	}
	return found, errors.Join(errs...)
}

func (o *options) readSecrets() error {
	for name, to := range o.secrets {
		file := o.flags.Lookup(name + "-file").Value.String()
		if file == "" {
			continue
		}
		if o.given[name] {
			return fmt.Errorf("%s and %s-file are both given, want one", name, name)
		}
		text, err := readSecret(file)
		if err != nil {
			return fmt.Errorf("%s-file: %w", name, err)
		}
		*to = text
	}
	return nil
}

// readSecret returns the content of a file without trailing line ends.
func readSecret(file string) (string, error) {
	text, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
