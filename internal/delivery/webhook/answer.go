package webhook

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"exporttask/internal/delivery/payload"
)

const (
	maxAnswer = 4 << 10 // bytes that are read of a reply's body
	maxLine   = 200     // characters of the body that are shown
)

// maxRetryAfter bounds the wait that a receiver can ask for.
const maxRetryAfter = 24 * time.Hour

// judge returns nil for a 2xx reply, even if its body is cut off, and an error for
// all others. Replies that another attempt cannot change are Permanent errors. The
// error carries the wait of the field Retry-After (RFC 9110 section 10.2.3).
func judge(resp *http.Response, now time.Time) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // a body that is cut off is shown as far as it came
	code := resp.StatusCode
	if code >= 200 && code < 300 {
		return nil
	}
	err := fmt.Errorf("answered %d %s", code, http.StatusText(code))
	if line := firstLine(string(body)); line != "" {
		err = fmt.Errorf("%w: %s", err, line)
	}
	switch {
	case code >= 300 && code < 400:
		return payload.Permanent(fmt.Errorf("%w: redirects are not followed; it points to %q", err, firstLine(resp.Header.Get("Location"))))
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return payload.RetryAfter(err, retryAfter(resp.Header.Get("Retry-After"), now))
	}
	return payload.Permanent(err)
}

// retryAfter returns the wait of a field Retry-After: seconds, or an HTTP date. It
// returns 0 for a missing or malformed field and for a date in the past.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// firstLine returns the first line of a text from the receiver, without
// characters that cannot be printed, cut to maxLine.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(text, "")), "\n")
	line = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, line)
	if runes := []rune(line); len(runes) > maxLine {
		line = string(runes[:maxLine]) + "…"
	}
	return line
}
