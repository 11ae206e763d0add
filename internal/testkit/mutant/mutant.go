// Package mutant builds deliberately broken versions of exportd, which a test
// suite has to fail on: a suite that a broken version passes proves nothing.
//
// A mutant is a list of edits of source files. Overlay writes the edited files to
// a folder and the list of them as the file that `go build -overlay` and `go test
// -overlay` read, so that the production source contains nothing for tests.
package mutant

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Edit replaces every occurrence of Old in File by New. File is relative to the
// root of the module.
type Edit struct{ File, Old, New string }

// fence is the condition of every write of a worker on its claim.
const fence = "(einstId, identity, owner, claims, token) IN (?)"

// Unfenced returns the edits of a build in which a worker writes under claims
// that it has lost, does not stop when it learns of the loss, and publishes under
// names that claims of one instance share.
func Unfenced() []Edit {
	const finish, end, heartbeat = "internal/model/finish.go", "internal/model/end.go", "internal/model/heartbeat.go"
	const always = "(TRUE OR " + fence + ")"
	return []Edit{
		{finish, "einstId IN (?) AND state = ? AND " + fence, "einstId IN (?) AND (TRUE OR state = ?) AND " + always},
		{finish, "INSERT INTO welife_export_file", "REPLACE INTO welife_export_file"},
		{"internal/model/delivery_queue.go", "INSERT INTO welife_export_delivery", "REPLACE INTO welife_export_delivery"},
		{end, "einstId = ? AND status = ? AND " + fence, "einstId = ? AND (TRUE OR status = ?) AND " + always},
		{heartbeat, "AND status = ? AND " + fence, "AND (TRUE OR status = ?) AND " + always},
		{"internal/export/heartbeat.go", "i.Stop(errLeaseLost)", "_ = errLeaseLost"},
		{"internal/export/folder.go", `"%d/%d.%s-%d", in.ID, in.Attempt, in.Token, in.Claims`, `"%d/0-0", in.ID`},
	}
}

// NumberFence returns the edits of a build whose fence consists of numbers and
// names alone, without the random identity and token.
func NumberFence() []Edit {
	return []Edit{{
		"internal/model/heartbeat.go",
		"return tuple{c.ID, c.Identity, c.Owner, c.Claims, c.Token}",
		`return tuple{c.ID, constSQL("identity"), c.Owner, c.Claims, constSQL("token")}`,
	}}
}

// Overlay writes the edited files below dir and returns the path of the file to
// give to -overlay. An edit whose Old does not occur in its file is an error, so
// that a mutant cannot silently become the real program.
func Overlay(dir string, edits []Edit) (path string, err error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	texts := map[string]string{}
	for _, e := range edits {
		name := filepath.Join(root, filepath.FromSlash(e.File))
		text, edited := texts[name]
		if !edited {
			b, err := os.ReadFile(name)
			if err != nil {
				return "", fmt.Errorf("mutant: %w", err)
			}
			text = string(b)
		}
		if !strings.Contains(text, e.Old) {
			return "", fmt.Errorf("mutant: %s does not contain %q", e.File, e.Old)
		}
		texts[name] = strings.ReplaceAll(text, e.Old, e.New)
	}
	replace := map[string]string{}
	for name, text := range texts {
		replace[name] = filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(replace[name], []byte(text), 0o600); err != nil {
			return "", fmt.Errorf("mutant: %w", err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("mutant: %w", err)
	}
	path = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		return "", fmt.Errorf("mutant: %w", err)
	}
	return path, nil
}

// moduleRoot returns the nearest folder with a go.mod, from the current one up.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("mutant: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("mutant: no go.mod in the current folder or above it")
		}
		dir = parent
	}
}
