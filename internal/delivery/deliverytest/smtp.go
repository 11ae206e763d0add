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

// SMTPOptions choose what a server does. The zero value offers STARTTLS and takes
// every message without a login.
type SMTPOptions struct {
	TLS   bool // TLS from the first byte on
	NoTLS bool // no STARTTLS
	// Mechanism and Password are the required login.
	Mechanism, Password string
	MaxSize             int64 // of a message, announced and enforced; 0: no limit
	// Rcpt and Data are called first; an error is the server's reply.
	Rcpt func(to string) error
	Data func(conn net.Conn, r io.Reader) error
}

// SMTP is a mail submission server in this process.
type SMTP struct {
	Addr   string
	CAFile string // the authority of its certificate
	server *smtp.Server

	mu   sync.Mutex
	mail []Mail
}

// Mail is one message that the server took.
type Mail struct {
	From string
	To   []string
	Data []byte
	TLS  bool // the session was encrypted
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
	s.server.MaxMessageBytes = o.MaxSize
	s.server.ErrorLog = log.New(io.Discard, "", 0) // tests cut connections
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
		_ = s.server.Close() // Mail may have stopped the server,
		_ = l.Close()        // even before the server knew of the listener
		<-served
	})
	return s
}

// Mail waits for all sessions to end, stops the server, and returns the messages
// that it took.
func (s *SMTP) Mail(t *testing.T) []Mail {
	t.Helper()
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mail)
}

// serverTLS returns a certificate of 127.0.0.1 and the file of its authority.
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

// smtpLogin is a session of a server that requires a login.
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

// loginServer is the server of the SASL mechanism LOGIN.
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
