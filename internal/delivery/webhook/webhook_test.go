package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

var _ payload.Destination = (*Webhook)(nil)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// call is what a receiver got.
type call struct {
	header http.Header
	body   string
}

// setup makes a destination at a new server that answers with answer; change may
// change its keys.
func setup(t *testing.T, answer http.HandlerFunc, change func(*Config)) (*Webhook, <-chan call) {
	t.Helper()
	calls := make(chan call, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls <- call{r.Header, string(body)}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	c := Config{URL: server.URL + "/hook?token=hidden", Secret: secret, AllowPrivate: true}
	if change != nil {
		change(&c)
	}
	w, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return w, calls
}

func ok(http.ResponseWriter, *http.Request) {}

// verify is the receiver's part of Standard Webhooks: it takes a call that is
// signed with the key and not old.
func verify(key []byte, c call) error {
	sent, err := strconv.ParseInt(c.header.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return fmt.Errorf("timestamp %d, %w", sent, err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", c.header.Get("webhook-id"), sent, c.body)
	for signature := range strings.SplitSeq(c.header.Get("webhook-signature"), " ") {
		version, text, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, mac.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature of it fits")
}

func TestWebhook_Send(t *testing.T) {
	t.Parallel()
	w, calls := setup(t, ok, func(c *Config) { c.Headers = map[string]string{"authorization": "Bearer x"} })
	east := time.FixedZone("CST", 8*3600)
	at := func(hour int) sql.NullTime {
		return sql.NullTime{Time: time.Date(2026, 3, 1, hour, 0, 0, 500_000, east), Valid: true}
	}
	p := deliverytest.Payload([]byte("id\r\n"), "a.csv")
	p.Inst.ID, p.Inst.RowsDone, p.Inst.SchedID = 9007199254740993, 2, 11
	p.Inst.Started, p.Inst.Finished, p.Inst.Due, p.Inst.WindowStart, p.Inst.WindowEnd = at(11), at(12), at(10), at(0), at(9)
	p.Inst.Params.V = []model.Param{{Name: "day", Value: "2026-03-01"}, {Name: "ids", Values: []string{"1", "2"}}, {Name: "shop", Null: true}}
	p.Files[0].Link = func(context.Context) (string, time.Time, error) {
		return "https://exports.example.com/d/1", time.Date(2026, 3, 2, 10, 0, 0, 0, east), nil
	}
	location, err := w.Send(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSuffix(w.url, "?token=hidden"), location.Location); diff != "" {
		t.Errorf("location (-want +got):\n%s", diff)
	}
	got := <-calls
	const want = `{"type":"export.finished","timestamp":"2026-03-01T04:00:00.0005Z","eventId":"event-7",` +
		`"inst":{"einstId":"9007199254740993","etplId":3,"etplName":"订单","operatorId":5,"state":"STATE_SUCCEEDED","rowsDone":"2",` +
		`"created":"2026-03-01T02:30:00Z","started":"2026-03-01T03:00:00.0005Z","finished":"2026-03-01T04:00:00.0005Z",` +
		`"eschedId":"11","due":"2026-03-01T02:00:00.0005Z","windowStart":"2026-02-28T16:00:00.0005Z","windowEnd":"2026-03-01T01:00:00.0005Z",` +
		`"params":[{"name":"day","value":"2026-03-01"},{"name":"ids","values":["1","2"]},{"name":"shop","isNull":true}]},` +
		`"files":[{"name":"a.csv","contentType":"text/csv; charset=utf-8","rows":"2","bytes":"4",` +
		`"sha256":"SUM",` +
		`"url":"https://exports.example.com/d/1","urlExpires":"2026-03-02T02:00:00Z"}]}`
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("id\r\n")))
	if diff := cmp.Diff(strings.Replace(want, "SUM", sum, 1), got.body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Webhook-Id": "event-7", "Authorization": "Bearer x", "User-Agent": "exportd",
	} {
		if diff := cmp.Diff(want, got.header.Get(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWebhook_Send_omits_empty_fields(t *testing.T) {
	t.Parallel()
	w, calls := setup(t, ok, nil)
	if _, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv")); err != nil {
		t.Fatal(err)
	}
	got := (<-calls).body
	for _, key := range []string{"url", "urlExpires", "eschedId", "due", "windowStart", "started", "params"} {
		if strings.Contains(got, `"`+key+`"`) {
			t.Errorf("%s is in %s", key, got)
		}
	}
}

func TestWebhook_Send_signature(t *testing.T) {
	t.Parallel()
	keys := map[string][]byte{
		secret:                    []byte("0123456789abcdef0123456789abcdef"),
		"a text of 16 byt":        []byte("a text of 16 byt"),
		"ein längerer Satz, 订单 1": []byte("ein längerer Satz, 订单 1"),
	}
	for secret, key := range keys {
		t.Run(secret, func(t *testing.T) {
			t.Parallel()
			w, calls := setup(t, ok, func(c *Config) { c.Secret = secret })
			if _, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv")); err != nil {
				t.Fatal(err)
			}
			got := <-calls
			if err := verify(key, got); err != nil {
				t.Error(err)
			}
			if err := verify(append(key, 'x'), got); err == nil {
				t.Error("another key fits")
			}
			got.body += " "
			if err := verify(key, got); err == nil {
				t.Error("another body fits")
			}
		})
	}
}

// The example is the one of the libraries of Standard Webhooks.
func TestWebhook_sign(t *testing.T) {
	t.Parallel()
	w, err := New(Config{URL: "https://example.com", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
	if err != nil {
		t.Fatal(err)
	}
	got := w.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if diff := cmp.Diff("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got); diff != "" {
		t.Errorf("signature (-want +got):\n%s", diff)
	}
}

func TestWebhook_Send_replies(t *testing.T) {
	t.Parallel()
	cases := map[int]bool{ // permanent
		400: true, 401: true, 403: true, 404: true, 409: true, 410: true, 301: true, 302: true, 307: true, 304: true,
		408: false, 425: false, 429: false, 500: false, 502: false, 503: false, 504: false,
	}
	for code, permanent := range cases {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			w, _ := setup(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }, nil)
			_, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv"))
			deliverytest.Refused(t, err, permanent)
			if want := fmt.Sprintf("/hook: answered %d %s", code, http.StatusText(code)); !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("%v tells the token", err)
			}
		})
	}
	for _, code := range []int{200, 201, 202, 204} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			w, _ := setup(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }, nil)
			if _, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWebhook_Send_retry_after(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		code  int
		value string
		want  time.Duration
	}{
		"seconds_429":       {429, "120", 2 * time.Minute},
		"seconds_503":       {503, " 5 ", 5 * time.Second},
		"date":              {503, "Sun, 01 Mar 2026 12:30:00 GMT", 30 * time.Minute},
		"date_of_RFC_850":   {503, "Sunday, 01-Mar-26 13:00:00 GMT", time.Hour},
		"past_date":         {503, "Sun, 01 Mar 2026 11:30:00 GMT", 0},
		"more_than_a_day":   {429, "4000000000", 24 * time.Hour},
		"date_in_next_year": {429, "Mon, 01 Mar 2027 12:00:00 GMT", 24 * time.Hour},
		"missing":           {429, "", 0},
		"malformed":         {429, "soon", 0},
		"negative":          {429, "-5", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := setup(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", tc.value)
				w.WriteHeader(tc.code)
			}, nil)
			w.now = func() time.Time { return now }
			_, err := w.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
			deliverytest.Refused(t, err, false)
			if got := payload.RetryWait(err); got != tc.want {
				t.Errorf("wait %s, want %s", got, tc.want)
			}
		})
	}
}

