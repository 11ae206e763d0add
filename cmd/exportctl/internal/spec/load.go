package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads templates from the text of a file, one in each YAML document. The
// error joins all errors of the text.
func Parse(file string, text []byte) ([]Tpl, error) {
	var list []Tpl
	err := documents(file, text, func(r *reader, n *yaml.Node) {
		list = append(list, r.tpl(r.object(n, "", tplKeys...)))
	})
	return list, err
}

// ParseScheds reads schedules from the text of a file, one in each YAML document.
// The key "template" names the template of a schedule.
func ParseScheds(file string, text []byte) ([]Sched, error) {
	var list []Sched
	err := documents(file, text, func(r *reader, n *yaml.Node) {
		o := r.object(n, "", append([]string{"template"}, schedKeys...)...)
		s := r.sched(o)
		s.Template = o.needed("template")
		list = append(list, s)
	})
	return list, err
}

func documents(file string, text []byte, each func(*reader, *yaml.Node)) error {
	r := &reader{file: file}
	found := 0
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(append(r.errs, syntaxError(file, err))...)
		}
		if len(doc.Content) == 0 || isNull(doc.Content[0]) {
			continue // only comments
		}
		found++
		each(r, resolve(doc.Content[0]))
	}
	if found == 0 && len(r.errs) == 0 {
		r.fail(nil, "", "nothing in it")
	}
	return errors.Join(r.errs...)
}

// syntaxError returns a YAML error in the form of all other errors, FILE:LINE: text.
func syntaxError(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		return errors.New(file + ":" + rest)
	}
	return errors.New(file + ": " + text)
}

// Load reads templates from files, from all .yaml and .yml files below folders,
// and from stdin for "-". The error joins all errors, including duplicate names.
func Load(paths []string, stdin io.Reader) ([]Tpl, error) {
	files, err := expand(paths)
	if err != nil {
		return nil, err
	}
	var all []Tpl
	var errs []error
	for _, file := range files {
		text, err := Read(file, stdin)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list, err := Parse(shownName(file), text)
		all, errs = append(all, list...), append(errs, err)
	}
	first := map[string]string{}
	for _, t := range all {
		name := t.Req.GetEtplName()
		if where, twice := first[name]; twice && name != "" {
			errs = append(errs, fmt.Errorf("%s: name: %q is the name of the template at %s already", t.Where, name, where))
			continue
		}
		first[name] = t.Where
	}
	return all, errors.Join(errs...)
}

// Read returns the content of a file, or of stdin for "-".
func Read(file string, stdin io.Reader) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(filepath.Clean(file))
}

func shownName(file string) string {
	if file == "-" {
		return "stdin"
	}
	return file
}

func expand(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		if path == "-" {
			files = append(files, path)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, filepath.Clean(path))
			continue
		}
		before := len(files)
		err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, fmt.Errorf("%s: no .yaml or .yml in it", path)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}
