package deliverytest

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// SMTPOptions choose what a server does. As empty it offers STARTTLS and takes
// everything from everybody.
type SMTPOptions struct {
	TLS   bool // from the first byte on
	NoTLS bool // offers none
	// Mechanism and Password: who does not log in by them may not send.
	Mechanism, Password string
	// Rcpt and Data see what comes first; an error is the server's answer.
	Rcpt func(to string) error
	Data func(conn net.Conn, r io.Reader) error
}

// SMTP is a server in this process that takes mail in.
type SMTP struct {
	Addr   string
	CAFile string // of the authority that it shows
	server *smtp.Server

	mu   sync.Mutex
	mail []Mail
}

// Mail is one message that a server took.
type Mail struct {
	From string
	To   []string
	Data []byte
	TLS  bool // it came encrypted
}

// NewSMTP starts a server.
func NewSMTP(t *testing.T, o SMTPOptions) *SMTP {
	t.Helper()
	config, caFile := serverTLS(t)
	s := &SMTP{CAFile: caFile}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		session := &smtpSession{to: s, options: o, conn: c}
		if o.Mechanism != "" {
			return &smtpLogin{smtpSession: session}, nil
		}
		return session, nil
	}))
	s.server.Domain, s.server.AllowInsecureAuth = "localhost", true
	s.server.ErrorLog = log.New(io.Discard, "", 0) // cut connections are what tests are about
	l := listen(t)
	s.Addr = l.Addr().String()
	switch {
	case o.TLS:
		l = tls.NewListener(l, config)
	case !o.NoTLS:
		s.server.TLSConfig = config
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.server.Serve(l) // until it is stopped
	}()
	t.Cleanup(func() {
		_ = s.server.Close() // Mail may have stopped it,
		_ = l.Close()        // even before it knew that it listens
		<-served
	})
	return s
}

// Mail waits for all sessions to end, stops the server, and returns what it
// took.
func (s *SMTP) Mail(t *testing.T) []Mail {
	t.Helper()
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mail)
}

// serverTLS is a certificate of 127.0.0.1 and the file of the authority that
// made it.
func serverTLS(t *testing.T) (*tls.Config, string) {
	t.Helper()
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	name := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}, name
}

type smtpSession struct {
	to      *SMTP
	options SMTPOptions
	conn    *smtp.Conn
	mail    Mail
}

func (s *smtpSession) Reset()        { s.mail = Mail{} }
func (s *smtpSession) Logout() error { return nil }

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	_, encrypted := s.conn.TLSConnectionState()
	s.mail = Mail{From: from, TLS: encrypted}
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.options.Rcpt != nil {
		if err := s.options.Rcpt(to); err != nil {
			return err
		}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	if s.options.Data != nil {
		if err := s.options.Data(s.conn.Conn(), r); err != nil {
			return err
		}
	}
	var err error
	if s.mail.Data, err = io.ReadAll(r); err != nil {
		return err
	}
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	s.to.mail = append(s.to.mail, s.mail)
	return nil
}

// smtpLogin is a session of a server that wants a login.
type smtpLogin struct {
	*smtpSession
	known bool
}

func (s *smtpLogin) Mail(from string, o *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	return s.smtpSession.Mail(from, o)
}

// AuthMechanisms implements smtp.AuthSession.
func (s *smtpLogin) AuthMechanisms() []string { return []string{s.options.Mechanism} }

// Auth implements smtp.AuthSession.
func (s *smtpLogin) Auth(mechanism string) (sasl.Server, error) {
	check := func(password string) error {
		if s.known = password == s.options.Password; !s.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, _, password string) error { return check(password) }), nil
	case "LOGIN":
		return &loginServer{check: check}, nil
	}
	return nil, errors.New("unknown mechanism " + mechanism)
}

// loginServer is the server's part of the mechanism LOGIN.
type loginServer struct {
	check func(password string) error
	asked int
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(string(response))
}
