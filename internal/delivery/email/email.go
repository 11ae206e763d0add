// Package email sends files by e-mail: one message to all recipients, with the
// files attached where they are small enough, else with links to them. It hands
// the message to a server that takes mail in, and knows no more of its way.
//
// A second sending of an event has the Message-ID of the first, by which
// programs, and people, tell it from a second event.
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
)

// Mailer is a destination.
type Mailer struct {
	cfg  Config
	from *mail.Address
	tls  *tls.Config
}

// Kind implements payload.Destination.
func (m *Mailer) Kind() string { return "email" }

// Check implements payload.Destination.
func (m *Mailer) Check(to model.DeliverTo) error {
	if to.Path != "" {
		return errors.New("path: given, but e-mail keeps no files")
	}
	for i, address := range to.Recipients {
		if err := checkAddress(address); err != nil {
			return fmt.Errorf("recipients[%d]: %w", i, err)
		}
		if !m.allowed(address) {
			return fmt.Errorf("recipients[%d]: %q, want one of %s", i, address, strings.Join(m.cfg.AllowedDomains, ", "))
		}
	}
	if n := len(m.recipients(to.Recipients)); n == 0 || n > m.cfg.MaxRecipients {
		return fmt.Errorf("recipients: %d with the destination's own, want 1..%d", n, m.cfg.MaxRecipients)
	}
	return nil
}

func (m *Mailer) allowed(address string) bool {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	return len(m.cfg.AllowedDomains) == 0 ||
		slices.ContainsFunc(m.cfg.AllowedDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// recipients are all that get a message, each once.
func (m *Mailer) recipients(named []string) []string {
	var all []string
	for _, address := range slices.Concat(m.cfg.Recipients, named) {
		if !slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, address) }) {
			all = append(all, address)
		}
	}
	return all
}

// Send implements payload.Destination.
func (m *Mailer) Send(ctx context.Context, p *payload.Payload) (string, error) {
	// What was allowed when the template was made may not be any more.
	if err := m.Check(model.DeliverTo{Recipients: p.Recipients}); err != nil {
		return "", payload.Permanent(err)
	}
	msg := &message{
		from: m.from, to: m.recipients(p.Recipients), payload: p, date: time.Now(),
		attached: attachedSize(p.Files) <= m.cfg.AttachMax,
	}
	if !msg.attached {
		if err := msg.link(ctx, m.cfg.AttachMax); err != nil {
			return "", err
		}
	}
	if err := m.submit(ctx, msg); err != nil {
		return "", fmt.Errorf("smtp://%s: %w", m.cfg.Host, err)
	}
	return "mailto:" + strings.Join(msg.to, ","), nil
}
