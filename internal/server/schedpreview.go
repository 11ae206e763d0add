package server

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// Due times of a preview.
const (
	defaultDues = 10
	maxDues     = 500
)

// PreviewSched implements the RPC.
func (s *Server) PreviewSched(ctx context.Context, req *api.WshExportTaskPreviewSchedReq) (*api.WshExportTaskPreviewSchedRes, error) {
	var from sql.NullTime
	if err := validatePreviewSched(req, &from); err != nil {
		return nil, err
	}
	p, err := s.previewSched(ctx, req, from.Time, cmp.Or(int(req.GetCount()), defaultDues))
	if err != nil {
		return nil, err
	}
	data := &api.WshExportSchedPreview{Zone: p.Zone.String()}
	bytes := 0
	for _, r := range p.Runs {
		run := &api.WshExportSchedPreviewRun{
			Due: timeText(r.Due), DueLocal: r.Due.In(p.Zone).Format(time.RFC3339), WindowStart: timeText(r.Start), WindowEnd: timeText(r.End),
			Params: paramsToProto(r.Params),
		}
		if bytes += proto.Size(run); bytes > maxReply {
			run.Params = nil
		}
		data.Runs = append(data.Runs, run)
	}
	return &api.WshExportTaskPreviewSchedRes{Data: data}, nil
}

func (s *Server) previewSched(ctx context.Context, req *api.WshExportTaskPreviewSchedReq, from time.Time, count int) (*task.SchedPreview, error) {
	if req.GetDraft() == nil {
		return s.Tasks.PreviewStoredSched(ctx, req.GetEschedId(), from, count)
	}
	sched, err := schedFromProto(req.GetDraft())
	if err != nil {
		return nil, err
	}
	sched.OperatorID = cmp.Or(sched.OperatorID, req.GetOperatorId())
	sched.Claims.V = s.claims(ctx)
	if err := validateSchedDraft(sched, req.GetDraft()); err != nil {
		return nil, err
	}
	return s.Tasks.PreviewSched(ctx, sched, from, count)
}

// validateSchedDraft checks a draft, which needs no name and no template.
func validateSchedDraft(sched *model.Sched, req *api.WshExportTaskCreateSchedReq) error {
	if err := firstError(params(req.GetParams()), notNegative("etplId", sched.TplID)); err != nil {
		return err
	}
	complete := *sched
	complete.Name, complete.TplID = cmp.Or(sched.Name, "preview"), max(sched.TplID, 1)
	return validateSched(&complete)
}
