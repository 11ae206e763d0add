package auth

import (
	"strings"

	"exporttask/api"
)

// rule is what a method needs of a caller with a token.
type rule struct {
	scope Scope
	// attributed: the request makes something that belongs to its operatorId,
	// or that is kept as done by it. An admin that leaves it 0 means itself.
	attributed bool
}

// rules has every method of the contract. Ids in requests are not in it: see
// own, which holds all of them, wherever they are, against the caller.
var rules = map[string]rule{
	"CreateTpl":  {scope: Run, attributed: true},
	"ListTpl":    {scope: Read},
	"UpdateTpl":  {scope: Run},
	"DeleteTpl":  {scope: Run},
	"PreviewTpl": {scope: Run}, // runs SQL that the request may bring along

	"CreateInst":    {scope: Run, attributed: true},
	"GetInst":       {scope: Read},
	"ListInst":      {scope: Read},
	"CancelInst":    {scope: Run, attributed: true},
	"RetryInst":     {scope: Run}, // 0: the new instance belongs to the old one's operator
	"WatchInst":     {scope: Read},
	"DownloadInst":  {scope: Read},
	"ListInstEvent": {scope: Read},

	"CreateSched": {scope: Run, attributed: true},
	"ListSched":   {scope: Read},
	"UpdateSched": {scope: Run},
	"DeleteSched": {scope: Run},
	"RunSched":    {scope: Run}, // 0: the instances belong to the schedule's operator

	"ListDelivery":  {scope: Read},
	"RetryDelivery": {scope: Run},

	"GetQueue": {scope: Read},
}

// open tells whether a method is for everybody: load balancers and probes have
// no tokens.
func open(fullMethod string) bool { return strings.HasPrefix(fullMethod, "/grpc.health.v1.Health/") }

// ruleOf returns the rule of one of the contract's methods.
func ruleOf(fullMethod string) (r rule, ours, known bool) {
	name, ours := strings.CutPrefix(fullMethod, "/"+api.ExportTask_ServiceDesc.ServiceName+"/")
	r, known = rules[name]
	return r, ours, ours && known
}
