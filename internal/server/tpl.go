package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// defaultSource is the data source of templates that name none.
const defaultSource = "default"

// request identifies a creating request by its id and its other fields.
func request(operator int32, id string, bodyWithoutID proto.Message) (model.Request, error) {
	if id == "" {
		return model.Request{}, nil
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(bodyWithoutID)
	if err != nil {
		return model.Request{}, fmt.Errorf("hash request: %w", err)
	}
	return model.Request{OperatorID: operator, ID: id, Hash: sha256.Sum256(b)}, nil
}

// CreateTpl implements the RPC.
func (s *Server) CreateTpl(ctx context.Context, req *api.WshExportTaskCreateTplReq) (*api.WshExportTaskCreateTplRes, error) {
	t := tplFromProto(req)
	if err := firstError(s.tplFields(t), requestID(req.GetRequestId())); err != nil {
		return nil, err
	}
	noID := proto.CloneOf(req)
	noID.RequestId = ""
	r, err := request(t.OperatorID, req.GetRequestId(), noID)
	if err != nil {
		return nil, err
	}
	before, err := s.db.TplByRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if before != nil {
		return &api.WshExportTaskCreateTplRes{Data: tplToProto(before)}, nil
	}
	if err := s.check(ctx, t); err != nil {
		return nil, err
	}
	made, err := s.db.CreateTpl(ctx, *t, r)
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskCreateTplRes{Data: tplToProto(made)}, nil
}

// check holds a template's SQL, parameters and columns against each other and
// against its data source, and sets its status and result columns.
func (s *Server) check(ctx context.Context, t *model.Tpl) error {
	if err := s.knownSource(t.Source); err != nil {
		return err
	}
	st, err := task.Check(t.Expr, t.Params.V, s.sources.Guard(t.Source))
	if err != nil {
		return err
	}
	err = firstError(
		task.CheckColumns(t.OutputColumns),
		task.CheckFileName(t.Options.V.FileName, st),
		task.CheckDeliverTo("etplDeliverTo", t.DeliverTo.V, st.Names),
	)
	if err != nil {
		return err
	}
	columns, err := s.sources.Prepare(ctx, t.Source, st.SQL, len(st.Names))
	switch {
	case err == nil:
	case s.sources.Transient(err) && ctx.Err() == nil:
		t.Status = model.TplInited
		t.ResultColumns.V = []model.ResultColumn{}
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return invalid("etplExpr", "the data source %q says: %s", t.Source, err)
	}
	if _, err := task.Columns(t.OutputColumns, columns, t.OutputFormat); err != nil {
		return err
	}
	t.Status = model.TplNormal
	t.ResultColumns.V = resultColumns(columns)
	return nil
}

func (s *Server) knownSource(name string) error {
	if names := s.sources.Names(); !slices.Contains(names, name) {
		return invalid("etplSource", "%s, want one of %s", shown(name), strings.Join(names, ", "))
	}
	return nil
}

func resultColumns(columns []row.Column) []model.ResultColumn {
	out := make([]model.ResultColumn, len(columns))
	for i, c := range columns {
		out[i] = model.ResultColumn{Name: c.Name, Type: c.Type}
	}
	return out
}

// maxReply keeps a list below the 4 MiB that grpc's clients take by default,
// with room for the headers of a message.
const maxReply = 3 << 20

// tplBatch is how many templates are read at once where no page size is given.
const tplBatch = 200

// ListTpl implements the RPC.
func (s *Server) ListTpl(ctx context.Context, req *api.WshExportTaskListTplReq) (*api.WshExportTaskListTplRes, error) {
	const list = "tpl"
	after, tokenErr := parsePageToken(list, req.GetPageToken())
	err := firstError(
		notNegative("etplId", req.GetEtplId()),
		notNegative("operatorId", req.GetOperatorId()),
		text("etplName", req.GetEtplName(), 0, maxName),
		text("etplTag", req.GetEtplTag(), 0, maxTag),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		tokenErr,
	)
	if err != nil {
		return nil, err
	}
	f := model.TplFilter{
		ID: req.GetEtplId(), NamePart: req.GetEtplName(), Tag: req.GetEtplTag(), OperatorID: req.GetOperatorId(), WithDeleted: req.GetWithDeleted(),
		Before: int32(after), //nolint:gosec // an etplId from our own token; a forged one finds nothing
	}
	page := int(req.GetPageSize())
	res := &api.WshExportTaskListTplRes{}
	size := 0
	for {
		f.Limit = tplBatch
		if page != 0 {
			f.Limit = page + 1 // one more tells whether there is a next page
		}
		tpls, err := s.db.ListTpl(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range tpls {
			t := tplToProto(&tpls[i])
			size += proto.Size(t) + 8
			if len(res.GetData()) > 0 && size > maxReply || page != 0 && len(res.GetData()) == page {
				res.NextPageToken = pageToken(list, int64(f.Before))
				return res, nil
			}
			res.Data = append(res.Data, t)
			f.Before = t.GetEtplId()
		}
		if len(tpls) < f.Limit {
			return res, nil
		}
	}
}

// UpdateTpl implements the RPC.
func (s *Server) UpdateTpl(ctx context.Context, req *api.WshExportTaskUpdateTplReq) (*api.WshExportTaskUpdateTplRes, error) {
	err := firstError(
		positive("etplId", req.GetEtplId()),
		notNegative("etplVersion", req.GetEtplVersion()),
		notNegative("operatorId", req.GetOperatorId()),
	)
	if err != nil {
		return nil, err
	}
	t, err := s.db.UpdateTpl(ctx, req.GetEtplId(), req.GetEtplVersion(), func(t *model.Tpl) error {
		applyUpdate(t, req)
		if err := s.tplFields(t); err != nil {
			return err
		}
		return s.check(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskUpdateTplRes{Data: tplToProto(t)}, nil
}

func applyUpdate(t *model.Tpl, req *api.WshExportTaskUpdateTplReq) {
	set(&t.Name, req.EtplName)
	set(&t.Tag, req.EtplTag)
	set(&t.Expr, req.EtplExpr)
	set(&t.OutputColumns, req.EtplOutputColumns)
	set(&t.Source, req.EtplSource)
	set(&t.TimeoutSec, req.EtplTimeoutSec)
	set(&t.MaxAttempts, req.EtplMaxAttempts)
	set(&t.RetentionSec, req.EtplRetentionSec)
	t.Source = cmp.Or(t.Source, defaultSource)
	if req.EtplOutputFormat != nil {
		t.OutputFormat = model.Format(req.GetEtplOutputFormat())
	}
	if req.GetEtplParams() != nil {
		t.Params.V = declsFromProto(req.GetEtplParams().GetList())
	}
	if req.GetEtplOptions() != nil {
		t.Options.V = optionsFromProto(req.GetEtplOptions())
	}
	if req.GetEtplLimits() != nil {
		t.Limits.V = limitsFromProto(req.GetEtplLimits())
	}
	if req.EtplExtraColumns != nil {
		t.ExtraColumns = model.ExtraColumns(req.GetEtplExtraColumns())
	}
	if req.GetEtplDeliverTo() != nil {
		t.DeliverTo.V = deliverToFromProto(req.GetEtplDeliverTo().GetList())
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// DeleteTpl implements the RPC.
func (s *Server) DeleteTpl(ctx context.Context, req *api.WshExportTaskDeleteTplReq) (*api.WshExportTaskDeleteTplRes, error) {
	if err := firstError(positive("etplId", req.GetEtplId()), notNegative("operatorId", req.GetOperatorId())); err != nil {
		return nil, err
	}
	t, err := s.db.DeleteTpl(ctx, req.GetEtplId())
	if err != nil {
		return nil, err
	}
	return &api.WshExportTaskDeleteTplRes{Data: tplToProto(t)}, nil
}
