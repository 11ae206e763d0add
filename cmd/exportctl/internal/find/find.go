// Package find looks up templates and schedules by an id or an exact name.
// cmd/exportctl and package apply call it; it changes nothing.
package find

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/client"
)

// pageSize is the page size of lists.
const pageSize = 200

// Tpls returns all templates that match req, page by page.
func Tpls(ctx context.Context, server api.ExportTaskClient, req *api.WshExportTaskListTplReq) ([]*api.WshExportTpl, error) {
	var all []*api.WshExportTpl
	for {
		req.PageSize = pageSize
		res, err := server.ListTpl(ctx, req)
		if err := client.Check(res, err); err != nil {
			return nil, err
		}
		all = append(all, res.GetData()...)
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			return all, nil
		}
	}
}

// TplsNamed returns the templates with an exact name.
func TplsNamed(ctx context.Context, server api.ExportTaskClient, name string, operator int32) ([]*api.WshExportTpl, error) {
	all, err := Tpls(ctx, server, &api.WshExportTaskListTplReq{EtplName: name, OperatorId: operator})
	var named []*api.WshExportTpl
	for _, t := range all {
		if t.GetEtplName() == name {
			named = append(named, t)
		}
	}
	return named, err
}

// Tpl returns the template with an id or an exact name. A name that no or several
// templates have is an error.
func Tpl(ctx context.Context, server api.ExportTaskClient, ref string, operator int32) (*api.WshExportTpl, error) {
	var found []*api.WshExportTpl
	var err error
	if id, notID := strconv.ParseInt(ref, 10, 32); notID == nil {
		found, err = Tpls(ctx, server, &api.WshExportTaskListTplReq{EtplId: int32(id), WithDeleted: true})
	} else {
		found, err = TplsNamed(ctx, server, ref, operator)
	}
	if err != nil {
		return nil, err
	}
	return one(found, "template", ref, (*api.WshExportTpl).GetEtplId)
}

// Scheds returns all schedules that match req, page by page.
func Scheds(ctx context.Context, server api.ExportTaskClient, req *api.WshExportTaskListSchedReq) ([]*api.WshExportSched, error) {
	var all []*api.WshExportSched
	for {
		req.PageSize = pageSize
		res, err := server.ListSched(ctx, req)
		if err := client.Check(res, err); err != nil {
			return nil, err
		}
		all = append(all, res.GetData()...)
		if req.PageToken = res.GetNextPageToken(); req.GetPageToken() == "" {
			return all, nil
		}
	}
}

// SchedsOf returns the schedules of a template. It returns none for a server of a
// release without schedules.
func SchedsOf(ctx context.Context, server api.ExportTaskClient, tplID int32) ([]*api.WshExportSched, error) {
	list, err := Scheds(ctx, server, &api.WshExportTaskListSchedReq{EtplId: tplID})
	if status.Code(err) == codes.Unimplemented {
		return nil, nil
	}
	return list, err
}

// Sched returns the schedule with an id or an exact name. A name that no or several
// schedules have is an error.
func Sched(ctx context.Context, server api.ExportTaskClient, ref string, operator int32) (*api.WshExportSched, error) {
	req := &api.WshExportTaskListSchedReq{EschedName: ref, OperatorId: operator}
	id, notID := strconv.ParseInt(ref, 10, 64)
	if notID == nil {
		req = &api.WshExportTaskListSchedReq{EschedId: id, WithDeleted: true}
	}
	all, err := Scheds(ctx, server, req)
	if err != nil {
		return nil, err
	}
	var found []*api.WshExportSched
	for _, s := range all {
		if notID == nil || s.GetEschedName() == ref {
			found = append(found, s)
		}
	}
	return one(found, "schedule", ref, (*api.WshExportSched).GetEschedId)
}

// one returns the only element of found, or an error.
func one[T any, ID int32 | int64](found []T, what, ref string, id func(T) ID) (T, error) {
	var none T
	switch len(found) {
	case 0:
		return none, &client.Error{Code: codes.NotFound, Msg: fmt.Sprintf("no %s %q", what, ref)}
	case 1:
		return found[0], nil
	default:
		ids := make([]string, len(found))
		for i, f := range found {
			ids[i] = strconv.FormatInt(int64(id(f)), 10)
		}
		return none, fmt.Errorf("%d %ss are called %q (%s), want one: use its id", len(found), what, ref, strings.Join(ids, ", "))
	}
}
