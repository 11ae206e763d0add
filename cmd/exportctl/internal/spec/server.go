package spec

import (
	"exporttask/api"
)

// OfTpl returns the request that would create a template of the server.
func OfTpl(t *api.WshExportTpl) *api.WshExportTaskCreateTplReq {
	return &api.WshExportTaskCreateTplReq{
		EtplName: t.GetEtplName(), EtplTag: t.GetEtplTag(), EtplSource: sourceName(t.GetEtplSource()),
		EtplExpr: t.GetEtplExpr(), EtplOutputColumns: t.GetEtplOutputColumns(), EtplOutputFormat: t.GetEtplOutputFormat(),
		EtplParams: t.GetEtplParams(), EtplOptions: t.GetEtplOptions(), EtplLimits: t.GetEtplLimits(),
		EtplExtraColumns: t.GetEtplExtraColumns(), EtplDeliverTo: t.GetEtplDeliverTo(), EtplNotify: t.GetEtplNotify(),
		EtplTimeoutSec: t.GetEtplTimeoutSec(), EtplMaxAttempts: t.GetEtplMaxAttempts(), EtplRetentionSec: t.GetEtplRetentionSec(),
	}
}

// OfSched returns the request that would create a schedule of the server.
func OfSched(s *api.WshExportSched) *api.WshExportTaskCreateSchedReq {
	return &api.WshExportTaskCreateSchedReq{
		EschedName: s.GetEschedName(), Params: s.GetParams(), EtplOutputFormat: s.GetEtplOutputFormat(),
		Cron: s.GetCron(), Zone: s.GetZone(), Missed: s.GetMissed(), Overlap: s.GetOverlap(), JitterSec: s.GetJitterSec(),
		StartAt: s.GetStartAt(), EndAt: s.GetEndAt(), DeliverTo: s.GetDeliverTo(), Notify: s.GetNotify(), PauseAfterFailures: s.GetPauseAfterFailures(),
		Paused: s.GetStatus() == api.WshExportSchedStatus_SCHED_PAUSED,
	}
}

// UpdateTpl returns the request that changes a template of the server to match req,
// provided that it still has the version of t.
func UpdateTpl(t *api.WshExportTpl, req *api.WshExportTaskCreateTplReq) *api.WshExportTaskUpdateTplReq {
	u := &api.WshExportTaskUpdateTplReq{
		EtplId: t.GetEtplId(), EtplVersion: t.GetEtplVersion(),
		EtplName: &req.EtplName, EtplTag: &req.EtplTag, EtplSource: &req.EtplSource, EtplExpr: &req.EtplExpr,
		EtplOutputColumns: &req.EtplOutputColumns, EtplOutputFormat: &req.EtplOutputFormat,
		EtplParams:  &api.WshExportParamDecls{List: req.GetEtplParams()},
		EtplOptions: req.GetEtplOptions(), EtplLimits: req.GetEtplLimits(),
		EtplTimeoutSec: &req.EtplTimeoutSec, EtplMaxAttempts: &req.EtplMaxAttempts, EtplRetentionSec: &req.EtplRetentionSec,
		EtplExtraColumns: &req.EtplExtraColumns, EtplDeliverTo: &api.WshExportDeliverTos{List: req.GetEtplDeliverTo()},
	}
	if u.GetEtplOptions() == nil {
		u.EtplOptions = &api.WshExportOptions{}
	}
	if u.EtplNotify = req.GetEtplNotify(); u.GetEtplNotify() == nil {
		u.EtplNotify = &api.WshExportNotify{}
	}
	if u.GetEtplLimits() == nil {
		u.EtplLimits = &api.WshExportLimits{}
	}
	return u
}

// UpdateSched returns the request that changes a schedule of the server to match
// req, provided that it still has the version of s.
func UpdateSched(s *api.WshExportSched, req *api.WshExportTaskCreateSchedReq) *api.WshExportTaskUpdateSchedReq {
	u := &api.WshExportTaskUpdateSchedReq{
		EschedId: s.GetEschedId(), Version: s.GetVersion(),
		EschedName: &req.EschedName, Params: &api.WshExportParams{List: req.GetParams()}, EtplOutputFormat: &req.EtplOutputFormat,
		Cron: &req.Cron, Zone: &req.Zone, Missed: &req.Missed, Overlap: &req.Overlap, JitterSec: &req.JitterSec,
		StartAt: &req.StartAt, EndAt: &req.EndAt, DeliverTo: &api.WshExportDeliverTos{List: req.GetDeliverTo()}, Paused: &req.Paused,
		Notify: req.GetNotify(), PauseAfterFailures: &req.PauseAfterFailures,
	}
	if u.GetNotify() == nil {
		u.Notify = &api.WshExportNotify{}
	}
	return u
}
