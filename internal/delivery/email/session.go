package email

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"

	"exporttask/internal/delivery/payload"
)

// submit hands a message to the server (RFC 5321). It is the server's once this
// returns nil, and not if the error is permanent; where the connection ends
// between the last byte and the answer nobody knows.
func (m *Mailer) submit(ctx context.Context, msg *message) error {
	conn, err := m.dial(ctx)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	defer conn.Close()
	// The protocol knows no contexts: a session ends with its connection.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := m.talk(ctx, conn, msg); err != nil {
		return cmp.Or(context.Cause(ctx), classify(err))
	}
	return nil
}

func (m *Mailer) dial(ctx context.Context) (net.Conn, error) {
	if m.cfg.TLS == "tls" {
		return (&tls.Dialer{Config: m.tls}).DialContext(ctx, "tcp", m.cfg.Host)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", m.cfg.Host)
}

// talk is one session. Where it fails nothing more is said: a word of goodbye
// after half a message would end the message, and the server would take it.
func (m *Mailer) talk(ctx context.Context, conn net.Conn, msg *message) error {
	c, err := smtp.NewClient(conn, m.tls.ServerName)
	if err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if err := c.Hello(m.cfg.HELO); err != nil {
		return fmt.Errorf("EHLO: %w", err)
	}
	if m.cfg.TLS == "starttls" {
		if has, _ := c.Extension("STARTTLS"); !has {
			return payload.Permanent(errors.New("the server offers no STARTTLS, and nothing is sent in clear unless tls is none"))
		}
		if err := c.StartTLS(m.tls); err != nil {
			return fmt.Errorf("STARTTLS: %w", err)
		}
	}
	if err := m.login(c); err != nil {
		return fmt.Errorf("AUTH: %w", err)
	}
	if err := c.Mail(m.from.Address); err != nil {
		return fmt.Errorf("MAIL FROM %s: %w", m.from.Address, err)
	}
	for _, to := range msg.to {
		if err := c.Rcpt(to); err != nil {
			return fmt.Errorf("RCPT TO %s: %w", to, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("DATA: %w", err)
	}
	if err := msg.write(ctx, w); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("message: %w", err)
	}
	_ = c.Quit() // the message is theirs, whatever becomes of the rest
	return nil
}

func (m *Mailer) login(c *smtp.Client) error {
	if m.cfg.User == "" {
		return nil
	}
	_, offered := c.Extension("AUTH")
	for mechanism := range strings.FieldsSeq(strings.ToUpper(offered)) {
		switch mechanism {
		case "PLAIN":
			return c.Auth(smtp.PlainAuth("", m.cfg.User, m.cfg.Password, m.tls.ServerName))
		case "LOGIN":
			return c.Auth(&login{answers: []string{m.cfg.User, m.cfg.Password}})
		}
	}
	return payload.Permanent(fmt.Errorf("the server offers %q, want PLAIN or LOGIN", offered))
}

// login is the mechanism LOGIN, which some servers have instead of PLAIN: the
// server asks for the name, then for the password.
type login struct{ answers []string }

// Start implements smtp.Auth.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, errors.New("no login without TLS")
	}
	return "LOGIN", nil, nil
}

// Next implements smtp.Auth.
func (l *login) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if len(l.answers) == 0 {
		return nil, errors.New("the server asks for more than name and password")
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}

// classify marks what another attempt cannot mend: an answer of the 500s (RFC
// 5321 section 4.2.1).
func classify(err error) error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok && answer.Code >= 500 {
		return payload.Permanent(err)
	}
	return err
}
