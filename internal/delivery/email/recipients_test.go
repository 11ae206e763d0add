package email

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"exporttask/internal/delivery/deliverytest"
)

func TestMailer_Send_refused_recipient(t *testing.T) {
	t.Parallel()
	refuse := func(codes map[string]int) func(string) error {
		return func(to string) error {
			if code := codes[to]; code != 0 {
				return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "mailbox unavailable"}
			}
			return nil
		}
	}
	for name, tc := range map[string]struct {
		codes             map[string]int
		attempt, attempts int32
		got               []string // nil: the attempt fails and nobody gets the message
		warning           []string
	}{
		"550_at_the_first_attempt": {map[string]int{"b@example.org": 550}, 1, 12, []string{"a@example.org", "c@example.org"}, []string{"RCPT TO b@example.org: 550 \"5.1.1 mailbox unavailable\""}},
		"551_and_553":              {map[string]int{"a@example.org": 551, "b@example.org": 553}, 1, 12, []string{"c@example.org"}, []string{"a@example.org: 551", "b@example.org: 553"}},
		"450_waits_at_first":       {map[string]int{"b@example.org": 450}, 1, 12, nil, nil},
		"450_waits_for_half":       {map[string]int{"b@example.org": 450}, 5, 12, nil, nil},
		"450_past_half":            {map[string]int{"b@example.org": 450}, 6, 12, []string{"a@example.org", "c@example.org"}, []string{"b@example.org: 450"}},
		"450_at_the_only_attempt":  {map[string]int{"c@example.org": 450}, 1, 1, []string{"a@example.org", "b@example.org"}, []string{"c@example.org: 450"}},
		"550_and_450_past_half":    {map[string]int{"b@example.org": 450, "c@example.org": 550}, 12, 12, []string{"a@example.org"}, []string{"b@example.org: 450", "c@example.org: 550"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, server := setup(t, deliverytest.SMTPOptions{Rcpt: refuse(tc.codes)}, nil)
			p := to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org", "b@example.org", "c@example.org")
			p.Attempt, p.Attempts = tc.attempt, tc.attempts
			receipt, err := m.Send(t.Context(), p)
			mail := server.Mail(t)
			if tc.got == nil {
				deliverytest.Refused(t, err, false)
				if len(mail) != 0 {
					t.Errorf("%d messages, want none", len(mail))
				}
				return
			}
			if err != nil || len(mail) != 1 {
				t.Fatalf("%d messages, %v; want one", len(mail), err)
			}
			if diff := cmp.Diff(tc.got, mail[0].To); diff != "" {
				t.Errorf("recipients (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff("mailto:"+strings.Join(tc.got, ","), receipt.Location); diff != "" {
				t.Errorf("location (-want +got):\n%s", diff)
			}
			for _, want := range tc.warning {
				if !strings.Contains(receipt.Warning, want) {
					t.Errorf("warning %q, want %q in it", receipt.Warning, want)
				}
			}
		})
	}
}

