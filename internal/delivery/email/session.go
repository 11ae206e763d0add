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

// submit hands a message to the server (RFC 5321) and returns the recipients that
// the server accepted, and the errors of those it refused, joined. After nil the
// server has the message, after a permanent error it does not; if the connection
// ends between the last byte and the reply, that is unknown. With patient, a
// recipient that is refused temporarily (4yz) fails the whole submission before
// the message is sent.
func (m *Mailer) submit(ctx context.Context, msg *message, patient bool) (accepted []string, refused, err error) {
	conn, err := m.dial(ctx)
	if err != nil {
		return nil, nil, cmp.Or(context.Cause(ctx), err)
	}
	defer conn.Close()
	// net/smtp takes no context: closing the connection ends the session.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	accepted, refused, err = m.session(ctx, conn, msg, patient)
	if err != nil {
		return nil, nil, cmp.Or(context.Cause(ctx), classify(err))
	}
	return accepted, refused, nil
}

func (m *Mailer) dial(ctx context.Context) (net.Conn, error) {
	if m.cfg.TLS == "tls" {
		return (&tls.Dialer{Config: m.tls}).DialContext(ctx, "tcp", m.cfg.Host)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", m.cfg.Host)
}

// session is one SMTP session. After an error it sends nothing more: QUIT after
// half a message would complete the message, and the server would take it.
func (m *Mailer) session(ctx context.Context, conn net.Conn, msg *message, patient bool) (accepted []string, refused, err error) {
	c, err := m.open(conn)
	if err != nil {
		return nil, nil, err
	}
	if err := c.Mail(m.from.Address); err != nil {
		return nil, nil, fmt.Errorf("MAIL FROM %s: %w", m.from.Address, err)
	}
	accepted, refused, err = rcpt(c, msg.to, patient)
	if err != nil {
		return nil, nil, err
	}
	w, err := c.Data()
	if err != nil {
		return nil, nil, fmt.Errorf("DATA: %w", err)
	}
	if err := msg.write(ctx, w); err != nil {
		return nil, nil, fmt.Errorf("message: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, nil, fmt.Errorf("message: %w", err)
	}
	_ = c.Quit() // the server has the message
	return accepted, refused, nil
}

// open greets, starts TLS and logs in.
func (m *Mailer) open(conn net.Conn) (*smtp.Client, error) {
	c, err := smtp.NewClient(conn, m.tls.ServerName)
	if err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if err := c.Hello(m.cfg.HELO); err != nil {
		return nil, fmt.Errorf("EHLO: %w", err)
	}
	if m.cfg.TLS == "starttls" {
		if has, _ := c.Extension("STARTTLS"); !has {
			return nil, payload.Permanent(errors.New("the server offers no STARTTLS, and nothing is sent unencrypted unless tls is none"))
		}
		if err := c.StartTLS(m.tls); err != nil {
			return nil, fmt.Errorf("STARTTLS: %w", err)
		}
	}
	if err := m.login(c); err != nil {
		return nil, fmt.Errorf("AUTH: %w", err)
	}
	return c, nil
}

// rcpt names the recipients to the server. refused joins the errors of the
// recipients that the server refused while it accepted others. err is set if it
// accepted none, if the session failed, or, with patient, if it refused one
// temporarily; err is permanent only if every refusal is.
func rcpt(c *smtp.Client, to []string, patient bool) (accepted []string, refused, err error) {
	var temporary error
	for _, address := range to {
		err := c.Rcpt(address)
		if err == nil {
			accepted = append(accepted, address)
			continue
		}
		answer, ok := errors.AsType[*textproto.Error](err)
		err = fmt.Errorf("RCPT TO %s: %w", address, err)
		if !ok || answer.Code == closing {
			return nil, nil, err // the session has ended
		}
		refused = errors.Join(refused, err)
		if answer.Code < 500 {
			temporary = cmp.Or(temporary, err)
		}
	}
	if temporary != nil && (patient || len(accepted) == 0) {
		return nil, nil, temporary
	}
	if len(accepted) == 0 {
		return nil, nil, refused
	}
	return accepted, refused, nil
}

// closing is the reply of a server that closes the connection, to any command.
const closing = 421

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

// login is the SASL mechanism LOGIN, which some servers offer instead of PLAIN:
// the server asks for the name, then for the password.
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

// classify makes the error of a permanent negative reply (5yz, RFC 5321 section
// 4.2.1) Permanent.
func classify(err error) error {
	if answer, ok := errors.AsType[*textproto.Error](err); ok && answer.Code >= 500 {
		return payload.Permanent(err)
	}
	return err
}
