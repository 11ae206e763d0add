package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	"exporttask/api"
	"exporttask/client"
)

// paramFlags are the flags for the values of a template's parameters.
type paramFlags struct {
	values []string
	nulls  []string
}

func (p *paramFlags) define(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&p.values, "param", "p", nil, "`NAME=VALUE` of a parameter; repeat it for each value of a list")
	cmd.Flags().StringArrayVar(&p.nulls, "null", nil, "`NAME` of a parameter that is NULL")
}

// read returns the parameters that the flags give, as lists where the template
// declares a list.
func (p *paramFlags) read(decls []*api.WshExportParamDecl) (client.Params, error) {
	params := client.Params{}
	for _, pair := range p.values {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usagef("param: %q, want NAME=VALUE", pair)
		}
		list := slices.ContainsFunc(decls, func(d *api.WshExportParamDecl) bool { return d.GetName() == name && d.GetList() })
		before, given := params[name]
		switch {
		case list && given:
			params[name] = append(before.([]string), value) //nolint:forcetypeassert // lists are what is put here
		case list:
			params[name] = []string{value}
		case given:
			return nil, usagef("param: %s is given twice but is not a list", name)
		default:
			params[name] = value
		}
	}
	for _, name := range p.nulls {
		if _, given := params[name]; given {
			return nil, usagef("null: %s also has a value", name)
		}
		params[name] = nil
	}
	return params, nil
}

// enumFlag parses the value of an enum flag: csv for FMT_CSV. The name is not
// case-sensitive.
func enumFlag[E interface {
	~int32
	protoreflect.Enum
}](flag, prefix, text string, zero E) (E, error) {
	values := zero.Descriptor().Values()
	var names []string
	for i := range values.Len() {
		name := strings.TrimPrefix(string(values.Get(i).Name()), prefix)
		if strings.EqualFold(name, text) {
			return E(values.Get(i).Number()), nil
		}
		names = append(names, strings.ToLower(name))
	}
	return zero, usagef("%s: %q, want one of %s", flag, text, strings.Join(names, ", "))
}

// stateName returns the name of an enum value without its prefix: DONE for
// DELIVERY_DONE.
func stateName(e interface{ String() string }, prefix string) string {
	return strings.TrimPrefix(e.String(), prefix)
}
