package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"exporttask/internal/delivery"
	"exporttask/internal/delivery/email"
	"exporttask/internal/delivery/folder"
	"exporttask/internal/delivery/payload"
	"exporttask/internal/delivery/s3"
	"exporttask/internal/delivery/sftp"
	"exporttask/internal/delivery/webhook"
)

// destinationConfig holds the keys that destinations of every kind have.
type destinationConfig struct {
	Kind      string        `yaml:"kind"`
	Operators []int32       `yaml:"operators"` // who may send there; none: everybody
	Slots     int           `yaml:"slots"`     // deliveries that one process sends there at once
	Attempts  int32         `yaml:"attempts"`
	Timeout   time.Duration `yaml:"timeout"` // of one attempt
	// OperatorFolders begins paths with the operator's id. The default is true if
	// there are tokens and more than one operator may use the destination, or
	// another destination that writes to the same folder: see separateOperators.
	OperatorFolders *bool `yaml:"operator-folders"`
}

// Defaults of a destination's keys.
const (
	defaultSlots          = 2
	defaultAttempts       = 12
	defaultTimeout        = 30 * time.Minute
	defaultWebhookTimeout = 15 * time.Second
)

// kinds maps the kind of a destination to the function that reads the keys of that
// kind and returns the destination.
var kinds = map[string]func(keys *yaml.Node) (payload.Destination, error){
	"s3": func(keys *yaml.Node) (payload.Destination, error) {
		var c s3.Config
		if err := decode(keys, &c); err != nil {
			return nil, err
		}
		err := errors.Join(
			fileKey("access-key-file", c.AccessKeyFile, &c.AccessKey),
			fileKey("secret-key-file", c.SecretKeyFile, &c.SecretKey),
		)
		if err != nil {
			return nil, err
		}
		return s3.New(c)
	},
	"folder": func(keys *yaml.Node) (payload.Destination, error) {
		var c folder.Config
		if err := decode(keys, &c); err != nil {
			return nil, err
		}
		return folder.New(c)
	},
	"sftp": func(keys *yaml.Node) (payload.Destination, error) {
		var c sftp.Config
		if err := decode(keys, &c); err != nil {
			return nil, err
		}
		err := errors.Join(
			fileKey("key-file", c.KeyFile, &c.Key),
			fileKey("key-passphrase-file", c.KeyPassphraseFile, &c.KeyPassphrase),
			fileKey("password-file", c.PasswordFile, &c.Password),
		)
		if err != nil {
			return nil, err
		}
		return sftp.New(c)
	},
	"email": func(keys *yaml.Node) (payload.Destination, error) {
		var c email.Config
		if err := decode(keys, &c); err != nil {
			return nil, err
		}
		if err := fileKey("password-file", c.PasswordFile, &c.Password); err != nil {
			return nil, err
		}
		return email.New(c)
	},
	"webhook": func(keys *yaml.Node) (payload.Destination, error) {
		var c webhook.Config
		if err := decode(keys, &c); err != nil {
			return nil, err
		}
		if err := fileKey("secret-file", c.SecretFile, &c.Secret); err != nil {
			return nil, err
		}
		return webhook.New(c)
	},
}

// decode decodes a section of the YAML file. An unknown key is an error.
func decode(node *yaml.Node, to any) error {
	text, err := yaml.Marshal(node)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	return dec.Decode(to)
}

// fileKey reads a secret from the file that a key names.
func fileKey(key, file string, to *string) error {
	if file == "" {
		return nil
	}
	text, err := readSecret(file)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	*to = text
	return nil
}

// loadDestinations reads the section destinations of the YAML file.
func (c *config) loadDestinations(node yaml.Node) error {
	c.destinations = delivery.Destinations{}
	if node.IsZero() {
		return nil
	}
	byName := map[string]yaml.Node{}
	if err := node.Decode(&byName); err != nil {
		return fmt.Errorf("destinations: %w", err)
	}
	var errs []error
	read := map[string]configuredDestination{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		keys := byName[name]
		destination, err := loadDestination(name, &keys, c.tokensFile != "")
		if err != nil {
			errs = append(errs, fmt.Errorf("destinations.%s.%w", name, err))
			continue
		}
		c.destinations[name] = destination.Destination
		read[name] = destination
	}
	if c.tokensFile != "" {
		separateOperators(c.destinations, read)
	}
	return errors.Join(errs...)
}

