package spec

import (
	"bytes"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"exporttask/api"
)

// Format returns a template with its schedules as YAML for Parse. Defaults are left
// out, so that two templates are equal if their texts are.
func Format(t *Tpl) string {
	d := tplDoc(t.Req)
	for _, s := range t.Scheds {
		d.item("schedules", schedDoc(s.Req).node)
	}
	return d.string()
}

// FormatTpl returns a template as YAML, without its schedules.
func FormatTpl(req *api.WshExportTaskCreateTplReq) string { return tplDoc(req).string() }

// FormatSched returns a schedule as YAML.
func FormatSched(req *api.WshExportTaskCreateSchedReq) string { return schedDoc(req).string() }

func tplDoc(req *api.WshExportTaskCreateTplReq) *doc {
	d := newDoc()
	d.text("name", req.GetEtplName())
	d.text("tag", req.GetEtplTag())
	d.text("source", sourceName(req.GetEtplSource()))
	d.text("sql", strings.TrimSpace(req.GetEtplExpr()))
	for _, p := range req.GetEtplParams() {
		d.item("params", declDoc(p).node)
	}
	if columns := strings.TrimSpace(req.GetEtplOutputColumns()); columns != "" {
		d.node.Content = append(d.node.Content, textNode("columns"), columnsNode(columns))
	}
	d.text("extraColumns", enumName(req.GetEtplExtraColumns(), "EXTRA_"))
	d.text("format", enumName(req.GetEtplOutputFormat(), "FMT_"))
	d.child("options", writeOptions(req.GetEtplOptions()))
	limits := newDoc()
	limits.number("rows", req.GetEtplLimits().GetRows())
	limits.value("bytes", formatBytes(req.GetEtplLimits().GetBytes()))
	limits.number("running", int64(req.GetEtplLimits().GetRunning()))
	d.child("limits", limits.node)
	d.value("timeout", formatSeconds(int64(req.GetEtplTimeoutSec())))
	d.number("attempts", int64(req.GetEtplMaxAttempts()))
	d.value("retention", formatSeconds(req.GetEtplRetentionSec()))
	d.deliverTo("deliverTo", req.GetEtplDeliverTo())
	d.notify(req.GetEtplNotify())
	return d
}

func declDoc(p *api.WshExportParamDecl) *doc {
	d := newDoc()
	d.node.Style = yaml.FlowStyle
	d.text("name", p.GetName())
	d.text("type", enumName(p.GetType(), "PARAM_"))
	d.flag("list", p.GetList(), false)
	switch values := p.GetDefaultValues(); {
	case len(values) > 0 && p.GetList():
		d.child("default", textsNode(values))
	case len(values) > 0:
		d.node.Content = append(d.node.Content, textNode("default"), textNode(values[0]))
	default:
		d.flag("optional", p.GetOptional(), false)
	}
	d.text("emptyList", enumName(p.GetEmptyList(), "EMPTY_LIST_"))
	d.number("maxLength", int64(p.GetMaxLength()))
	return d
}

func schedDoc(req *api.WshExportTaskCreateSchedReq) *doc {
	d := newDoc()
	d.text("name", req.GetEschedName())
	d.text("cron", req.GetCron())
	d.text("zone", req.GetZone())
	params := newDoc()
	for _, p := range req.GetParams() {
		value := textNode(p.GetValue())
		switch {
		case p.GetIsNull():
			value = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
		case len(p.GetValues()) > 0:
			value = textsNode(p.GetValues())
		}
		params.node.Content = append(params.node.Content, textNode(p.GetName()), value)
	}
	d.child("params", params.node)
	d.text("format", enumName(req.GetEtplOutputFormat(), "FMT_"))
	d.text("missed", enumName(req.GetMissed(), "MISSED_"))
	d.text("overlap", enumName(req.GetOverlap(), "OVERLAP_"))
	d.value("jitter", formatSeconds(int64(req.GetJitterSec())))
	d.value("start", canonical(req.GetStartAt()))
	d.value("end", canonical(req.GetEndAt()))
	d.flag("paused", req.GetPaused(), false)
	d.number("pauseAfterFailures", int64(req.GetPauseAfterFailures()))
	d.deliverTo("deliverTo", req.GetDeliverTo())
	d.notify(req.GetNotify())
	return d
}

// canonical returns instant's form of a time, or the text itself if it is not a
// time.
func canonical(text string) string {
	if at, err := instant(text); err == nil {
		return at
	}
	return text
}

// doc is a YAML mapping that is written key by key, without zero values.
type doc struct{ node *yaml.Node }

func newDoc() *doc { return &doc{&yaml.Node{Kind: yaml.MappingNode}} }

func (d *doc) text(key, value string) {
	if value != "" {
		d.node.Content = append(d.node.Content, textNode(key), textNode(value))
	}
}

// value adds a scalar that is written without quotes: 7d, 30, true.
func (d *doc) value(key, value string) {
	if value != "" {
		d.node.Content = append(d.node.Content, textNode(key), &yaml.Node{Kind: yaml.ScalarNode, Value: value})
	}
}

func (d *doc) number(key string, n int64) {
	if n != 0 {
		d.value(key, strconv.FormatInt(n, 10))
	}
}

func (d *doc) flag(key string, is, usual bool) {
	if is != usual {
		d.value(key, strconv.FormatBool(is))
	}
}

// child adds a mapping or a list unless it is empty.
func (d *doc) child(key string, n *yaml.Node) {
	if len(n.Content) > 0 {
		d.node.Content = append(d.node.Content, textNode(key), n)
	}
}

// item appends to the list of a key, which must be the last key.
func (d *doc) item(key string, n *yaml.Node) {
	if c := d.node.Content; len(c) >= 2 && c[len(c)-2].Value == key {
		c[len(c)-1].Content = append(c[len(c)-1].Content, n)
		return
	}
	d.child(key, &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}})
}

func (d *doc) notify(n *api.WshExportNotify) {
	one := newDoc()
	one.value("late", formatSeconds(int64(n.GetLateSec())))
	one.deliverTo("to", n.GetTo())
	d.child("notify", one.node)
}

func (d *doc) deliverTo(key string, list []*api.WshExportDeliverTo) {
	for _, to := range list {
		one := newDoc()
		one.text("destination", to.GetDestination())
		one.text("path", to.GetPath())
		one.child("recipients", textsNode(to.GetRecipients()))
		one.text("subject", to.GetSubject())
		one.text("require", strings.ReplaceAll(enumName(to.GetRequire(), "REQUIRE_"), "_", "-"))
		d.item(key, one.node)
	}
}

func textNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func textsNode(texts []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, t := range texts {
		n.Content = append(n.Content, textNode(t))
	}
	return n
}

func (d *doc) string() string {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(d.node); err != nil {
		panic(err) // strings and mappings of strings always encode
	}
	return b.String()
}
