package format

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The limits of a look.
const (
	maxConditions = 20
	maxOperand    = 200
	maxGroup      = 255
)

// set parses the value of a key of the look. ok is false for other keys; reason is
// why the value is invalid, or "".
func (l *Look) set(key string, raw json.RawMessage) (reason string, ok bool) {
	switch key {
	case "align":
		return choose(raw, &l.Align, map[string]Align{"left": Left, "center": Center, "right": Right}, `"left", "center" or "right"`), true
	case "conditions":
		return l.setConditions(raw), true
	case "total":
		return choose(raw, &l.Total, map[string]Total{"sum": Sum, "count": Count, "average": Average}, `"sum", "count" or "average"`), true
	case "group":
		return into(raw, &l.Group, "a string"), true
	}
	return l.Style.set(key, raw)
}

// set parses the value of a key of the style, as Look.set does.
func (s *Style) set(key string, raw json.RawMessage) (reason string, ok bool) {
	switch key {
	case "bold":
		return into(raw, &s.Bold, "true or false"), true
	case "color":
		return s.Color.set(raw), true
	case "fill":
		return s.Fill.set(raw), true
	}
	return "", false
}

// set parses "#C00000".
func (c *Color) set(raw json.RawMessage) (reason string) {
	const want = `a color such as "#C00000"`
	var text string
	if reason := into(raw, &text, want); reason != "" {
		return reason
	}
	digits, ok := strings.CutPrefix(strings.ToUpper(text), "#")
	if !ok || len(digits) != 6 || strings.Trim(digits, "0123456789ABCDEF") != "" {
		return shown(raw) + ", want " + want
	}
	*c = Color(digits)
	return ""
}

// conditionKeys lists the keys of a condition for error messages.
const conditionKeys = "if, color, fill, bold"

// setConditions parses [{"if":"< 0","color":"#C00000"}].
func (l *Look) setConditions(raw json.RawMessage) (reason string) {
	var items []json.RawMessage
	if reason := into(raw, &items, "an array of objects with "+conditionKeys); reason != "" {
		return reason
	}
	if len(items) > maxConditions {
		return fmt.Sprintf("%d conditions, want at most %d", len(items), maxConditions)
	}
	l.Conditions = make([]Condition, len(items))
	for i, item := range items {
		if reason := l.Conditions[i].decode(item); reason != "" {
			return fmt.Sprintf("condition %d: %s", i+1, reason)
		}
	}
	return ""
}

// decode parses the object of one condition.
func (c *Condition) decode(raw json.RawMessage) (reason string) {
	keys, values, bad := objectFields(raw, conditionKeys)
	if bad != nil {
		if bad.Key != "" {
			return bad.Key + ": " + bad.Reason
		}
		return bad.Reason
	}
	compared := false
	for i, key := range keys {
		reason, ok := c.set(key, values[i])
		if key == "if" {
			compared, ok = true, true
			var text string
			if reason = into(values[i], &text, wantCondition); reason == "" {
				reason = c.parse(text)
			}
		}
		if !ok {
			reason = "unknown key, want one of " + conditionKeys
		}
		if reason != "" {
			return key + ": " + reason
		}
	}
	switch {
	case !compared:
		return "if: missing, want " + wantCondition
	case c.Style == Style{}:
		return "no color, fill or bold, want at least one"
	}
	return ""
}

// check validates the limits of the look and returns the invalid key and the
// reason, or "".
func (l *Look) check() (key, reason string) {
	if n := UTF16Len([]byte(l.Group)); n > maxGroup {
		return "group", fmt.Sprintf("%d characters, want at most %d", n, maxGroup)
	}
	if i := strings.IndexFunc(l.Group, func(r rune) bool { return r < 0x20 || r == 0x7f }); i >= 0 {
		return "group", fmt.Sprintf("control character %q at byte %d, want none", l.Group[i], i+1)
	}
	return "", ""
}

// fitLook checks the look of a column against the type that it is stored as and
// completes its conditions. It returns the invalid key and the reason, or "".
func (c *Column) fitLook() (key, reason string) {
	stored := c.Stored()
	if (c.Total == Sum || c.Total == Average) && stored != AsNumber {
		return "total", fmt.Sprintf("%q of a column that holds no numbers (%s), want \"count\", or \"type\": \"number\" as well",
			map[Total]string{Sum: "sum", Average: "average"}[c.Total], c.Source.Type)
	}
	c.Conditions = append([]Condition(nil), c.Conditions...)
	for i := range c.Conditions {
		if reason := c.Conditions[i].fit(stored); reason != "" {
			return "conditions", fmt.Sprintf("condition %d: if: %s", i+1, reason)
		}
	}
	return "", ""
}