// configuredDestination is a destination and what decides whether its operators are
// kept apart.
type configuredDestination struct {
	delivery.Destination
	explicit bool   // operator-folders is given
	place    string // below which it writes files; "" for mail and webhooks
}

// separateOperators begins the paths of destinations with the operator's id where
// another operator has a destination that writes to the same folder, one above it or
// one below it.
func separateOperators(destinations delivery.Destinations, read map[string]configuredDestination) {
	for name, d := range read {
		for other, o := range read {
			if name != other && !d.explicit && overlap(d.place, o.place) && !slices.Equal(d.Operators, o.Operators) {
				d.OperatorFolders = true
				destinations[name] = d.Destination
			}
		}
	}
}

// overlap reports whether one of two places is the other or is below it.
func overlap(a, b string) bool {
	a, b = strings.TrimSuffix(a, "/")+"/", strings.TrimSuffix(b, "/")+"/"
	return a != "/" && b != "/" && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// loadDestination reads one destination; tokens is whether callers have tokens. An
// error begins with the key.
func loadDestination(name string, keys *yaml.Node, tokens bool) (configuredDestination, error) {
	var none configuredDestination
	common, rest, err := splitKeys(keys)
	if err != nil {
		return none, err
	}
	build, known := kinds[common.Kind]
	switch {
	case !sourceName.MatchString(name):
		return none, errors.New("name: want a-z, 0-9, _ and -, with a letter first")
	case !known:
		return none, fmt.Errorf("kind: %q, want one of %s", common.Kind, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	case common.Slots < 0 || common.Slots > 100:
		return none, fmt.Errorf("slots: %d, want 1..100", common.Slots)
	case common.Attempts < 0 || common.Attempts > 100:
		return none, fmt.Errorf("attempts: %d, want 1..100", common.Attempts)
	case common.Timeout < 0 || common.Timeout > 0 && common.Timeout < time.Second:
		return none, fmt.Errorf("timeout: %s, want 1s or more", common.Timeout)
	}
	usual := defaultTimeout
	if common.Kind == "webhook" {
		usual = defaultWebhookTimeout
	}
	common.Timeout = cmp.Or(common.Timeout, usual)
	destination, err := build(rest)
	if err != nil {
		return none, err
	}
	operatorFolders := tokens && len(common.Operators) != 1
	if common.OperatorFolders != nil {
		operatorFolders = *common.OperatorFolders
	}
	place := ""
	if p, ok := destination.(interface{ Place() string }); ok {
		place = p.Place()
	}
	return configuredDestination{Destination: delivery.Destination{
		Destination: destination, Slots: cmp.Or(common.Slots, defaultSlots), Attempts: cmp.Or(common.Attempts, defaultAttempts),
		Timeout: common.Timeout, Operators: common.Operators, OperatorFolders: operatorFolders,
	}, explicit: common.OperatorFolders != nil, place: place}, nil
}

// splitKeys separates the keys that every kind has from the keys of one kind.
func splitKeys(keys *yaml.Node) (common destinationConfig, rest *yaml.Node, err error) {
	if keys.Kind != yaml.MappingNode {
		return common, nil, fmt.Errorf("kind: line %d: want keys, the first of them kind", keys.Line)
	}
	ours := &yaml.Node{Kind: yaml.MappingNode, Tag: keys.Tag}
	rest = &yaml.Node{Kind: yaml.MappingNode, Tag: keys.Tag}
	for i := 0; i+1 < len(keys.Content); i += 2 {
		to := rest
		switch keys.Content[i].Value {
		case "kind", "operators", "slots", "attempts", "timeout", "operator-folders":
			to = ours
		}
		to.Content = append(to.Content, keys.Content[i], keys.Content[i+1])
	}
	return common, rest, decode(ours, &common)
}
