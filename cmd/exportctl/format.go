package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"exporttask/api"
)

// formatNames returns the formats of the service as --format and file name
// extensions name them: csv, xls and so on.
func formatNames() []string {
	var names []string
	for value, name := range api.WshExportFormat_name {
		if value != int32(api.WshExportFormat_FMT_DEFAULT) {
			names = append(names, strings.ToLower(strings.TrimPrefix(name, "FMT_")))
		}
	}
	slices.Sort(names)
	return names
}

// wantedFormat returns the format that --format and -o ask for; FMT_DEFAULT is
// the template's. An output file whose extension belongs to no format, or to
// another one than --format, is a usage error.
func wantedFormat(format, out string) (api.WshExportFormat, error) {
	ext := extension(out)
	if ext == "gz" || ext == "zst" || ext == "zip" {
		ext = extension(strings.TrimSuffix(out, filepath.Ext(out)))
	}
	names := formatNames()
	switch {
	case format == "" && ext == "":
		return api.WshExportFormat_FMT_DEFAULT, nil
	case format == "" && !slices.Contains(names, ext):
		return 0, usagef("output: %q: no format has the extension .%s, want one of %s; or give --format", out, ext, strings.Join(names, ", "))
	case format == "":
		format = ext
	case slices.Contains(names, ext) && ext != strings.ToLower(format):
		return 0, usagef("output: %q has the extension of another format than --format %s", out, format)
	}
	wanted, err := enumFlag("format", "FMT_", format, api.WshExportFormat_FMT_DEFAULT)
	if err == nil && ext != "" && !fitsExtension(ext, strings.ToLower(format)) {
		return 0, usagef("output: %q: --format %s does not write .%s files", out, format, ext)
	}
	return wanted, err
}

// checkExtension returns a usage error where the extension of the output file
// belongs to another kind of file than the one that the service has stored under
// the name, such as a compressed one.
func checkExtension(out, stored string) error {
	want, got := extension(stored), extension(out)
	if got == "" || want == "" || fitsExtension(got, want) {
		return nil
	}
	return usagef("output: %q: the file is %q, want a name with the extension .%s", out, stored, want)
}

// fitsExtension reports whether a file of a kind may have the extension ext. Text
// and JSON Lines have several.
func fitsExtension(ext, kind string) bool {
	return ext == kind || kind == "csv" && (ext == "txt" || ext == "tsv") || kind == "jsonl" && (ext == "ndjson" || ext == "json")
}

// fileType matches what counts as an extension, unlike the end of "orders.2026-03"
// or "report.v2".
var fileType = regexp.MustCompile(`^[a-z]{2,7}[0-9]?$`)

// extension returns the extension of an output file in lower case and without
// its dot: "" for the standard output, a folder, and a name without an extension.
func extension(out string) string {
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		return ""
	}
	ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(out), "."))
	if !fileType.MatchString(ext) {
		return ""
	}
	return ext
}
