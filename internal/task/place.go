package task

import (
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
)

// exprPlace returns the place of expr[off:end] in a template's SQL.
func exprPlace(expr string, off, end int) *model.Place {
	before := expr[:off]
	start := strings.LastIndexByte(before, '\n') + 1
	return &model.Place{
		Field: "etplExpr", Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[start:]) + 1,
		Offset: utf16Len(before), Length: utf16Len(expr[off:end]),
	}
}

// utf16Len returns the length of s in UTF-16 code units.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// refusedPlace returns the place of an error of sqlcheck, nil for other errors.
func refusedPlace(expr string, err error) *model.Place {
	refused, ok := errors.AsType[*sqlcheck.Refused](err)
	if !ok {
		return nil
	}
	return exprPlace(expr, refused.Offset, refused.End)
}

// Errors of servers that quote the name of what does not exist. The numbers are
// the same on MariaDB and MySQL.
const (
	errBadDB            = 1049
	errNonUniqueColumn  = 1052
	errBadField         = 1054
	errUnknownTable     = 1109
	errNoSuchTable      = 1146
	errFunctionNotExist = 1305
)

// serverPlace returns the place of the name that a data source's error quotes,
// nil if the error quotes none or the name is not in the SQL.
func serverPlace(expr string, err error) *model.Place {
	server, ok := errors.AsType[*source.ServerError](err)
	if !ok {
		return nil
	}
	switch server.Code {
	case errBadDB, errNonUniqueColumn, errBadField, errUnknownTable, errNoSuchTable, errFunctionNotExist:
	default:
		return nil
	}
	name := quotedName(server.Message)
	if off, end, found := sqlcheck.FindName(expr, name); found && name != "" {
		return exprPlace(expr, off, end)
	}
	return nil
}

// quotedName returns the name that an error's text is about: the first text in
// quotes, or what follows FUNCTION.
func quotedName(message string) string {
	if rest, ok := strings.CutPrefix(message, "FUNCTION "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	_, rest, _ := strings.Cut(message, "'")
	name, _, ok := strings.Cut(rest, "'")
	if !ok {
		return ""
	}
	return name
}
