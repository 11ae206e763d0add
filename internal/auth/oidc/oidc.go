// Package oidc signs people in with an OpenID Connect provider: the authorization
// code flow with PKCE, state and nonce (OpenID Connect Core 1.0 section 3.1, RFC
// 7636), and the rights that the configuration gives for a claim.
package oidc

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"exporttask/internal/auth"
	"exporttask/internal/auth/session"
	"exporttask/internal/files"
)

// Role is what the people of a claim's value may do.
type Role struct {
	Operator int32
	Scopes   []auth.Scope
}

// Config describes the provider and the rights of its people.
type Config struct {
	Issuer, ClientID, ClientSecret string
	// RedirectURL is the address to which the provider sends the browser back.
	RedirectURL string
	// Scopes are requested in addition to openid.
	Scopes []string
	// Claim is the name of the claim whose values Roles lists. The claim is a text
	// or a list of texts, in the ID token or in the reply of the userinfo endpoint.
	Claim string
	Roles map[string]Role
	// CAFile is a PEM file of certificate authorities that verify the provider;
	// empty: those of the system.
	CAFile string
}

// timeout bounds each request to the provider.
const timeout = 10 * time.Second

// FlowLife is the time that a person has at the provider.
const FlowLife = 10 * time.Minute

// Provider signs people in. It is safe for concurrent use.
type Provider struct {
	Config
	client *http.Client

	mu    sync.Mutex
	found *oidc.Provider // nil until the provider has answered
}

// New returns a Provider. It does not connect: the provider may be down when the
// service starts.
func New(c Config) (*Provider, error) {
	p := &Provider{Config: c, client: &http.Client{Timeout: timeout}}
	if c.CAFile != "" {
		pool, err := files.LoadCertPool(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("oidc-ca-file: %w", err)
		}
		p.client.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		}
	}
	return p, nil
}

// Error is an error that the person may see: what the provider said, or that the
// person has no rights here.
type Error struct{ Text string }

// Error implements error.
func (e *Error) Error() string { return e.Text }

func refuse(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Flow is what the browser keeps, sealed, while the person is at the provider.
type Flow struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Return   string    `json:"r"` // page to return to
	Began    time.Time `json:"b"`
}

// Start returns the address at the provider to which the browser is sent, and what
// Finish needs. The error is an *UnavailableError if the provider does not answer.
func (p *Provider) Start(ctx context.Context, now time.Time) (address string, flow *Flow, err error) {
	provider, err := p.discover(ctx)
	if err != nil {
		return "", nil, err
	}
	flow = &Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Began: now}
	return p.oauth(provider).AuthCodeURL(flow.State, oidc.Nonce(flow.Nonce), oauth2.S256ChallengeOption(flow.Verifier)), flow, nil
}

// Finish returns the person whom the provider has sent back with the parameters of
// an address. An *Error may be shown to the person; other errors are faults of the
// configuration or of the provider.
func (p *Provider) Finish(ctx context.Context, flow *Flow, given url.Values, now time.Time) (*session.Person, error) {
	switch {
	case subtle.ConstantTimeCompare([]byte(given.Get("state")), []byte(flow.State)) != 1:
		return nil, refuse("the sign-in was begun in another window or browser; sign in again")
	case now.Sub(flow.Began) > FlowLife:
		return nil, refuse("the sign-in took longer than %s; sign in again", FlowLife)
	case given.Get("error") != "":
		return nil, refuse("the sign-in was refused: %.100s %.200s", given.Get("error"), given.Get("error_description"))
	case given.Get("iss") != "" && given.Get("iss") != p.Issuer: // RFC 9207
		return nil, refuse("the sign-in was answered by another provider")
	}
	provider, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	oauth := p.oauth(provider)
	token, err := oauth.Exchange(ctx, given.Get("code"), oauth2.VerifierOption(flow.Verifier))
	if err != nil {
		return nil, fmt.Errorf("exchange the code: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID, Now: func() time.Time { return now }})
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("verify the ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(flow.Nonce)) != 1 {
		return nil, errors.New("verify the ID token: it has another nonce")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, fmt.Errorf("read the claims: %w", err)
	}
	if _, ok := claims[p.Claim]; !ok && provider.UserInfoEndpoint() != "" {
		if err := addUserInfo(ctx, provider, token, id.Subject, claims); err != nil {
			return nil, err
		}
	}
	return p.person(id.Subject, claims)
}

// addUserInfo adds the claims that the ID token does not have.
func addUserInfo(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, subject string, claims map[string]any) error {
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return fmt.Errorf("read userinfo: %w", err)
	}
	if info.Subject != subject { // OpenID Connect Core 1.0 section 5.3.2
		return errors.New("read userinfo: it is about another subject")
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return fmt.Errorf("read userinfo: %w", err)
	}
	for name, value := range more {
		if _, has := claims[name]; !has {
			claims[name] = value
		}
	}
	return nil
}

// NamePrefix begins the names of people, so that none is the name of a token.
const NamePrefix = "oidc:"

// person returns the person with the rights of its claims.
func (p *Provider) person(subject string, claims map[string]any) (*session.Person, error) {
	name := cmp.Or(text(claims["preferred_username"]), text(claims["email"]), subject)
	who := &session.Person{Name: fmt.Sprintf("%s%.59s", NamePrefix, name)}
	values := texts(claims[p.Claim])
	if len(values) == 0 {
		return nil, refuse("%s has no rights here: the provider sent no claim %q", name, p.Claim)
	}
	scopes := map[string]bool{}
	for _, value := range values {
		role, ok := p.Roles[value]
		if !ok {
			continue
		}
		if who.Operator != 0 && who.Operator != role.Operator {
			return nil, refuse("%s has roles of the operators %d and %d (claim %q); an administrator has to leave one", name, who.Operator, role.Operator, p.Claim)
		}
		who.Operator = role.Operator
		for _, scope := range role.Scopes {
			scopes[string(scope)] = true
		}
	}
	if who.Operator == 0 {
		return nil, refuse("%s has no rights here: no value of the claim %q is listed in oidc-roles", name, p.Claim)
	}
	who.Scopes = slices.Sorted(maps.Keys(scopes))
	return who, nil
}

func text(claim any) string {
	s, _ := claim.(string)
	return s
}

// texts returns the texts of a claim: one, or a list.
func texts(claim any) []string {
	switch claim := claim.(type) {
	case string:
		return []string{claim}
	case []any:
		var list []string
		for _, v := range claim {
			if s, ok := v.(string); ok {
				list = append(list, s)
			}
		}
		return list
	}
	return nil
}

func (p *Provider) oauth(provider *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, RedirectURL: p.RedirectURL, Endpoint: provider.Endpoint(),
		Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...),
	}
}

// discover returns what the provider says about itself, which is read once.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The library keeps the context, for its reads of keys; the client has a
	// timeout.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.Issuer)
	if err != nil {
		return nil, &UnavailableError{Err: err}
	}
	p.found = found
	return found, nil
}

// UnavailableError is returned if the provider does not answer as its discovery
// document should.
type UnavailableError struct{ Err error }

// Error returns the cause.
func (e *UnavailableError) Error() string { return "oidc-issuer: " + strings.TrimSpace(e.Err.Error()) }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }
