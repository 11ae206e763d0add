package main

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"exporttask/internal/auth"
	"exporttask/internal/auth/oidc"
	"exporttask/internal/listener"
)

// oidcConfig holds the options of the sign-in to the console with OpenID Connect.
type oidcConfig struct {
	issuer, clientID, secret string
	scopes                   string
	claim                    string
	caFile                   string
	roles                    map[string]oidc.Role
}

func (c *oidcConfig) define(o *options) {
	f := o.flags
	f.StringVar(&c.issuer, "oidc-issuer", "", "`URL` of the OpenID Connect provider with which people sign in to the console; none: they sign in with tokens only")
	f.StringVar(&c.clientID, "oidc-client-id", "", "`id` under which the provider knows exportd")
	o.secret(&c.secret, "oidc-client-secret", "the secret of that client; a public client has none")
	f.StringVar(&c.scopes, "oidc-scopes", "profile,email", "scopes that are requested in addition to openid, `NAME,...`")
	f.StringVar(&c.claim, "oidc-claim", "groups", "`name` of the claim whose values the section oidc-roles lists")
	f.StringVar(&c.caFile, "oidc-ca-file", "", "PEM `file` of certificate authorities that verify the provider; none: those of the system")
}

// loadOIDCRoles reads the section oidc-roles of the YAML file: operator and scopes
// by value of the claim.
func (c *oidcConfig) loadOIDCRoles(node yaml.Node) error {
	c.roles = map[string]oidc.Role{}
	if node.IsZero() {
		return nil
	}
	var read map[string]struct {
		Operator int32        `yaml:"operator"`
		Scopes   []auth.Scope `yaml:"scopes"`
	}
	if err := decode(&node, &read); err != nil {
		return fmt.Errorf("oidc-roles: %w", err)
	}
	var errs []error
	for _, value := range slices.Sorted(maps.Keys(read)) {
		r := read[value]
		if r.Operator < 1 {
			errs = append(errs, fmt.Errorf("oidc-roles.%s.operator: %d, want 1 or more", value, r.Operator))
		}
		if len(r.Scopes) == 0 {
			errs = append(errs, fmt.Errorf("oidc-roles.%s.scopes: empty, want one or more of read, run and admin", value))
		}
		for _, scope := range r.Scopes {
			if scope != auth.Read && scope != auth.Run && scope != auth.Admin {
				errs = append(errs, fmt.Errorf("oidc-roles.%s.scopes: %q, want read, run or admin", value, scope))
			}
		}
		c.roles[value] = oidc.Role{Operator: r.Operator, Scopes: r.Scopes}
	}
	return errors.Join(errs...)
}

// validate reports invalid options. tokens says that the service requires tokens.
func (c *oidcConfig) validate(http *httpConfig, tokens bool, bad func(option, format string, args ...any)) {
	if c.issuer == "" {
		return
	}
	u, err := url.Parse(c.issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !listener.OnLoopback(hostPort(u))) {
		bad("oidc-issuer", "%q, want https://HOST, or http:// on this machine", c.issuer)
	}
	if c.clientID == "" {
		bad("oidc-client-id", "empty, want the id under which the provider knows exportd")
	}
	if c.claim == "" {
		bad("oidc-claim", "empty, want the name of a claim such as groups or email")
	}
	if len(c.roles) == 0 {
		bad("oidc-roles", "empty, want the section with operator and scopes for values of the claim %q", c.claim)
	}
	if !tokens {
		bad("tokens-file", "empty, want a file of tokens: without one every caller has full access, and a sign-in protects nothing")
	}
	if !http.console || http.addr == "" {
		bad("oidc-issuer", "set, but console is false or http-addr is empty: nobody can sign in")
	}
}

// hostPort returns the host of a URL with its port.
func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Host + ":80"
}

// open returns the provider, nil if none is configured. base is the base URL of the
// HTTP port as browsers reach it.
func (c *oidcConfig) open(base string) (*oidc.Provider, error) {
	if c.issuer == "" {
		return nil, nil //nolint:nilnil // no provider is no error
	}
	return oidc.New(oidc.Config{
		Issuer: c.issuer, ClientID: c.clientID, ClientSecret: c.secret, RedirectURL: strings.TrimSuffix(base, "/") + "/console/oidc/callback",
		Scopes: list(c.scopes), Claim: c.claim, Roles: c.roles, CAFile: c.caFile,
	})
}
