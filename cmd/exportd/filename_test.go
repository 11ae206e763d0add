package main

import (
	"strings"
	"testing"

	"exporttask/api"
	"exporttask/internal/testkit"
)

func TestServe_file_name_pattern(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	create := func(pattern string) *api.WshExportTaskCreateTplRes {
		t.Helper()
		res, err := s.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{
			EtplName: "订单", EtplExpr: "SELECT :shop AS shop", EtplOptions: &api.WshExportOptions{FileName: pattern, Gzip: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	for _, tc := range []struct{ pattern, shop, want string }{
		{"", "a", "订单-1.csv.gz"},
		{"{param.shop} {name} {id}.{attempt}", "a", "a 订单 2.1.csv.gz"},
		{"{param.shop}", "../../etc/{id}\x00", "_.._etc__id__.csv.gz"},
		{"{param.shop}", strings.Repeat("中", 500), strings.Repeat("中", 47) + "~2ykate7cnaz5.csv.gz"},
		{"{due}", "a", "订单-5.csv.gz"}, // nothing is left of it
	} {
		tpl := create(tc.pattern)
		inst := s.end(t, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId(), Params: []*api.WshExportParam{{Name: "shop", Value: tc.shop}}})
		if len(inst.GetFiles()) != 1 || inst.GetFiles()[0].GetName() != tc.want {
			t.Errorf("%q with %.20q: %v (%s), want %s", tc.pattern, tc.shop, inst.GetFiles(), inst.GetErrMsg(), tc.want)
		}
	}
	for pattern, says := range map[string]string{
		"{nome}":                 "etplOptions.fileName: {nome} at byte 0: no such word",
		"{param.none}":           "etplOptions.fileName: {param.none}, want a parameter that the SQL uses",
		"a/b":                    "etplOptions.fileName: character at byte 1",
		strings.Repeat("x", 201): "etplOptions.fileName: 201 bytes, want at most 200",
	} {
		if res := create(pattern); res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), says) {
			t.Errorf("%q: %q %q, want 3 %q", pattern, res.GetErrCode(), res.GetErrMsg(), says)
		}
	}
	res, err := s.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{
		EtplName: "x", EtplExpr: "SELECT 1", EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "bucket"}},
	})
	if err != nil || res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), `etplDeliverTo[0].destination: "bucket"`) {
		t.Errorf("a destination: %v %v, want it refused by its name", res, err)
	}
}
