package task

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
)

func TestFreezeDeliverTo(t *testing.T) {
	t.Parallel()
	at := RunWindow{Now: time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC)}
	at.Window.Due, at.Window.Start = at.Now, at.Now.AddDate(0, 0, -1)
	params := []model.Param{{Name: "shop", Value: "../a/{b}"}, {Name: "ids", Values: []string{"1", "2"}}, {Name: "dots", Value: ".."}}
	in := &model.Inst{ID: 7, TplName: "订单", Attempt: 2}
	for pattern, want := range map[string]string{
		"":                                   "f.csv.gz",
		"in/":                                "in/f.csv.gz",
		"{window_start:2006}/{due}/":         "2026/2026-03-01/f.csv.gz",
		"daily/{name}-{id}-{attempt}":        "daily/订单-7-2.csv.gz",
		"daily/{name}.csv.gz":                "daily/订单.csv.gz",
		"{param.shop}/x":                     "_a__b_/x.csv.gz",
		"{param.dots}/x":                     "export/x.csv.gz",
		"{param.ids}/a:b":                    "1_2/a_b.csv.gz",
		"con/" + strings.Repeat("字", 50):     "_con/" + strings.Repeat("字", 50) + ".csv.gz",
		"{time} {window_end} {window_start}": "023000  2026-02-28.csv.gz",
	} {
		list, err := FreezeDeliverTo([]model.DeliverTo{{Path: pattern, Subject: pattern}}, 7, params, at)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
			continue
		}
		if diff := cmp.Diff(want, FilePath(in, list[0].Path, "f.csv.gz")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pattern, diff)
		}
	}
	list, err := FreezeDeliverTo([]model.DeliverTo{{Subject: "{name} of {due}: {param.shop} ({id})"}}, 7, params, at)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("订单 of 2026-03-01: .._a__b_ (7)", Subject(in, list[0].Subject)); diff != "" {
		t.Errorf("subject (-want +got):\n%s", diff)
	}
}

func TestCheckDeliverTo_refused(t *testing.T) {
	t.Parallel()
	for says, to := range map[string]model.DeliverTo{
		"f[1].path: 401 bytes, want at most 400":              {Path: strings.Repeat("x", 401)},
		"f[1].subject: 201 bytes, want at most 200":           {Subject: strings.Repeat("x", 201)},
		`f[1].path: part ".." at byte 2`:                      {Path: "a/../b"},
		"f[1].path: empty part at byte 0":                     {Path: "/a"},
		`f[1].path: part "{shop}" at byte 0`:                  {Path: "{shop}"},
		"f[1].path: {param.x}, want a parameter that the SQL": {Path: "{param.shop}/{param.x}"},
		"f[1].subject: {param.x}, want a parameter":           {Subject: "{param.x}"},
		"f[1].subject: character at byte 1: want no control":  {Subject: "a\r\nBcc: b@example.com"},
	} {
		err := CheckDeliverTo("f", []model.DeliverTo{{Path: "fine/", Subject: "{due}"}, to}, []string{"shop"})
		if err == nil || !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", to, err, says)
		}
	}
}
