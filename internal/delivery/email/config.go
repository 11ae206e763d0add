package email

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"slices"
	"strconv"
	"strings"

	"exporttask/internal/files"
)

const (
	defaultAttachMax     = 10 << 20
	defaultMaxRecipients = 20
)

// Config are the keys of a destination of the kind "email".
type Config struct {
	// Host is the "HOST:PORT" of a mail submission server or relay.
	Host string `yaml:"host"`
	// TLS is "starttls" (the default), "tls" for TLS from the first byte on, or
	// "none".
	TLS string `yaml:"tls"`
	// CAFile is a PEM file of certificate authorities; empty: the system's.
	CAFile string `yaml:"ca-file"`
	// HELO is this machine's name in EHLO; empty: its host name.
	HELO string `yaml:"helo"`

	// User and Password log in; without a user there is no login.
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password-file"`
	Password     string `yaml:"-"`

	// From is the sender, such as "Exports <exports@example.com>".
	From string `yaml:"from"`
	// Recipients get every message, in addition to those that a template names.
	Recipients []string `yaml:"recipients"`
	// Bcc hides the recipients from each other: the message names none of them.
	Bcc bool `yaml:"bcc"`
	// AllowedDomains are the domains, without their subdomains, of the addresses
	// that a template may name; empty: all domains.
	AllowedDomains []string `yaml:"allowed-domains"`
	// MaxRecipients bounds a message's recipients; 0: 20.
	MaxRecipients int `yaml:"max-recipients"`
	// AttachMax is the largest size of all attachments together, in bytes after
	// base64 encoding. Larger files are linked to. 0: 10 MiB.
	AttachMax int64 `yaml:"attach-max"`
}

// New returns a destination. The error begins with the key that is wrong.
func New(c Config) (*Mailer, error) {
	c.TLS = cmp.Or(c.TLS, "starttls")
	host, port, err := net.SplitHostPort(c.Host)
	if _, badPort := strconv.ParseUint(port, 10, 16); err != nil || badPort != nil || host == "" {
		return nil, fmt.Errorf("host: %q, want HOST:PORT", c.Host)
	}
	from, err := mail.ParseAddress(c.From)
	switch {
	case !slices.Contains([]string{"starttls", "tls", "none"}, c.TLS):
		return nil, fmt.Errorf("tls: %q, want starttls, tls or none", c.TLS)
	case c.TLS == "none" && c.User != "":
		return nil, errors.New("tls: none, want starttls or tls where a user logs in")
	case c.User != "" && c.Password == "":
		return nil, errors.New("password-file: empty, want a password where a user logs in")
	case err != nil || checkAddress(from.Address) != nil:
		return nil, fmt.Errorf("from: %q, want an e-mail address", c.From)
	case c.AttachMax < 0:
		return nil, fmt.Errorf("attach-max: %d, want bytes", c.AttachMax)
	case c.MaxRecipients < 0:
		return nil, fmt.Errorf("max-recipients: %d, want 1 or more", c.MaxRecipients)
	case strings.ContainsFunc(c.HELO, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, fmt.Errorf("helo: %q, want a host's name", c.HELO)
	}
	for i, to := range c.Recipients {
		if err := checkAddress(to); err != nil {
			return nil, fmt.Errorf("recipients[%d]: %w", i, err)
		}
	}
	for i, domain := range c.AllowedDomains {
		if domain == "" || strings.ContainsAny(domain, "@*/ ") {
			return nil, fmt.Errorf("allowed-domains[%d]: %q, want a domain such as example.com", i, domain)
		}
	}
	c.AttachMax = cmp.Or(c.AttachMax, defaultAttachMax)
	c.MaxRecipients = cmp.Or(c.MaxRecipients, defaultMaxRecipients)
	c.HELO = cmp.Or(c.HELO, hostname())
	trust, err := files.LoadCertPool(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca-file: %w", err)
	}
	return &Mailer{cfg: c, from: from, tls: &tls.Config{ServerName: host, RootCAs: trust, MinVersion: tls.VersionTLS12}}, nil
}

// hostname returns the default of HELO.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "localhost"
	}
	return name
}

// checkAddress accepts an addr-spec of RFC 5322 alone: without a display name,
// comment, quoted local part or address literal.
func checkAddress(text string) error {
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || len(text) > 254 ||
		strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '[' }) {
		return fmt.Errorf("%q, want an e-mail address", text)
	}
	return nil
}
