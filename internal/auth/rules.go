package auth

import (
	"strings"

	"exporttask/api"
)

// rule is what a method requires of a caller with a token.
type rule struct {
	scope Scope
	// attributed methods create an object that belongs to the request's
	// operatorId, record operatorId as the actor, or return what operatorId may
	// use. An admin's request with operatorId 0 gets the admin's own operator.
	attributed bool
}

// anyScope is the scope of methods that every token may call.
const anyScope Scope = ""

// rules has an entry for every method of the service. Ids in requests need no
// entry: restrict checks every field of ownedObjects in any request.
var rules = map[string]rule{
	"CreateTpl":      {scope: Run, attributed: true},
	"ListTpl":        {scope: Read},
	"ListTplVersion": {scope: Read},
	"UpdateTpl":      {scope: Run},
	"DeleteTpl":      {scope: Run},
	"PreviewTpl":     {scope: Run}, // the request may contain SQL, which is run

	"CreateInst":    {scope: Run, attributed: true},
	"GetInst":       {scope: Read},
	"ListInst":      {scope: Read},
	"CancelInst":    {scope: Run, attributed: true},
	"RetryInst":     {scope: Run}, // the new instance belongs to the operator of the old one
	"DeleteInst":    {scope: Run, attributed: true},
	"WatchInst":     {scope: Read},
	"DownloadInst":  {scope: Read},
	"ListInstEvent": {scope: Read},

	"CreateSched":  {scope: Run, attributed: true},
	"ListSched":    {scope: Read},
	"UpdateSched":  {scope: Run},
	"DeleteSched":  {scope: Run},
	"RunSched":     {scope: Run}, // the instances belong to the operator of the schedule
	"PreviewSched": {scope: Run},

	"ListDelivery":  {scope: Read},
	"RetryDelivery": {scope: Run},

	"GetQueue":  {scope: Read},
	"ListAudit": {scope: Read},

	// Of the operator whose templates could read the tables.
	"ListSource":      {scope: Read, attributed: true},
	"ListTable":       {scope: Run, attributed: true},
	"ListTableColumn": {scope: Run, attributed: true},
	"GetSession":      {scope: anyScope, attributed: true},
}

// open reports whether a method needs no token: load balancers and probes call
// the health service without one.
func open(fullMethod string) bool { return strings.HasPrefix(fullMethod, "/grpc.health.v1.Health/") }

// ruleOf returns the rule of a method. ours reports whether the method's service
// is ExportTask, known whether the method has a rule.
func ruleOf(fullMethod string) (r rule, ours, known bool) {
	name, ours := strings.CutPrefix(fullMethod, "/"+api.ExportTask_ServiceDesc.ServiceName+"/")
	r, known = rules[name]
	return r, ours, ours && known
}
