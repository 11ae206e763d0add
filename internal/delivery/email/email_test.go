package email

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

var _ payload.Destination = (*Mailer)(nil)

// setup makes a destination at a new server; change may change its keys.
func setup(t *testing.T, o deliverytest.SMTPOptions, change func(*Config)) (*Mailer, *deliverytest.SMTP) {
	t.Helper()
	server := deliverytest.NewSMTP(t, o)
	c := Config{Host: server.Addr, CAFile: server.CAFile, From: "导出 <exports@example.com>"}
	if change != nil {
		change(&c)
	}
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m, server
}

func to(p *payload.Payload, recipients ...string) *payload.Payload {
	p.Recipients = recipients
	return p
}

// read takes a message apart with the standard library.
func read(t *testing.T, data []byte) (h mail.Header, text string, files []*multipart.Part, contents [][]byte) {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("type %q, %v; want multipart/mixed", kind, err)
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextPart() // undoes quoted-printable
		if errors.Is(err, io.EOF) {
			return msg.Header, text, files, contents
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		if part.FileName() == "" {
			text = string(content)
			continue
		}
		files, contents = append(files, part), append(contents, content)
	}
}

// decode undoes base64.
func decode(t *testing.T, text []byte) []byte {
	t.Helper()
	content, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func word(t *testing.T, encoded string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestMailer_Send(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "one_byte": 1, "one_line": 57, "line_and_one_byte": 58, "large": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, server := setup(t, deliverytest.SMTPOptions{}, nil)
			content := bytes.Repeat([]byte(".\r\n..\n订单,"), size/12+1)[:size]
			p := to(deliverytest.Payload(content, "日报/订单 1月.csv"), "a@example.org", "b@example.net")
			at, err := m.Send(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("mailto:a@example.org,b@example.net", at.Location); diff != "" {
				t.Errorf("location (-want +got):\n%s", diff)
			}
			got := server.Mail(t)
			if len(got) != 1 {
				t.Fatalf("%d messages, want 1", len(got))
			}
			if diff := cmp.Diff([]string{"a@example.org", "b@example.net"}, got[0].To); diff != "" {
				t.Errorf("recipients (-want +got):\n%s", diff)
			}
			if got[0].From != "exports@example.com" || !got[0].TLS {
				t.Errorf("from %q, encrypted %t", got[0].From, got[0].TLS)
			}
			h, text, files, contents := read(t, got[0].Data)
			want := map[string]string{
				"From": "导出 <exports@example.com>", "To": "<a@example.org>, <b@example.net>", "Subject": "订单 1月.csv",
				"Message-Id": "<event-7@example.com>", "X-Exportd-Event": "event-7", "Auto-Submitted": "auto-generated",
			}
			for key, value := range want {
				if diff := cmp.Diff(value, word(t, h.Get(key))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
			if sent, err := h.Date(); err != nil || time.Since(sent) > time.Hour {
				t.Errorf("date %v, %v", sent, err)
			}
			if len(files) != 1 || files[0].FileName() != "订单 1月.csv" ||
				!strings.HasPrefix(files[0].Header.Get("Content-Type"), "text/csv; charset=utf-8; name=") {
				t.Fatalf("attached: %v", files)
			}
			if decoded := decode(t, contents[0]); !bytes.Equal(decoded, content) {
				t.Errorf("%d bytes arrived, want %d", len(decoded), len(content))
			}
			for _, want := range []string{"Template: 订单", "Export:   7", "Rows:     2", "订单 1月.csv", hex.EncodeToString(p.Files[0].SHA256)} {
				if !strings.Contains(text, want) {
					t.Errorf("text without %q:\n%s", want, text)
				}
			}
			for line := range bytes.Lines(got[0].Data) {
				if len(line) > 1000 || !bytes.HasSuffix(line, []byte("\r\n")) {
					t.Errorf("line of %d bytes, want up to 1000 and CRLF: %.80q", len(line), line)
				}
			}
		})
	}
}

func TestMailer_Send_link(t *testing.T) {
	t.Parallel()
	// 4 bytes come to 8 characters and a line's end.
	m, server := setup(t, deliverytest.SMTPOptions{}, func(c *Config) { c.AttachMax = 9 })
	p := to(deliverytest.Payload([]byte("id\r\n"), "a.csv"), "a@example.org")
	long := "https://exports.example.com/d/" + strings.Repeat("x", 200)
	p.Files[0].Link = func(context.Context) (string, time.Time, error) {
		return long, time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("CST", 8*3600)), nil
	}
	if _, err := m.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	_, text, files, _ := read(t, server.Mail(t)[0].Data)
	if len(files) != 0 || !strings.Contains(text, long+"\r\nThe link opens the file until 2026-03-02 02:00:00 UTC.") {
		t.Errorf("%d attachments, text:\n%s", len(files), text)
	}
}

func TestMailer_Send_too_large_without_links(t *testing.T) {
	t.Parallel()
	m, server := setup(t, deliverytest.SMTPOptions{}, func(c *Config) { c.AttachMax = 9 })
	_, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("id\r\n"), "a.csv"), "a@example.org"))
	deliverytest.Refused(t, err, true)
	if !strings.Contains(err.Error(), "a.csv: 4 bytes, too large to attach (attach-max is 9") {
		t.Errorf("%v does not name file, size and limit", err)
	}
	m.cfg.AttachMax = 10
	if _, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("id\r\n"), "a.csv"), "a@example.org")); err != nil {
		t.Errorf("it fits: %v", err)
	}
	if got := server.Mail(t); len(got) != 1 {
		t.Errorf("%d messages, want the one that fits", len(got))
	}
}

