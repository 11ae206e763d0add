package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

const (
	// keyPrefix begins a secret in base64 (Standard Webhooks).
	keyPrefix   = "whsec_"
	minKeyBytes = 16
)

// Config are the keys of a destination of the kind "webhook".
type Config struct {
	// URL begins with https://; http:// needs AllowPrivate.
	URL string `yaml:"url"`
	// Secret is the key of the signature, at least 16 bytes: "whsec_" and base64,
	// as Standard Webhooks writes it, or any other text, whose bytes are the key.
	SecretFile string `yaml:"secret-file"`
	Secret     string `yaml:"-"`
	// AllowPrivate permits private addresses, http:// and the proxy of the
	// environment.
	AllowPrivate bool `yaml:"allow-private"`
	// CAFile is a PEM file of certificate authorities; empty: the system's.
	CAFile string `yaml:"ca-file"`
	// Headers are sent with each call, such as Authorization.
	Headers map[string]string `yaml:"headers"`
}

func (c Config) address() (*url.URL, error) {
	want := "https://…"
	if c.AllowPrivate {
		want = "https://… or http://…"
	}
	// The text of the error is not shown, since it may repeat a password.
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("url: want %s", want)
	case u.Scheme == "http" && !c.AllowPrivate:
		return nil, fmt.Errorf("url: %q, want %s, or allow-private", u.Redacted(), want)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("url: %q, want %s", u.Redacted(), want)
	}
	return u, nil
}

func (c Config) key() ([]byte, error) {
	key := []byte(c.Secret)
	if text, is := strings.CutPrefix(c.Secret, keyPrefix); is {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, fmt.Errorf("secret-file: no base64 after %s", keyPrefix)
		}
	}
	if len(key) < minKeyBytes {
		return nil, fmt.Errorf("secret-file: a key of %d bytes, want at least %d", len(key), minKeyBytes)
	}
	return key, nil
}

// checkHeaders returns an error for headers that the call sets itself.
func (c Config) checkHeaders() error {
	token := regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110 section 5.6.2
	for name, value := range c.Headers {
		lower := strings.ToLower(name)
		switch {
		case !token.MatchString(name):
			return fmt.Errorf("headers: %q, want a header's name", name)
		case lower == "host", lower == "connection", lower == "transfer-encoding", lower == "trailer", lower == "user-agent",
			strings.HasPrefix(lower, "content-"), strings.HasPrefix(lower, "webhook-"):
			return fmt.Errorf("headers: %q is set by the call, want another header", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return errors.New("headers: " + name + ": control characters, want one line")
		}
	}
	return nil
}