// A server that takes a few recipients with one message gets the message again for
// the rest; nobody gets it twice.
func TestMailer_Send_too_many_recipients(t *testing.T) {
	t.Parallel()
	all := []string{"a@example.org", "b@example.org", "c@example.org", "d@example.org", "e@example.org"}
	type answer struct {
		code     int
		enhanced smtp.EnhancedCode
		text     string
	}
	for name, tc := range map[string]struct {
		limit   int
		answer  answer
		never   string // is refused whatever the limit
		got     [][]string
		warning string
	}{
		"postfix":             {2, answer{452, smtp.EnhancedCode{4, 5, 3}, "Error: too many recipients"}, "", [][]string{all[:2], all[2:4], all[4:]}, ""},
		"no_enhanced_code":    {3, answer{452, smtp.NoEnhancedCode, "too many recipients"}, "", [][]string{all[:3], all[3:]}, ""},
		"before_RFC_5321":     {1, answer{552, smtp.NoEnhancedCode, "too many recipients"}, "", [][]string{all[:1], all[1:2], all[2:3], all[3:4], all[4:]}, ""},
		"one_refused_as_well": {2, answer{452, smtp.EnhancedCode{4, 5, 3}, "Too many recipients"}, "c@example.org", [][]string{all[:2], {all[3], all[4]}}, "c@example.org: 550"},
		"one_never_taken":     {2, answer{452, smtp.EnhancedCode{4, 5, 3}, "Too many recipients"}, "e@example.org", [][]string{all[:2], all[2:4]}, "RCPT TO e@example.org: 550"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var taken atomic.Int32
			m, server := setup(t, deliverytest.SMTPOptions{
				Rcpt: func(to string) error {
					switch {
					case to == tc.never:
						return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
					case taken.Load() == int32(tc.limit):
						return &smtp.SMTPError{Code: tc.answer.code, EnhancedCode: tc.answer.enhanced, Message: tc.answer.text}
					}
					taken.Add(1)
					return nil
				},
				Data: func(net.Conn, io.Reader) error { taken.Store(0); return nil },
			}, nil)
			p := to(deliverytest.Payload([]byte("x"), "a.csv"), all...)
			p.Attempt, p.Attempts = 1, 12
			receipt, err := m.Send(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, mail := range server.Mail(t) {
				got = append(got, mail.To)
			}
			if diff := cmp.Diff(tc.got, got); diff != "" {
				t.Errorf("recipients of each message (-want +got):\n%s", diff)
			}
			if (tc.warning == "") != (receipt.Warning == "") || !strings.Contains(receipt.Warning, tc.warning) {
				t.Errorf("warning %q, want %q", receipt.Warning, tc.warning)
			}
		})
	}
	t.Run("second_message_refused", func(t *testing.T) { // the first recipients must not get it twice
		t.Parallel()
		var rcpts, messages atomic.Int32
		m, server := setup(t, deliverytest.SMTPOptions{
			Rcpt: func(string) error {
				if rcpts.Add(1) == 3 {
					return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 5, 3}, Message: "too many recipients"}
				}
				return nil
			},
			Data: func(net.Conn, io.Reader) error {
				if messages.Add(1) == 2 {
					return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "no space"}
				}
				return nil
			},
		}, nil)
		receipt, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), all...))
		if err != nil || receipt.Location != "mailto:a@example.org,b@example.org" || !strings.Contains(receipt.Warning, "no message to c@example.org, d@example.org, e@example.org: message: 451") {
			t.Errorf("got %+v, %v", receipt, err)
		}
		if mail := server.Mail(t); len(mail) != 1 {
			t.Errorf("%d messages, want 1", len(mail))
		}
	})
	t.Run("full_mailbox_waits", func(t *testing.T) { // 452 as well, and about one recipient
		t.Parallel()
		m, server := setup(t, deliverytest.SMTPOptions{Rcpt: func(to string) error {
			if to == "b@example.org" {
				return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
			}
			return nil
		}}, nil)
		p := to(deliverytest.Payload([]byte("x"), "a.csv"), all...)
		p.Attempt, p.Attempts = 1, 12
		_, err := m.Send(t.Context(), p)
		deliverytest.Refused(t, err, false)
		if mail := server.Mail(t); len(mail) != 0 {
			t.Errorf("%d messages, want none", len(mail))
		}
	})
}

// A server that closes the session or that has a limit of size.
func TestMailer_Send_limits_of_servers(t *testing.T) {
	t.Parallel()
	t.Run("421_at_a_recipient", func(t *testing.T) {
		t.Parallel()
		m, server := setup(t, deliverytest.SMTPOptions{Rcpt: func(to string) error {
			if to == "b@example.org" {
				return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "try again later"}
			}
			return nil
		}}, nil)
		_, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org", "b@example.org"))
		deliverytest.Refused(t, err, false)
		if mail := server.Mail(t); len(mail) != 0 {
			t.Errorf("%d messages, want none", len(mail))
		}
	})
	t.Run("announced_size", func(t *testing.T) {
		t.Parallel()
		m, server := setup(t, deliverytest.SMTPOptions{MaxSize: 1000}, nil)
		_, err := m.Send(t.Context(), to(deliverytest.Payload(make([]byte, 2000), "a.csv"), "a@example.org"))
		deliverytest.Refused(t, err, true)
		if !strings.Contains(err.Error(), "the server takes 1000: set attach-max lower") {
			t.Errorf("got %v, want the limit and the key", err)
		}
		if mail := server.Mail(t); len(mail) != 0 {
			t.Errorf("%d messages, want none", len(mail))
		}
	})
}

func TestMailer_Send_bcc(t *testing.T) {
	t.Parallel()
	m, server := setup(t, deliverytest.SMTPOptions{}, func(c *Config) { c.Bcc = true })
	if _, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org", "b@example.org")); err != nil {
		t.Fatal(err)
	}
	mail := server.Mail(t)
	if len(mail) != 1 || len(mail[0].To) != 2 {
		t.Fatalf("got %v, want one message to two recipients", mail)
	}
	if bytes.Contains(mail[0].Data, []byte("@example.org")) {
		t.Errorf("a recipient is named:\n%s", mail[0].Data)
	}
	if h, _, _, _ := read(t, mail[0].Data); h.Get("To") != "undisclosed-recipients:;" {
		t.Errorf("To: %q", h.Get("To"))
	}
}
