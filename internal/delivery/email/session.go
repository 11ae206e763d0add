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
	"strconv"
	"strings"

	"exporttask/internal/delivery/payload"
)

// submit hands a message to the server (RFC 5321) and returns the recipients that
// the server accepted, and the errors of those it refused, joined. After nil the
// server has the message, after a permanent error it does not; if the connection
// ends between the last byte and the reply, that is unknown. With patient, a
// recipient that is refused temporarily (4yz) fails the whole submission before
// the message is sent. A server that takes no more recipients with one message gets
// the message again for the rest.
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
	if err := fits(c, msg); err != nil {
		return nil, nil, err
	}
	accepted, rest, refused, err := m.transaction(ctx, c, msg, msg.to, patient)
	if err != nil {
		return nil, nil, err
	}
	// From here on recipients have the message: an error would send it to them again.
	for len(rest) > 0 {
		more, later, no, err := m.transaction(ctx, c, msg, rest, false)
		if err != nil {
			return accepted, errors.Join(refused, fmt.Errorf("no message to %s: %w", strings.Join(rest, ", "), err)), nil
		}
		accepted, rest, refused = append(accepted, more...), later, errors.Join(refused, no)
	}
	_ = c.Quit() // the server has the message
	return accepted, refused, nil
}

// transaction sends the message to recipients. rest are those that the server did
// not take because it takes no more with one message; accepted is never empty after
// nil.
func (m *Mailer) transaction(ctx context.Context, c *smtp.Client, msg *message, to []string, patient bool) (accepted, rest []string, refused, err error) {
	if err := c.Mail(m.from.Address); err != nil {
		return nil, nil, nil, fmt.Errorf("MAIL FROM %s: %w", m.from.Address, err)
	}
	accepted, rest, refused, err = rcpt(c, to, patient)
	if err != nil {
		return nil, nil, nil, err
	}
	w, err := c.Data()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("DATA: %w", err)
	}
	if err := msg.write(ctx, w); err != nil {
		return nil, nil, nil, fmt.Errorf("message: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, nil, nil, fmt.Errorf("message: %w", err)
	}
	return accepted, rest, refused, nil
}

// fits compares the size of the attachments with the limit that the server
// announces (RFC 1870), so that no hundred megabytes are sent in vain.
func fits(c *smtp.Client, msg *message) error {
	_, size := c.Extension("SIZE")
	limit, _ := strconv.ParseInt(size, 10, 64) // 0: none
	if n := attachedSize(msg.payload.Files); limit > 0 && msg.attached && n > limit {
		return payload.Permanent(fmt.Errorf("the message has %d bytes, the server takes %d: set attach-max lower, and links are sent instead", n, limit))
	}
	return nil
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
// recipients that the server refused while it accepted others, rest are those behind
// the last one that it takes with one message. err is set if it accepted none, if
// the session failed, or, with patient, if it refused one temporarily; err is
// permanent only if every refusal is.
func rcpt(c *smtp.Client, to []string, patient bool) (accepted, rest []string, refused, err error) {
	var temporary error
	for i, address := range to {
		err := c.Rcpt(address)
		if err == nil {
			accepted = append(accepted, address)
			continue
		}
		answer, ok := errors.AsType[*textproto.Error](err)
		err = fmt.Errorf("RCPT TO %s: %w", address, err)
		if !ok || answer.Code == closing {
			return nil, nil, nil, err // the session has ended
		}
		if len(accepted) > 0 && tooMany(answer) {
			rest = to[i:]
			break
		}
		refused = errors.Join(refused, err)
		if answer.Code < 500 {
			temporary = cmp.Or(temporary, err)
		}
	}
	if temporary != nil && (patient || len(accepted) == 0) {
		return nil, nil, nil, temporary
	}
	if len(accepted) == 0 {
		return nil, nil, nil, refused
	}
	return accepted, rest, refused, nil
}

// tooMany reports whether a server refused a recipient because it takes no more with
// one message (RFC 5321 section 4.5.3.1.10, RFC 3463 code X.5.3).
func tooMany(answer *textproto.Error) bool {
	class, detail, enhanced := strings.Cut(answer.Msg, ".")
	if enhanced && (class == "4" || class == "5") {
		return strings.HasPrefix(detail, "5.3 ")
	}
	return answer.Code == 452 || answer.Code == 552
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