func TestMailer_Send_header_injection(t *testing.T) {
	t.Parallel()
	m, server := setup(t, deliverytest.SMTPOptions{}, nil)
	p := to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org")
	p.Subject = "月报\r\nBcc: evil@example.net\r\n\r\nbody" + strings.Repeat("长", 500)
	p.Files[0].Name = "a\"\r\nX-Evil: 1\r\n\r\n.csv"
	p.Files[0].ContentType = "text/csv\r\nX-Evil: 1"
	if _, err := m.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	h, _, files, _ := read(t, server.Mail(t)[0].Data)
	if h.Get("Bcc") != "" || !strings.HasPrefix(word(t, h.Get("Subject")), "月报  Bcc: evil@example.net") {
		t.Errorf("header: %v", h)
	}
	if len(files) != 1 || files[0].Header.Get("X-Evil") != "" {
		t.Errorf("attached: %v", files)
	}
	_, err := m.Send(t.Context(), to(p, "a@example.org>\r\nDATA"))
	deliverytest.Refused(t, err, true)
}

func TestMailer_Send_subject(t *testing.T) {
	t.Parallel()
	m, server := setup(t, deliverytest.SMTPOptions{}, nil)
	p := to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org")
	p.Subject = "Orders of March"
	if _, err := m.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if h, _, _, _ := read(t, server.Mail(t)[0].Data); h.Get("Subject") != "Orders of March" {
		t.Errorf("subject %q", h.Get("Subject"))
	}
}

func TestMailer_Send_login(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		for _, overTLS := range []string{"starttls", "tls"} {
			t.Run(mechanism+"_over_"+overTLS, func(t *testing.T) {
				t.Parallel()
				o := deliverytest.SMTPOptions{Mechanism: mechanism, Password: "right", TLS: overTLS == "tls"}
				m, server := setup(t, o, func(c *Config) { c.User, c.Password, c.TLS = "exports", "right", overTLS })
				if _, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org")); err != nil {
					t.Fatal(err)
				}
				m.cfg.Password = "wrong"
				_, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org"))
				deliverytest.Refused(t, err, true)
				if !strings.Contains(err.Error(), "AUTH: 535 ") {
					t.Errorf("got %v, want the server's answer", err)
				}
				if got := server.Mail(t); len(got) != 1 || !got[0].TLS {
					t.Errorf("%d messages, want 1, encrypted", len(got))
				}
			})
		}
	}
	t.Run("unknown_mechanism", func(t *testing.T) {
		t.Parallel()
		m, _ := setup(t, deliverytest.SMTPOptions{Mechanism: "XOAUTH2"}, func(c *Config) { c.User, c.Password = "exports", "right" })
		_, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org"))
		deliverytest.Refused(t, err, true)
	})
}

func TestMailer_Send_no_TLS(t *testing.T) {
	t.Parallel()
	m, server := setup(t, deliverytest.SMTPOptions{NoTLS: true, Mechanism: "PLAIN"}, func(c *Config) { c.User, c.Password = "exports", "right" })
	_, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org"))
	deliverytest.Refused(t, err, true)
	if !strings.Contains(err.Error(), "offers no STARTTLS") || len(server.Mail(t)) != 0 {
		t.Errorf("got %v, want that it offers no STARTTLS", err)
	}

	m, server = setup(t, deliverytest.SMTPOptions{NoTLS: true}, func(c *Config) { c.TLS = "none" })
	if _, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org")); err != nil {
		t.Errorf("tls none: %v", err)
	}
	if got := server.Mail(t); len(got) != 1 || got[0].TLS {
		t.Errorf("%d messages, want 1 in clear", len(got))
	}

	m, server = setup(t, deliverytest.SMTPOptions{}, func(c *Config) { c.CAFile = "" })
	_, err = m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org"))
	if err == nil || !strings.Contains(err.Error(), "certificate") || len(server.Mail(t)) != 0 {
		t.Errorf("a stranger's certificate: %v", err)
	}
}

