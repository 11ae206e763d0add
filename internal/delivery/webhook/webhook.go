// Package webhook calls a URL when files are ready. A call is a POST of JSON,
// signed as Standard Webhooks 1.0.0 says (www.standardwebhooks.com), so that
// receivers can use the existing libraries. It sends no files: the event names
// them, with links if the server makes links. If the delivery is traced, the call
// carries the trace (W3C Trace Context).
//
// A connection to a private address is refused when it is dialed, whatever name
// resolves to it, and no redirect is followed.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/files"
	"exporttask/internal/model"
)

// Webhook is a destination.
type Webhook struct {
	url      string
	location string // the URL without user, password and query, which may be secret
	key      []byte
	headers  map[string]string
	client   *http.Client
	now      func() time.Time
}

// New returns a destination. The error begins with the key that is wrong.
func New(c Config) (*Webhook, error) {
	to, err := c.address()
	if err != nil {
		return nil, err
	}
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	if err := c.checkHeaders(); err != nil {
		return nil, err
	}
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	return &Webhook{
		url: to.String(), key: key, headers: c.Headers, now: time.Now,
		location: (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path, RawPath: to.RawPath}).String(),
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}, nil
}

// transport returns a transport that connects to public addresses only, unless
// private ones are allowed. Only then does it use a proxy, since a proxy would
// connect without that check.
func (c Config) transport() (*http.Transport, error) {
	t := &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	var dialer net.Dialer
	if c.AllowPrivate {
		t.Proxy = http.ProxyFromEnvironment
	} else {
		dialer.ControlContext = refusePrivate
	}
	t.DialContext = dialer.DialContext
	var err error
	if t.TLSClientConfig.RootCAs, err = files.LoadCertPool(c.CAFile); err != nil {
		return nil, fmt.Errorf("ca-file: %w", err)
	}
	return t, nil
}

// Kind implements payload.Destination.
func (w *Webhook) Kind() string { return "webhook" }

// Check implements payload.Destination.
func (w *Webhook) Check(to model.DeliverTo) error {
	if to.Path != "" {
		return errors.New("path: given, but a webhook keeps no files")
	}
	return payload.NoMail(to)
}

// Send implements payload.Destination.
func (w *Webhook) Send(ctx context.Context, p *payload.Payload) (payload.Receipt, error) {
	event, err := p.Event(ctx)
	if err != nil {
		return payload.Receipt{}, err
	}
	body, err := json.Marshal(event)
	if err != nil {
		return payload.Receipt{}, err
	}
	if err := w.post(ctx, p.EventID, body); err != nil {
		return payload.Receipt{}, fmt.Errorf("%s: %w", w.location, err)
	}
	return payload.Receipt{Location: w.location}, nil
}

func (w *Webhook) post(ctx context.Context, id string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range w.headers {
		req.Header.Set(name, value)
	}
	at := strconv.FormatInt(w.now().Unix(), 10)
	req.Header.Set("User-Agent", "exportd")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", w.sign(id, at, body))
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	resp, err := w.client.Do(req)
	if err != nil {
		// The text of url.Error holds the whole URL, which may be secret.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return err
	}
	defer resp.Body.Close()
	return judge(resp, w.now())
}

// sign returns the value of the header webhook-signature.
func (w *Webhook) sign(id, at string, body []byte) string {
	mac := hmac.New(sha256.New, w.key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
