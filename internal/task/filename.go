package task

import (
	"strconv"
	"strings"
	"time"

	"exporttask/internal/filename"
	"exporttask/internal/model"
	"exporttask/internal/sqlcheck"
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
// dates and values, on the calendar of at's zone; {name}, {id} and {attempt} stay.
func FreezeFileName(pattern string, params []model.Param, at RunWindow) (string, error) {
	if pattern == "" {
		return "", nil
	}
	p, err := filename.Parse(pattern)
	if err != nil {
		return "", model.Errorf(model.Invalid, "etplOptions.fileName: %s", err)
	}
	return p.Expand(frozen(params, at)), nil
}

// frozen are the values that are known when an instance is made; the others
// stay words.
func frozen(params []model.Param, at RunWindow) filename.Values {
	v := filename.Values{
		Texts: map[string]string{"name": "{name}", "id": "{id}", "attempt": "{attempt}"},
		Times: map[string]time.Time{
			"date": at.Now, "time": at.Now, "due": at.Window.Due, "window_start": at.Window.Start, "window_end": at.Window.End,
		},
		Params: map[string]string{},
	}
	for _, x := range params {
		v.Params[x.Name] = filename.Literal(x.Value + strings.Join(x.Values, "_"))
	}
	return v
}

// late are the values that are known when an attempt has been made.
func late(in *model.Inst) filename.Values {
	return filename.Values{Texts: map[string]string{
		"name": in.TplName, "id": strconv.FormatInt(in.ID, 10), "attempt": strconv.Itoa(int(in.Attempt)),
	}}
}

// FileName is the name of an instance's file without its extension, fit for any
// file system.
func FileName(in *model.Inst) string {
	p, err := filename.Parse(in.Options.V.FileName)
	if err != nil || in.Options.V.FileName == "" {
		p, _ = filename.Parse(defaultFileName) // it is well-formed
	}
	return p.Name(late(in))
}
