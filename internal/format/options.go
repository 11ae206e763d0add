package format

import (
	"fmt"
	"strings"
)

// Delimiters are the allowed delimiters of CSV: bytes that no number, date,
// hexadecimal or base64 text contains.
const Delimiters = ",;\t|^~\x01\x1f"

// maxNullText is the maximum length of the text of NULL in bytes.
const maxNullText = 32

// OptionError is the error of an invalid option of a file.
type OptionError struct {
	Option string // name in the contract: "csvDelimiter", "csvBom", …
	Reason string // the value and the allowed values
}

// Error returns a message such as `csvDelimiter: ":", want one of …`.
func (e *OptionError) Error() string { return e.Option + ": " + e.Reason }

// CheckOptions returns an *OptionError if an option has an invalid value or
// excludes another one. The format of the file does not matter, so that a template
// can change its format.
func CheckOptions(opt Options) error {
	bad := func(option, reason string, args ...any) error {
		return &OptionError{Option: option, Reason: fmt.Sprintf(reason, args...)}
	}
	delimiter := opt.Delimiter
	if delimiter == 0 {
		delimiter = ','
	}
	if strings.IndexByte(Delimiters, delimiter) < 0 {
		return bad("csvDelimiter", "%q, want one of %q", delimiter, Delimiters)
	}
	if opt.BOM && opt.GB18030 {
		return bad("csvBom", "true together with csvGb18030, want one of the two: a byte order mark belongs to UTF-8")
	}
	if opt.PartRows < 0 {
		return bad("splitRows", "%d, want 0 or more", opt.PartRows)
	}
	switch opt.JSONNumbers {
	case JSONNumbersExact, JSONNumbersString, JSONNumbersNumber:
	default:
		return bad("jsonNumbers", "%.32q, want string, number or nothing", opt.JSONNumbers)
	}
	switch opt.ParquetCompression {
	case ParquetZstd, "zstd", ParquetNone, ParquetSnappy, ParquetGzip:
	default:
		return bad("parquetCompression", "%.32q, want zstd, none, snappy, gzip or nothing", opt.ParquetCompression)
	}
	if opt.Gzip && opt.Zstd {
		return bad("zstd", "true together with gzip, want one of the two")
	}
	null := opt.NullText
	switch {
	case len(null) > maxNullText:
		return bad("csvNullText", "%d bytes, want at most %d", len(null), maxNullText)
	case strings.IndexByte(null, delimiter) >= 0:
		return bad("csvNullText", "%q contains the delimiter %q, want a text without it", null, delimiter)
	case strings.ContainsAny(null, "\"\r\n\x00"):
		return bad("csvNullText", "%q, want a text without quotes, line breaks and NUL", null)
	case strings.TrimSpace(null) != null:
		return bad("csvNullText", "%q, want a text without white space at its ends", null)
	case strings.HasPrefix(null, string(GuardPrefix)) || IsFormula([]byte(null)):
		return bad("csvNullText", "%q, want a text that does not begin a formula", null)
	}
	return nil
}
