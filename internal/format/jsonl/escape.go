package jsonl

import "unicode/utf8"

// chunkSize is the number of bytes of a long text that are escaped at a time. It
// is a multiple of 3 so that chunks of base64 can be joined.
const chunkSize = 24 << 10

// maxEscaped is how many bytes one byte of a text can become.
const maxEscaped = 6

// string writes text as a string. Invalid UTF-8 is replaced by U+FFFD and counted.
func (e *Encoder) string(text []byte) {
	e.quote()
	valid := true
	for len(text) > 0 && e.err == nil {
		chunk := text
		if len(chunk) > chunkSize {
			chunk = text[:wholeCharacters(text, chunkSize)]
		}
		e.room(maxEscaped * len(chunk))
		var ok bool
		e.buf, ok = appendEscaped(e.buf, chunk)
		valid = valid && ok
		text = text[len(chunk):]
	}
	if !valid {
		e.counts.Illegal++
	}
	e.quote()
}

// wholeCharacters returns the largest n up to most at which text can be cut
// without dividing a character.
func wholeCharacters(text []byte, most int) int {
	for n := most; n > most-utf8.UTFMax; n-- {
		if utf8.RuneStart(text[n]) {
			return n
		}
	}
	return most // not UTF-8
}

// appendEscaped appends text with the escapes of a JSON string. valid is false if
// text is not valid UTF-8.
func appendEscaped(dst, text []byte) (out []byte, valid bool) {
	const figures = "0123456789abcdef"
	valid = true
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(text[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, text[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			if c < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', figures[c>>4], figures[c&15])
			} else {
				dst = append(dst, "\uFFFD"...)
				valid = false
			}
		}
		i++
		from = i
	}
	return append(dst, text[from:]...), valid
}
