package spec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	day  = 24 * 60 * 60
	hour = 60 * 60
)

// parseSeconds parses a duration such as 30m, 36h or 7d into seconds.
func parseSeconds(text string) (int64, error) {
	wrong := errors.New("want a duration of whole seconds such as 90s, 30m, 36h or 7d")
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil || n < 0 {
			return 0, wrong
		}
		return n * day, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d%time.Second != 0 {
		return 0, wrong
	}
	return int64(d / time.Second), nil
}

// formatSeconds formats seconds for parseSeconds, in the largest unit that divides
// them.
func formatSeconds(n int64) string {
	switch {
	case n == 0:
		return ""
	case n%day == 0:
		return strconv.FormatInt(n/day, 10) + "d"
	case n%hour == 0:
		return strconv.FormatInt(n/hour, 10) + "h"
	case n%60 == 0:
		return strconv.FormatInt(n/60, 10) + "m"
	default:
		return strconv.FormatInt(n, 10) + "s"
	}
}

// sizes are units of bytes, the largest first.
var sizes = []struct {
	suffix string
	bytes  int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// parseBytes parses a size such as 1048576 or 1MiB into bytes.
func parseBytes(text string) (int64, error) {
	unit := int64(1)
	for _, s := range sizes {
		if number, ok := strings.CutSuffix(text, s.suffix); ok {
			text, unit = number, s.bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return 0, errors.New("want a size such as 500000, 64KiB, 100MiB or 2GiB")
	}
	return n * unit, nil
}

func formatBytes(n int64) string {
	if n == 0 {
		return ""
	}
	for _, s := range sizes {
		if n%s.bytes == 0 {
			return strconv.FormatInt(n/s.bytes, 10) + s.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}

func parseNumber(text string, bits int) (int64, error) {
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("want a whole number from 0 to %d", uint64(1)<<(bits-1)-1)
	}
	return n, nil
}

// names returns the values of an enum by their names in files: csv for FMT_CSV.
func names(values protoreflect.EnumValueDescriptors, prefix string) []string {
	list := make([]string, values.Len())
	for i := range list {
		list[i] = strings.ToLower(strings.TrimPrefix(string(values.Get(i).Name()), prefix))
	}
	return list
}

// enum returns the value of a key that has a name of the enum of zero.
func enum[E interface {
	~int32
	protoreflect.Enum
}](o object, key, prefix string, zero E) E {
	text := o.text(key)
	if text == "" {
		return zero
	}
	values := zero.Descriptor().Values()
	for i, name := range names(values, prefix) {
		if name == strings.ReplaceAll(text, "-", "_") {
			return E(values.Get(i).Number())
		}
	}
	o.fail(key, "%q, want one of %s", text, strings.Join(names(values, prefix), ", "))
	return zero
}

// enumName returns the name of an enum's value in files; empty for the zero value.
func enumName(e protoreflect.Enum, prefix string) string {
	if e.Number() == 0 {
		return ""
	}
	value := e.Descriptor().Values().ByNumber(e.Number())
	if value == nil {
		return strconv.Itoa(int(e.Number()))
	}
	return strings.ToLower(strings.TrimPrefix(string(value.Name()), prefix))
}

// instant returns an RFC 3339 time in UTC, so that equal times have equal texts.
func instant(text string) (string, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return "", errors.New("want a time as in RFC 3339, 2026-01-31T08:00:00+08:00")
	}
	return t.UTC().Format(time.RFC3339Nano), nil
}
