package webhook

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	"exporttask/internal/delivery/payload"
)

const (
	maxAnswer = 4 << 10 // bytes that are read of an answer
	maxLine   = 200     // characters of it that are told
)

// judge reads an answer: 2xx is well, however its body ends. What may pass by
// itself is tried again, the rest is permanent.
func judge(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // one that is cut tells less
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
		return err
	}
	return payload.Permanent(err)
}

// firstLine is the first line of a text that a stranger wrote, fit for a log.
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