func TestMailer_Send_replies(t *testing.T) {
	t.Parallel()
	answer := func(code int) error { return &smtp.SMTPError{Code: code, Message: "so it is"} }
	cases := map[string]struct {
		options   deliverytest.SMTPOptions
		permanent bool
		want      string
	}{
		"550_of_all_recipients": {deliverytest.SMTPOptions{Rcpt: func(string) error { return answer(550) }}, true, "RCPT TO a@example.org: 550 "},
		"550_and_450": {deliverytest.SMTPOptions{Rcpt: func(to string) error {
			if to == "a@example.org" {
				return answer(550)
			}
			return answer(450)
		}}, false, "RCPT TO b@example.org: 450 "},
		"421_of_a_recipient": {deliverytest.SMTPOptions{Rcpt: func(to string) error {
			if to == "b@example.org" {
				return answer(421)
			}
			return nil
		}}, false, "RCPT TO b@example.org: 421 "},
		"450_of_a_recipient": {deliverytest.SMTPOptions{Rcpt: func(string) error { return answer(450) }}, false, "RCPT TO a@example.org: 450 "},
		"451_of_the_message": {deliverytest.SMTPOptions{Data: func(net.Conn, io.Reader) error { return answer(451) }}, false, "message: 451 "},
		"421_of_the_message": {deliverytest.SMTPOptions{Data: func(net.Conn, io.Reader) error { return answer(421) }}, false, "message: 421 "},
		"552_of_the_message": {deliverytest.SMTPOptions{Data: func(net.Conn, io.Reader) error { return answer(552) }}, true, "message: 552 "},
		"cut_off":            {deliverytest.SMTPOptions{Data: cut}, false, "message: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, server := setup(t, c.options, nil)
			_, err := m.Send(t.Context(), to(deliverytest.Payload(make([]byte, 1<<20), "a.csv"), "a@example.org", "b@example.org"))
			deliverytest.Refused(t, err, c.permanent)
			if !strings.Contains(err.Error(), "smtp://"+server.Addr+": "+c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if got := server.Mail(t); len(got) != 0 {
				t.Errorf("%d messages, want none", len(got))
			}
		})
	}
}

// A name that is not ASCII is read by mail programs that know RFC 2231, and by
// older ones that take encoded words in the parameter name.
func TestMailer_Send_attachment_name(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.csv", `a "b" \c.csv`, "订单 1月.csv", strings.Repeat("订单", 28) + "-7.csv.gz"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, server := setup(t, deliverytest.SMTPOptions{}, nil)
			p := to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org")
			p.Files[0].Name = name
			if _, err := m.Send(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			_, _, files, _ := read(t, server.Mail(t)[0].Data)
			if len(files) != 1 {
				t.Fatalf("%d attachments", len(files))
			}
			_, old, err := mime.ParseMediaType(files[0].Header.Get("Content-Type"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{name, name}, []string{files[0].FileName(), word(t, old["name"])}); diff != "" {
				t.Errorf("new and old readers (-want +got):\n%s", diff)
			}
		})
	}
}

// cut takes some of a message, then ends the connection.
func cut(conn net.Conn, r io.Reader) error {
	if _, err := io.CopyN(io.Discard, r, 100_000); err != nil {
		return err
	}
	return errors.Join(conn.Close(), io.ErrUnexpectedEOF)
}

// The server must not take half a message as a complete one.
func TestMailer_Send_cut_off(t *testing.T) {
	t.Parallel()
	sources := map[string]struct {
		source    io.Reader
		permanent bool
	}{
		"store_fails": {deliverytest.Cut(100_000, func() {}), false},
		"damaged":     {bytes.NewReader(bytes.Repeat([]byte("y"), 200_000)), true},
	}
	for name, c := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, server := setup(t, deliverytest.SMTPOptions{}, nil)
			p := to(deliverytest.Payload(make([]byte, 200_000), "a.csv"), "a@example.org")
			p.Files[0].Source = deliverytest.Source(c.source)
			_, err := m.Send(t.Context(), p)
			deliverytest.Refused(t, err, c.permanent)
			if got := server.Mail(t); len(got) != 0 {
				t.Errorf("%d messages, want none", len(got))
			}
		})
	}
}

func TestMailer_Send_silent_server(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"starttls", "tls"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			m, err := New(Config{Host: deliverytest.Silent(t, cancel), TLS: mode, From: "exports@example.com"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.Send(ctx, to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org"))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want canceled", err)
			}
		})
	}
	t.Run("after_the_message", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		m, _ := setup(t, deliverytest.SMTPOptions{Data: func(_ net.Conn, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			cancel() // as the timeout does, while the server thinks
			<-t.Context().Done()
			return err
		}}, nil)
		_, err := m.Send(ctx, to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org"))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
	})
}

