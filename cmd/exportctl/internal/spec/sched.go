package spec

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"exporttask/api"
)

var schedKeys = []string{
	"name", "cron", "zone", "params", "format", "missed", "overlap", "jitter", "start", "end", "paused", "pauseAfterFailures", "deliverTo", "notify",
}

func (r *reader) sched(o object) Sched {
	return Sched{
		Where: fmt.Sprintf("%s:%d", r.file, o.node.Line),
		Req: &api.WshExportTaskCreateSchedReq{
			EschedName:       o.needed("name"),
			Cron:             o.needed("cron"),
			Zone:             o.text("zone"),
			Params:           o.params("params"),
			EtplOutputFormat: enum(o, "format", "FMT_", api.WshExportFormat_FMT_DEFAULT),
			Missed:           enum(o, "missed", "MISSED_", api.WshExportMissed_MISSED_LATEST),
			Overlap:          enum(o, "overlap", "OVERLAP_", api.WshExportOverlap_OVERLAP_ALLOW),
			JitterSec:        o.seconds32("jitter"),
			StartAt:          o.instant("start"),
			EndAt:            o.instant("end"),
			Paused:           o.flag("paused", false),
			DeliverTo:        o.deliverTo("deliverTo"),
			Notify:           o.notify("notify"),

			PauseAfterFailures: int32(o.number("pauseAfterFailures", 32)),
		},
	}
}

func (o object) instant(key string) string {
	text := o.text(key)
	if text == "" {
		return ""
	}
	at, err := instant(text)
	if err != nil {
		o.fail(key, "%q, %s", text, err)
	}
	return at
}

// params returns parameters by name, in the order of the file. A value is a scalar,
// a list of scalars, or null.
func (o object) params(key string) []*api.WshExportParam {
	n := o.values[key]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		o.fail(key, "%s, want names and values", shown(n))
		return nil
	}
	var list []*api.WshExportParam
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, resolve(n.Content[i+1])
		p := &api.WshExportParam{Name: name}
		switch {
		case seen[name]:
			o.r.fail(n.Content[i], o.path+key, "%q is given twice", name)
		case isNull(value):
			p.IsNull = true
		case value.Kind == yaml.ScalarNode:
			p.Value = value.Value
		case value.Kind == yaml.SequenceNode:
			one := object{r: o.r, node: n, path: o.path + key + ".", values: map[string]*yaml.Node{name: value}}
			p.Values = one.texts(name)
		default:
			o.r.fail(value, o.path+key+"."+name, "%s, want a value or a list of values", shown(value))
		}
		seen[name] = true
		list = append(list, p)
	}
	return list
}