func TestWebhook_Send_first_line_of_reply(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"no such \x1b[31mhook\x00\r\nsecond": "answered 404 Not Found: no such [31mhook",
		strings.Repeat("订", 10_000):          "answered 404 Not Found: " + strings.Repeat("订", 200) + "…",
		"\xff\n":                             "answered 404 Not Found",
	}
	for body, want := range answers {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w, _ := setup(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, body)
			}, nil)
			_, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv"))
			deliverytest.Refused(t, err, true)
			if diff := cmp.Diff(w.location+": "+want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWebhook_Send_redirect(t *testing.T) {
	t.Parallel()
	asked := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer inside.Close()
	w, _ := setup(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL+"/admin", http.StatusTemporaryRedirect)
	}, nil)
	_, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv"))
	deliverytest.Refused(t, err, true)
	if !strings.Contains(err.Error(), "redirects are not followed; it points to \""+inside.URL+"/admin\"") || asked {
		t.Errorf("followed: %t; got %v", asked, err)
	}
}

func TestWebhook_Send_reply_cut_off(t *testing.T) {
	t.Parallel()
	t.Run("before_the_status", func(t *testing.T) {
		t.Parallel()
		w, _ := setup(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, nil)
		_, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv"))
		deliverytest.Refused(t, err, false)
		if diff := cmp.Diff(w.location+": EOF", err.Error()); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
	})
	t.Run("after_the_status", func(t *testing.T) {
		t.Parallel()
		w, _ := setup(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, nil)
		if _, err := w.Send(t.Context(), deliverytest.Payload([]byte("id\r\n"), "a.csv")); err != nil {
			t.Error(err)
		}
	})
}

