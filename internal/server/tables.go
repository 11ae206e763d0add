package server

import (
	"cmp"
	"context"

	"exporttask/api"
	"exporttask/internal/source"
	"exporttask/internal/task"
)

const (
	defaultTables = 200
	maxTableName  = 64
)

// ListSource implements the RPC.
func (s *Server) ListSource(_ context.Context, req *api.WshExportTaskListSourceReq) (*api.WshExportTaskListSourceRes, error) {
	if err := notNegative("operatorId", req.GetOperatorId()); err != nil {
		return nil, err
	}
	res := &api.WshExportTaskListSourceRes{}
	for _, info := range s.Tasks.ListSources(req.GetOperatorId()) {
		res.Data = append(res.Data, &api.WshExportSource{
			Name: info.Name, Dialect: info.Dialect, Version: info.Version, Zone: info.Zone, Schemas: info.Schemas,
		})
	}
	return res, nil
}

// ListTable implements the RPC.
func (s *Server) ListTable(ctx context.Context, req *api.WshExportTaskListTableReq) (*api.WshExportTaskListTableRes, error) {
	const list = "table"
	offset, tokenErr := parsePageToken(list, req.GetPageToken())
	err := firstError(
		text("etplSource", req.GetEtplSource(), 0, maxSourceName),
		text("name", req.GetName(), 0, maxTableName),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		notNegative("operatorId", req.GetOperatorId()),
		tokenErr,
	)
	if err != nil {
		return nil, err
	}
	size := cmp.Or(int(req.GetPageSize()), defaultTables)
	tables, err := s.Tasks.ListTables(ctx, req.GetOperatorId(), cmp.Or(req.GetEtplSource(), task.DefaultSource), source.TableFilter{
		NamePart: req.GetName(), Offset: int(offset), Limit: size + 1,
	})
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskListTableRes{}
	if len(tables) > size {
		tables = tables[:size]
		res.NextPageToken = pageToken(list, offset+int64(size))
	}
	for _, t := range tables {
		res.Data = append(res.Data, &api.WshExportTable{Schema: t.Schema, Name: t.Name, SqlName: t.SQLName, View: t.View})
	}
	return res, nil
}

// ListTableColumn implements the RPC.
func (s *Server) ListTableColumn(ctx context.Context, req *api.WshExportTaskListTableColumnReq) (*api.WshExportTaskListTableColumnRes, error) {
	err := firstError(
		text("etplSource", req.GetEtplSource(), 0, maxSourceName),
		text("schema", req.GetSchema(), 0, maxTableName),
		text("table", req.GetTable(), 1, maxTableName),
		notNegative("operatorId", req.GetOperatorId()),
	)
	if err != nil {
		return nil, err
	}
	columns, err := s.Tasks.ListTableColumns(ctx, req.GetOperatorId(), cmp.Or(req.GetEtplSource(), task.DefaultSource), req.GetSchema(), req.GetTable())
	if err != nil {
		return nil, err
	}
	res := &api.WshExportTaskListTableColumnRes{}
	for _, c := range columns {
		res.Data = append(res.Data, &api.WshExportTableColumn{
			Name: c.Name, SqlName: c.SQLName, Type: c.Type, Nullable: c.Nullable, Key: c.Key, Comment: c.Comment,
		})
	}
	return res, nil
}
