package email

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"exporttask/internal/delivery/payload"
)

// maxLine is the largest length of a header's value that a user wrote, in
// characters.
const maxLine = 250

// message is one e-mail: a text, and the files if they are attached.
type message struct {
	from     *mail.Address
	to       []string
	bcc      bool // the header names no recipients
	payload  *payload.Payload
	date     time.Time
	attached bool
	links    []link // one for each file that is not attached
}

type link struct {
	url     string
	expires time.Time
}

// attachedSize returns the size of files as attachments, in base64 with line ends.
func attachedSize(files []payload.File) (size int64) {
	for i := range files {
		chars := (files[i].Bytes + 2) / 3 * 4
		size += chars + (chars+lineChars-1)/lineChars*2
	}
	return size
}

// link makes the links to files that are too large to be attached.
func (m *message) link(ctx context.Context, attachMax int64) error {
	for i := range m.payload.Files {
		f := &m.payload.Files[i]
		if f.Link == nil {
			return payload.Permanent(fmt.Errorf(
				"%s: %d bytes, too large to attach (attach-max is %d, with base64), and the server makes no links to files",
				f.Name, f.Bytes, attachMax))
		}
		url, expires, err := f.Link(ctx)
		if err != nil {
			return fmt.Errorf("%s: make a link: %w", f.Name, err)
		}
		m.links = append(m.links, link{url, expires})
	}
	return nil
}

// write writes the message in the format of RFC 5322 and MIME (RFC 2045). It
// streams the attached files.
func (m *message) write(ctx context.Context, to io.Writer) error {
	w := bufio.NewWriter(to)
	parts := multipart.NewWriter(w)
	for _, h := range m.header(parts.Boundary()) {
		fmt.Fprintf(w, "%s: %s\r\n", h.name, h.value) // an error stays with w
	}
	fmt.Fprint(w, "\r\n")
	if err := m.writeText(parts); err != nil {
		return err
	}
	if m.attached {
		for i := range m.payload.Files {
			if err := attach(ctx, parts, &m.payload.Files[i]); err != nil {
				return err
			}
		}
	}
	if err := parts.Close(); err != nil {
		return err
	}
	return w.Flush()
}

type header struct{ name, value string }

// header returns the fields of the message's header. The only line ends in a value
// are those that fold it.
func (m *message) header(boundary string) []header {
	id := m.payload.EventID
	domain := m.from.Address[strings.LastIndexByte(m.from.Address, '@')+1:]
	return []header{
		{"From", m.from.String()},
		{"To", m.recipients()},
		{"Subject", encodeLine(m.subject())},
		{"Date", m.date.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + id + "@" + domain + ">"},
		{"X-Exportd-Event", id},
		{"Auto-Submitted", "auto-generated"}, // RFC 3834: no out-of-office replies
		{"MIME-Version", "1.0"},
		{"Content-Type", "multipart/mixed;\r\n boundary=" + boundary},
	}
}

// recipients returns the value of the field To.
func (m *message) recipients() string {
	if m.bcc {
		return "undisclosed-recipients:;" // an empty group, RFC 5322 section A.1.3
	}
	return "<" + strings.Join(m.to, ">,\r\n <") + ">"
}

// subject returns the template's subject, or the name of the first file.
func (m *message) subject() string {
	if m.payload.Subject == "" && len(m.payload.Files) > 0 {
		return m.payload.Files[0].Name
	}
	return m.payload.Subject
}

// encodeLine returns a text as the value of a header field: unchanged if it is
// ASCII, otherwise in encoded words (RFC 2047), each on a line of its own.
func encodeLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	if runes := []rune(text); len(runes) > maxLine {
		text = string(runes[:maxLine]) + "…"
	}
	encoded := mime.BEncoding.Encode("utf-8", text)
	if encoded == text {
		return text
	}
	return strings.ReplaceAll(encoded, " ", "\r\n ")
}

func (m *message) writeText(parts *multipart.Writer) error {
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {"text/plain; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	w := quotedprintable.NewWriter(part)
	if _, err := io.WriteString(w, m.text()); err != nil {
		return err
	}
	return w.Close()
}

// text returns the text of the message.
func (m *message) text() string {
	const clock = payload.Clock
	if m.payload.Notice != nil {
		return m.payload.Notice.Text(m.payload.Inst)
	}
	inst := m.payload.Inst
	var b strings.Builder
	fmt.Fprintf(&b, "Template: %s\nExport:   %d\nRows:     %d\n", inst.TplName, inst.ID, inst.RowsDone)
	if inst.Finished.Valid {
		fmt.Fprintf(&b, "Finished: %s\n", inst.Finished.Time.UTC().Format(clock))
	}
	for i := range m.payload.Files {
		f := &m.payload.Files[i]
		fmt.Fprintf(&b, "\n%s\n%d rows, %d bytes\nSHA-256 %s\n", f.Name, f.Rows, f.Bytes, hex.EncodeToString(f.SHA256))
		if !m.attached {
			fmt.Fprintf(&b, "%s\nThe link opens the file until %s.\n", m.links[i].url, m.links[i].expires.UTC().Format(clock))
		}
	}
	return b.String()
}

func attach(ctx context.Context, parts *multipart.Writer, f *payload.File) error {
	in, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	// A name that is not ASCII is written twice, for mail programs of any age: in
	// Content-Disposition as RFC 2231 says, and in the older parameter name of
	// Content-Type in encoded words of RFC 2047, as mail programs read it.
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {contentType(f.ContentType) + ";\r\n name=" + quote(encodeLine(f.Name))},
		"Content-Disposition":       {mime.FormatMediaType("attachment", map[string]string{"filename": f.Name})},
		"Content-Transfer-Encoding": {"base64"},
	})
	if err != nil {
		return err
	}
	w := base64.NewEncoder(base64.StdEncoding, &lines{to: part})
	if _, err := io.Copy(w, payload.WithContext(ctx, in)); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return w.Close()
}

// quote returns the value of a header field as a quoted string.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// contentType returns a media type in the form of a header field.
func contentType(of string) string {
	kind, params, err := mime.ParseMediaType(of)
	if err != nil {
		return "application/octet-stream"
	}
	return mime.FormatMediaType(kind, params)
}
