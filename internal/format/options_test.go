package format

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		opt    Options
		option string // of the error; "" = none
	}{
		"defaults":                         {Options{}, ""},
		"all that go together":             {Options{Delimiter: ';', LF: true, QuoteAll: true, NullText: `\N`, GB18030: true, Gzip: true, PartRows: 10}, ""},
		"a null text of dashes":            {Options{NullText: "-"}, ""},
		"byte order mark":                  {Options{BOM: true}, ""},
		"byte order mark and GB18030":      {Options{BOM: true, GB18030: true}, "csvBom"},
		"a colon":                          {Options{Delimiter: ':'}, "csvDelimiter"},
		"a blank":                          {Options{Delimiter: ' '}, "csvDelimiter"},
		"a digit":                          {Options{Delimiter: '1'}, "csvDelimiter"},
		"null text with a comma":           {Options{NullText: "a,b"}, "csvNullText"},
		"null text with another delimiter": {Options{NullText: "a,b", Delimiter: ';'}, ""},
		"null text with its delimiter":     {Options{NullText: "a;b", Delimiter: ';'}, "csvNullText"},
		"null text with a quote":           {Options{NullText: `"`}, "csvNullText"},
		"null text with a line break":      {Options{NullText: "a\nb"}, "csvNullText"},
		"null text with a blank":           {Options{NullText: " NULL"}, "csvNullText"},
		"null text that is a formula":      {Options{NullText: "=1"}, "csvNullText"},
		"null text too long":               {Options{NullText: strings.Repeat("n", 33)}, "csvNullText"},
		"numbers as strings":               {Options{JSONNumbers: JSONNumbersString, Zstd: true}, ""},
		"numbers as anything else":         {Options{JSONNumbers: "float"}, "jsonNumbers"},
		"gzip and zstd":                    {Options{Gzip: true, Zstd: true}, "zstd"},
		"negative split":                   {Options{PartRows: -1}, "splitRows"},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckOptions(tt.opt)
			var bad *OptionError
			switch {
			case tt.option == "" && err != nil:
				t.Errorf("got %v", err)
			case tt.option != "" && (!errors.As(err, &bad) || bad.Option != tt.option || !strings.Contains(err.Error(), "want")):
				t.Errorf("got %v, want an error of %s", err, tt.option)
			}
		})
	}
}