func TestWebhook_Send_silent_receiver(t *testing.T) {
	t.Parallel()
	t.Run("context_ends", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		w, err := New(Config{URL: "https://" + deliverytest.Silent(t, cancel), Secret: secret, AllowPrivate: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Send(ctx, deliverytest.Payload([]byte("id\r\n"), "a.csv"))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		w, err := New(Config{URL: "http://" + deliverytest.Silent(t, func() {}), Secret: secret, AllowPrivate: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = w.Send(ctx, deliverytest.Payload([]byte("id\r\n"), "a.csv"))
		deliverytest.Refused(t, err, false)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want that the time is over", err)
		}
	})
}

func TestWebhook_Send_link_fails(t *testing.T) {
	t.Parallel()
	w, calls := setup(t, ok, nil)
	p := deliverytest.Payload([]byte("id\r\n"), "a.csv")
	p.Files[0].Link = func(context.Context) (string, time.Time, error) { return "", time.Time{}, errors.New("no key") }
	_, err := w.Send(t.Context(), p)
	deliverytest.Refused(t, err, false)
	if len(calls) != 0 {
		t.Error("it was called")
	}
}

func TestWebhook_Send_ca_file(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(ok))
	t.Cleanup(server.Close)
	name := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, known := range map[string]bool{name: true, "": false} {
		w, err := New(Config{URL: server.URL, Secret: secret, AllowPrivate: true, CAFile: file})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv")); (err == nil) != known {
			t.Errorf("ca-file %q: %v", file, err)
		}
	}
}

func TestWebhook_Check(t *testing.T) {
	t.Parallel()
	w, _ := setup(t, ok, nil)
	for want, to := range map[string]model.DeliverTo{
		"path: given, but a webhook keeps no files":              {Path: "daily/"},
		"recipients: given, but the destination sends no e-mail": {Recipients: []string{"a@example.org"}},
		"subject: given, but the destination sends no e-mail":    {Subject: "x"},
	} {
		if err := w.Check(to); err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := w.Check(model.DeliverTo{Destination: "hook"}); err != nil {
		t.Error(err)
	}
}

func TestNew_invalid(t *testing.T) {
	t.Parallel()
	good := Config{URL: "https://example.com/hook", Secret: secret}
	cases := map[string]func(*Config){
		`url: "ftp://x", want https://…`:                     func(c *Config) { c.URL = "ftp://x" },
		`url: "http://x", want https://…, or allow-private`:  func(c *Config) { c.URL = "http://x" },
		`url: want https://…`:                                func(c *Config) { c.URL = "example.com/hook" },
		`url: want https://… or http://…`:                    func(c *Config) { c.URL, c.AllowPrivate = "https://u:p%zz@x", true },
		`secret-file: a key of 0 bytes, want at least 16`:    func(c *Config) { c.Secret = "" },
		`secret-file: a key of 3 bytes, want at least 16`:    func(c *Config) { c.Secret = "whsec_YWJj" },
		`secret-file: no base64 after whsec_`:                func(c *Config) { c.Secret = "whsec_?" },
		`ca-file: open /does/not/exist: `:                    func(c *Config) { c.CAFile = "/does/not/exist" },
		`headers: "webhook-ID" is set by the call`:           func(c *Config) { c.Headers = map[string]string{"webhook-ID": "1"} },
		`headers: "HOST" is set by the call`:                 func(c *Config) { c.Headers = map[string]string{"HOST": "1"} },
		`headers: "Content-Type" is set by the call`:         func(c *Config) { c.Headers = map[string]string{"Content-Type": "1"} },
		`headers: "a b", want a header's name`:               func(c *Config) { c.Headers = map[string]string{"a b": "1"} },
		`headers: X-Team: control characters, want one line`: func(c *Config) { c.Headers = map[string]string{"X-Team": "1\r\nX: 1"} },
	}
	for want, spoil := range cases {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c := good
			spoil(&c)
			if _, err := New(c); err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want one that begins with %q", err, want)
			}
		})
	}
}
