package spec

import (
	"fmt"
	"strings"

	"exporttask/api"
)

// Tpl is a template of a file, with its schedules.
type Tpl struct {
	// Where is the template's place, "shop/orders.yaml:1".
	Where string
	// Req is the request that creates it, without operatorId and requestId.
	Req    *api.WshExportTaskCreateTplReq
	Scheds []Sched
}

// Sched is a schedule of a file.
type Sched struct {
	Where string
	// Template is the name of its template.
	Template string
	// Req is the request that creates it, without etplId, operatorId and requestId.
	Req *api.WshExportTaskCreateSchedReq
}

var tplKeys = []string{
	"name", "tag", "source", "sql", "params", "columns", "extraColumns", "format", "options", "limits",
	"timeout", "attempts", "retention", "deliverTo", "notify", "schedules",
}

func (r *reader) tpl(o object) Tpl {
	req := &api.WshExportTaskCreateTplReq{
		EtplName:          o.needed("name"),
		EtplTag:           o.text("tag"),
		EtplSource:        sourceName(o.text("source")),
		EtplExpr:          strings.TrimSpace(o.needed("sql")),
		EtplOutputColumns: o.columns("columns"),
		EtplExtraColumns:  enum(o, "extraColumns", "EXTRA_", api.WshExportExtraColumns_EXTRA_DEFAULT),
		EtplOutputFormat:  enum(o, "format", "FMT_", api.WshExportFormat_FMT_DEFAULT),
		EtplTimeoutSec:    o.seconds32("timeout"),
		EtplMaxAttempts:   int32(o.number("attempts", 32)),
		EtplRetentionSec:  o.seconds("retention"),
		EtplDeliverTo:     o.deliverTo("deliverTo"),
		EtplNotify:        o.notify("notify"),
	}
	seen := map[string]bool{}
	for i, item := range o.list("params") {
		d := r.decl(r.object(item, o.item("params", i), "name", "type", "list", "optional", "default", "emptyList", "maxLength"))
		if seen[d.GetName()] {
			r.fail(item, o.path+"params", "%q is declared twice", d.GetName())
		}
		seen[d.GetName()] = true
		req.EtplParams = append(req.EtplParams, d)
	}
	if n := o.values["options"]; n != nil {
		req.EtplOptions = r.options(r.object(n, o.path+"options.", optionKeys...))
	}
	if n := o.values["limits"]; n != nil {
		l := r.object(n, o.path+"limits.", "rows", "bytes", "running")
		req.EtplLimits = &api.WshExportLimits{
			Rows: l.number("rows", 64), Bytes: l.bytes("bytes"), Running: int32(l.number("running", 32)),
		}
	}
	t := Tpl{Where: fmt.Sprintf("%s:%d", r.file, o.node.Line), Req: req}
	names := map[string]bool{}
	for i, item := range o.list("schedules") {
		s := r.sched(r.object(item, o.item("schedules", i), schedKeys...))
		s.Template = req.GetEtplName()
		if name := s.Req.GetEschedName(); names[name] {
			r.fail(item, o.path+"schedules", "%q is there twice", name)
		} else {
			names[name] = true
		}
		t.Scheds = append(t.Scheds, s)
	}
	return t
}

// sourceName returns the data source of a template, empty for the default one.
func sourceName(name string) string {
	if name == "default" {
		return ""
	}
	return name
}

func (r *reader) decl(o object) *api.WshExportParamDecl {
	d := &api.WshExportParamDecl{
		Name:      o.needed("name"),
		Type:      enum(o, "type", "PARAM_", api.WshExportParamType_PARAM_STRING),
		List:      o.flag("list", false),
		EmptyList: enum(o, "emptyList", "EMPTY_LIST_", api.WshExportEmptyList_EMPTY_LIST_ERROR),
		MaxLength: int32(o.number("maxLength", 32)),
	}
	_, hasDefault := o.values["default"]
	switch {
	case hasDefault && d.GetList():
		d.DefaultValues = o.texts("default")
	case hasDefault:
		d.DefaultValues = []string{o.text("default")}
	}
	d.Optional = o.flag("optional", hasDefault)
	if hasDefault && !d.GetOptional() {
		o.fail("optional", "false, but there is a default")
	}
	return d
}

func (o object) deliverTo(key string) []*api.WshExportDeliverTo {
	var list []*api.WshExportDeliverTo
	for i, item := range o.list(key) {
		d := o.r.object(item, o.item(key, i), "destination", "path", "recipients", "subject", "require")
		list = append(list, &api.WshExportDeliverTo{
			Destination: d.needed("destination"), Path: d.text("path"), Recipients: d.texts("recipients"), Subject: d.text("subject"),
			Require: enum(d, "require", "REQUIRE_", api.WshExportRequire_REQUIRE_NOTHING),
		})
	}
	return list
}

func (o object) notify(key string) *api.WshExportNotify {
	n := o.values[key]
	if n == nil {
		return nil
	}
	d := o.r.object(n, o.path+key+".", "to", "late")
	return &api.WshExportNotify{To: d.deliverTo("to"), LateSec: d.seconds32("late")}
}
