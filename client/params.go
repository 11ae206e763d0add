package client

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"exporttask/api"
)

// Params are the values of a template's parameters by name: string, bool, any
// integer, nil for NULL, or a slice of these for a list. Dates, times and decimals
// are strings such as "2026-01-31", so that neither time zone nor digits are
// converted.
type Params map[string]any

// Proto returns the parameters in the form of requests, sorted by name.
func (p Params) Proto() ([]*api.WshExportParam, error) {
	var list []*api.WshExportParam
	for _, name := range slices.Sorted(maps.Keys(p)) {
		param, err := protoParam(name, p[name])
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		list = append(list, param)
	}
	return list, nil
}

func protoParam(name string, value any) (*api.WshExportParam, error) {
	param := &api.WshExportParam{Name: name}
	if value == nil {
		param.IsNull = true
		return param, nil
	}
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Slice {
		text, err := paramText(value)
		param.Value = text
		return param, err
	}
	for i := range v.Len() {
		text, err := paramText(v.Index(i).Interface())
		if err != nil {
			return nil, err
		}
		param.Values = append(param.Values, text)
	}
	return param, nil
}

func paramText(value any) (string, error) {
	v := reflect.ValueOf(value)
	switch {
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	default:
		return "", fmt.Errorf("a value of type %T, want string, bool, an integer, nil or a slice of these", value)
	}
}