func TestMailer_Check(t *testing.T) {
	t.Parallel()
	m, err := New(Config{
		Host: "mail.example.com:587", From: "exports@example.com", AllowedDomains: []string{"example.org"}, MaxRecipients: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		to   []string
		want string
	}{
		"one":             {[]string{"a@example.org"}, ""},
		"upper_case":      {[]string{"A.b+c@EXAMPLE.org"}, ""},
		"none":            {nil, "recipients: 0 with those of the destination, want 1..2"},
		"too_many":        {[]string{"a@example.org", "b@example.org", "c@example.org"}, "recipients: 3 with those of the destination, want 1..2"},
		"duplicate":       {[]string{"a@example.org", "b@example.org", "B@example.org"}, ""},
		"other_domain":    {[]string{"a@example.org", "x@sub.example.org"}, `recipients[1]: "x@sub.example.org", want an address at one of example.org`},
		"not_an_address":  {[]string{"a@example.org", "x"}, `recipients[1]: "x", want an e-mail address`},
		"empty":           {[]string{""}, `recipients[0]: "", want an e-mail address`},
		"display_name":    {[]string{"A <a@example.org>"}, `recipients[0]: "A <a@example.org>", want an e-mail address`},
		"comment":         {[]string{"a@example.org (b)"}, `recipients[0]: "a@example.org (b)", want an e-mail address`},
		"angle_brackets":  {[]string{"<a@example.org>"}, `recipients[0]: "<a@example.org>", want an e-mail address`},
		"two_in_one":      {[]string{"a@example.org,b@example.org"}, `recipients[0]: "a@example.org,b@example.org", want an e-mail address`},
		"line_end":        {[]string{"a@example.org\r\nRCPT TO:<b@example.net>"}, `recipients[0]: "a@example.org\r\nRCPT TO:<b@example.net>", want an e-mail address`},
		"quoted_part":     {[]string{`"a@b"@example.org`}, `recipients[0]: "\"a@b\"@example.org", want an e-mail address`},
		"address_literal": {[]string{"a@[127.0.0.1]"}, `recipients[0]: "a@[127.0.0.1]", want an e-mail address`},
		"not_ASCII":       {[]string{"测试@example.org"}, `recipients[0]: "测试@example.org", want an e-mail address`},
		"look_alike_dot":  {[]string{"a@example。org"}, `recipients[0]: "a@example。org", want an e-mail address`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := m.Check(model.DeliverTo{Recipients: c.to, Subject: "x"}); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMailer_Send_own_recipients(t *testing.T) {
	t.Parallel()
	m, server := setup(t, deliverytest.SMTPOptions{}, func(c *Config) {
		c.Recipients, c.AllowedDomains = []string{"audit@example.com"}, []string{"example.org"}
	})
	if err := m.Check(model.DeliverTo{Path: "x/"}); err == nil || !strings.HasPrefix(err.Error(), "path: ") {
		t.Errorf("a path: %v, want it refused", err)
	}
	if err := m.Check(model.DeliverTo{}); err != nil {
		t.Errorf("nobody else: %v", err)
	}
	if _, err := m.Send(t.Context(), to(deliverytest.Payload([]byte("x"), "a.csv"), "a@example.org")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"audit@example.com", "a@example.org"}, server.Mail(t)[0].To); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
}

func TestNew_invalid(t *testing.T) {
	t.Parallel()
	good := Config{Host: "mail.example.com:587", From: "exports@example.com"}
	cases := map[string]func(*Config){
		"host: ":               func(c *Config) { c.Host = "mail.example.com" },
		"host: \"a:smtp":       func(c *Config) { c.Host = "a:smtp" },
		"tls: ":                func(c *Config) { c.TLS = "ssl" },
		"tls: none":            func(c *Config) { c.TLS, c.User, c.Password = "none", "u", "p" },
		"password-file: ":      func(c *Config) { c.User = "u" },
		"from: ":               func(c *Config) { c.From = "exports" },
		"attach-max: ":         func(c *Config) { c.AttachMax = -1 },
		"max-recipients: ":     func(c *Config) { c.MaxRecipients = -1 },
		"helo: ":               func(c *Config) { c.HELO = "a\r\nb" },
		"ca-file: ":            func(c *Config) { c.CAFile = "/does/not/exist" },
		"recipients[0]: ":      func(c *Config) { c.Recipients = []string{"A <a@b.c>"} },
		"allowed-domains[0]: ": func(c *Config) { c.AllowedDomains = []string{"@example.com"} },
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
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
