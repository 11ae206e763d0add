// Package email delivers files by e-mail: one message to all recipients, with the
// files attached if they are small enough, otherwise with links to them. It hands
// the message to a mail submission server (RFC 5321, RFC 6409).
//
// A repeated attempt has the Message-ID of the first, by which mail programs
// recognize a duplicate.
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
			return fmt.Errorf("recipients[%d]: %q, want an address at one of %s", i, address, strings.Join(m.cfg.AllowedDomains, ", "))
		}
	}
	if n := len(m.recipients(to.Recipients)); n == 0 || n > m.cfg.MaxRecipients {
		return fmt.Errorf("recipients: %d with those of the destination, want 1..%d", n, m.cfg.MaxRecipients)
	}
	return nil
}

func (m *Mailer) allowed(address string) bool {
	domain := address[strings.LastIndexByte(address, '@')+1:]
	return len(m.cfg.AllowedDomains) == 0 ||
		slices.ContainsFunc(m.cfg.AllowedDomains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// recipients returns the destination's recipients and the given ones, without
// duplicates.
func (m *Mailer) recipients(named []string) []string {
	var all []string
	for _, address := range slices.Concat(m.cfg.Recipients, named) {
		if !slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, address) }) {
			all = append(all, address)
		}
	}
	return all
}

// Send implements payload.Destination. If the server refuses some recipients,
// the others get the message and the receipt's warning names the refused ones.
func (m *Mailer) Send(ctx context.Context, p *payload.Payload) (payload.Receipt, error) {
	// The configuration may have changed since the template was saved.
	if err := m.Check(model.DeliverTo{Recipients: p.Recipients}); err != nil {
		return payload.Receipt{}, payload.Permanent(err)
	}
	msg := &message{
		from: m.from, to: m.recipients(p.Recipients), bcc: m.cfg.Bcc, payload: p, date: time.Now(),
		attached: attachedSize(p.Files) <= m.cfg.AttachMax,
	}
	if !msg.attached {
		if err := msg.link(ctx, m.cfg.AttachMax); err != nil {
			return payload.Receipt{}, err
		}
	}
	// Until half of the attempts are made, a recipient that is refused for now
	// delays the message for all: it must not be sent twice to the others, and
	// servers that greylist take it within minutes.
	patient := p.Attempt*2 < p.Attempts
	accepted, refused, err := m.submit(ctx, msg, patient)
	if err != nil {
		return payload.Receipt{}, fmt.Errorf("smtp://%s: %w", m.cfg.Host, err)
	}
	receipt := payload.Receipt{Location: "mailto:" + strings.Join(accepted, ",")}
	if refused != nil {
		receipt.Warning = "the mail server refused recipients; the others have the message: " + strings.ReplaceAll(refused.Error(), "\n", "; ")
	}
	return receipt, nil
}
