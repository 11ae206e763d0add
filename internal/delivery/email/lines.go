package email

import "io"

// lineChars is the largest length of a line of base64 (RFC 2045 section 6.8).
const lineChars = 76

// lines breaks a stream of characters into lines of lineChars.
type lines struct {
	to   io.Writer
	used int // characters of the current line
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if l.used == lineChars {
			if _, err := io.WriteString(l.to, "\r\n"); err != nil {
				return done, err
			}
			l.used = 0
		}
		n, err := l.to.Write(p[done:min(len(p), done+lineChars-l.used)])
		done += n
		l.used += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}
