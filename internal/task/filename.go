package task

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"exporttask/internal/filename"
	"exporttask/internal/model"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/store"
)

// maxFileName is the longest pattern in bytes.
const maxFileName = 200

// defaultFileName is the pattern of templates that give none.
const defaultFileName = "{name}-{id}"

// CheckFileName checks a template's pattern of file names; st is its statement,
// whose parameters the pattern may use.
func CheckFileName(pattern string, st *sqlcheck.Statement) error {
	if len(pattern) > maxFileName {
		return model.Errorf(model.Invalid, "etplOptions.fileName: %d bytes, want at most %d", len(pattern), maxFileName)
	}
	p, err := filename.Parse(pattern)
	if err != nil {
		return model.Errorf(model.Invalid, "etplOptions.fileName: %s", err)
	}
	return checkPatternParams("etplOptions.fileName", p.Params(), st.Names)
}

// FreezeFileName fixes at an instance's creation what its file's name holds of
// dates and values, on the calendar of at's zone; {id} and {attempt} stay.
func FreezeFileName(pattern, tplName string, params []model.Param, at RunWindow) (string, error) {
	if pattern == "" {
		return "", nil
	}
	p, err := filename.Parse(pattern)
	if err != nil {
		return "", model.Errorf(model.Invalid, "etplOptions.fileName: %s", err)
	}
	return p.Expand(frozen(tplName, params, at)), nil
}

// frozen are the values that are known when an instance is made; the others
// stay words.
func frozen(tplName string, params []model.Param, at RunWindow) filename.Values {
	v := filename.Values{
		Texts: map[string]string{"name": plain(tplName), "id": "{id}", "attempt": "{attempt}"},
		Times: map[string]time.Time{
			"date": at.Now, "time": at.Now, "due": at.Window.Due, "window_start": at.Window.Start, "window_end": at.Window.End,
		},
		Params: map[string]string{},
	}
	for _, x := range params {
		v.Params[x.Name] = plain(x.Value + strings.Join(x.Values, "_"))
	}
	return v
}

// late are the values that are known when an attempt has been made.
func late(in *model.Inst) filename.Values {
	return filename.Values{Texts: map[string]string{
		"name": in.TplName, "id": strconv.FormatInt(in.ID, 10), "attempt": strconv.Itoa(int(in.Attempt)),
	}}
}

// maxPiece keeps one value from taking a whole name, in characters.
const maxPiece = 60

// plain makes a value fit to stand in a frozen pattern.
func plain(s string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > maxPiece {
			return -1
		}
		if strings.ContainsRune(`/\{}`, r) || unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, s)
}

// FileName is the name of an instance's file without its extension, fit for any
// file system.
func FileName(in *model.Inst) string {
	p, err := filename.Parse(in.Options.V.FileName)
	if err != nil || in.Options.V.FileName == "" {
		p, _ = filename.Parse(defaultFileName) // it is well-formed
	}
	return store.SafeName(p.Expand(late(in)))
}
