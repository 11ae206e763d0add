package server

import (
	"database/sql"

	"exporttask/api"
	"exporttask/internal/model"
)

// Bounds of a schedule's fields.
const (
	maxCron   = 200 // characters
	maxZone   = 64  // characters
	maxJitter = 3600
	// maxFailures bounds the failures in a row that pause a schedule.
	maxFailures = 1000
)

func validateCreateInst(req *api.WshExportTaskCreateInstReq) error {
	return firstError(
		positive("etplId", req.GetEtplId()),
		enum("etplOutputFormat", req.GetEtplOutputFormat()),
		params(req.GetParams()),
		notNegative("operatorId", req.GetOperatorId()),
		requestID(req.GetRequestId()),
	)
}

// instFilter validates a request of ListInst and returns its filter.
func instFilter(list string, req *api.WshExportTaskListInstReq) (model.InstFilter, error) {
	before, tokenErr := parsePageToken(list, req.GetPageToken())
	var from, to sql.NullTime
	err := firstError(
		notNegative("etplId", req.GetEtplId()),
		notNegative("operatorId", req.GetOperatorId()),
		notNegative("eschedId", req.GetEschedId()),
		states(req.GetStates()),
		parseTime("createdFrom", req.GetCreatedFrom(), &from),
		parseTime("createdTo", req.GetCreatedTo(), &to),
		text("etplName", req.GetEtplName(), 0, maxName),
		text("errMsg", req.GetErrMsg(), 0, maxName),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		tokenErr,
	)
	f := model.InstFilter{
		TplID: req.GetEtplId(), OperatorID: req.GetOperatorId(), SchedID: req.GetEschedId(), CreatedFrom: from.Time, CreatedTo: to.Time,
		NamePart: req.GetEtplName(), ErrPart: req.GetErrMsg(), Before: before,
	}
	for _, st := range req.GetStates() {
		f.States = append(f.States, model.State(st))
	}
	return f, err
}

// validateListTpl returns the id that the page begins below, 0 for the first
// page. So do the other functions for lists.
func validateListTpl(list string, req *api.WshExportTaskListTplReq) (before int64, err error) {
	before, err = parsePageToken(list, req.GetPageToken())
	return before, firstError(
		notNegative("etplId", req.GetEtplId()),
		notNegative("operatorId", req.GetOperatorId()),
		text("etplName", req.GetEtplName(), 0, maxName),
		text("etplTag", req.GetEtplTag(), 0, maxTag),
		text("search", req.GetSearch(), 0, maxName),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		err,
	)
}

func validateListSched(list string, req *api.WshExportTaskListSchedReq) (before int64, err error) {
	before, err = parsePageToken(list, req.GetPageToken())
	return before, firstError(
		notNegative("eschedId", req.GetEschedId()),
		notNegative("etplId", req.GetEtplId()),
		notNegative("operatorId", req.GetOperatorId()),
		text("eschedName", req.GetEschedName(), 0, maxName),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		err,
	)
}

func validateListDelivery(list string, req *api.WshExportTaskListDeliveryReq) (before int64, err error) {
	before, err = parsePageToken(list, req.GetPageToken())
	return before, firstError(
		notNegative("einstId", req.GetEinstId()),
		notNegative("operatorId", req.GetOperatorId()),
		deliveryStates(req.GetStates()),
		between("pageSize", req.GetPageSize(), 0, int32(maxPageSize)),
		err,
	)
}

func validatePreviewTpl(req *api.WshExportTaskPreviewTplReq) error {
	err := firstError(
		notNegative("etplId", req.GetEtplId()),
		params(req.GetParams()),
		enum("etplOutputFormat", req.GetEtplOutputFormat()),
		between("rows", req.GetRows(), 0, int32(maxPreview)),
		notNegative("operatorId", req.GetOperatorId()),
	)
	switch {
	case err != nil:
		return err
	case req.GetDraft() != nil && req.GetEtplId() != 0:
		return invalid("draft", "both etplId and draft are set, want one")
	case req.GetDraft() == nil && req.GetEtplId() == 0:
		return invalid("etplId", "0 and no draft, want one of the two")
	}
	return nil
}

// maxSchedParams bounds the parameter values of a schedule, in bytes, since every
// list of schedules holds them.
const maxSchedParams = 1 << 20

func schedParams(list []model.Param) error {
	size := 0
	for _, p := range list {
		size += len(p.Name) + len(p.Value)
		for _, v := range p.Values {
			size += len(v)
		}
	}
	if size > maxSchedParams {
		return invalid("params", "%d bytes, want at most %d in a schedule", size, maxSchedParams)
	}
	return nil
}

// validateSched checks the fields of a schedule that a request creates or edits,
// one by one.
func validateSched(sched *model.Sched) error {
	return firstError(
		text("eschedName", sched.Name, 1, maxName),
		positive("etplId", sched.TplID),
		enum("etplOutputFormat", api.WshExportFormat(sched.OutputFormat)),
		text("cron", sched.Cron, 1, maxCron),
		text("zone", sched.Zone, 0, maxZone),
		enum("missed", api.WshExportMissed(sched.Missed)),
		enum("overlap", api.WshExportOverlap(sched.Overlap)),
		between("jitterSec", sched.JitterSec, 0, int32(maxJitter)),
		notNegative("operatorId", sched.OperatorID),
		schedParams(sched.Params.V),
		requires("deliverTo", sched.DeliverTo.V),
		notify("notify", sched.Notify.V),
		between("pauseAfterFailures", sched.PauseAfter, 0, int32(maxFailures)),
	)
}

// validateRunSched parses the times of a backfill into from and to as well.
func validateRunSched(req *api.WshExportTaskRunSchedReq, from, to *sql.NullTime) error {
	err := firstError(
		positive("eschedId", req.GetEschedId()),
		notNegative("operatorId", req.GetOperatorId()),
		requestID(req.GetRequestId()),
		parseTime("from", req.GetFrom(), from),
		parseTime("to", req.GetTo(), to),
	)
	switch {
	case err != nil:
		return err
	case req.GetCountOnly() && !from.Valid:
		return invalid("countOnly", "set without from and to, want both")
	case from.Valid != to.Valid:
		return invalid("from, to", "one without the other, want both or neither")
	case from.Valid && !from.Time.Before(to.Time):
		return invalid("to", "%s, want a time after from", req.GetTo())
	}
	return nil
}

// validatePreviewSched parses the start of the preview into from as well.
func validatePreviewSched(req *api.WshExportTaskPreviewSchedReq, from *sql.NullTime) error {
	err := firstError(
		notNegative("eschedId", req.GetEschedId()),
		notNegative("operatorId", req.GetOperatorId()),
		between("count", req.GetCount(), 0, int32(maxDues)),
		parseTime("from", req.GetFrom(), from),
	)
	switch {
	case err != nil:
		return err
	case req.GetDraft() != nil && req.GetEschedId() != 0:
		return invalid("draft", "both eschedId and draft are set, want one")
	case req.GetDraft() == nil && req.GetEschedId() == 0:
		return invalid("eschedId", "0 and no draft, want one of the two")
	}
	return nil
}
