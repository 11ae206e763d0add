package server

import (
	"cmp"
	"context"
	"database/sql"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/model/auditchain"
)

// maxAuditPage bounds a page of the audit log, which a verification reads whole.
const maxAuditPage = 5000

// ListAudit implements the RPC.
func (s *Server) ListAudit(ctx context.Context, req *api.WshExportTaskListAuditReq) (*api.WshExportTaskListAuditRes, error) {
	list := "audit"
	if req.GetOldestFirst() {
		list = "audit-oldest"
	}
	f, err := auditFilter(list, req)
	if err != nil {
		return nil, err
	}
	if f.Cursor == 0 {
		// Entries of the last second have no place in the chain yet. Where the
		// database takes no writes the list is complete without them.
		_, _ = s.DB.SealAudit(ctx)
	}
	res := &api.WshExportTaskListAuditRes{}
	if f.OperatorID == 0 {
		anchor, head, err := s.DB.AuditChain(ctx)
		if err != nil {
			return nil, err
		}
		res.Chain = &api.WshExportAuditChain{Anchor: linkText(anchor), Head: linkText(head)}
	}
	res.Data, res.NextPageToken, err = listPage(ctx, list, f.Cursor, f.Limit, func(after int64, limit int) ([]auditchain.Row, error) {
		f.Cursor, f.Limit = after, limit
		return s.DB.ListAudit(ctx, f)
	}, auditToProto, func(r *auditchain.Row) int64 { return r.ID })
	return res, err
}

func auditFilter(list string, req *api.WshExportTaskListAuditReq) (f model.AuditFilter, err error) {
	var from, to sql.NullTime
	cursor, tokenErr := parsePageToken(list, req.GetPageToken())
	err = firstError(
		notNegative("operatorId", req.GetOperatorId()),
		auditActions(req.GetActions()),
		enum("kind", req.GetKind()),
		notNegative("objectId", req.GetObjectId()),
		parseTime("from", req.GetFrom(), &from),
		parseTime("to", req.GetTo(), &to),
		text("token", req.GetToken(), 0, maxTag),
		between("pageSize", req.GetPageSize(), 0, int32(maxAuditPage)),
		tokenErr,
	)
	if err != nil {
		return f, err
	}
	if req.GetObjectId() != 0 && req.GetKind() == api.WshExportAuditKind_AUDIT_NOTHING {
		return f, invalid("kind", "AUDIT_NOTHING, want the kind of the object %d", req.GetObjectId())
	}
	f = model.AuditFilter{
		OperatorID: req.GetOperatorId(), Kind: model.AuditKind(req.GetKind()), ObjectID: req.GetObjectId(), Token: req.GetToken(),
		From: from.Time, To: to.Time, Cursor: cursor, OldestFirst: req.GetOldestFirst(), Limit: cmp.Or(int(req.GetPageSize()), defaultPage),
	}
	for _, a := range req.GetActions() {
		f.Actions = append(f.Actions, model.AuditAction(a))
	}
	return f, nil
}

func auditToProto(r *auditchain.Row) *api.WshExportAudit {
	return &api.WshExportAudit{
		AuditId: r.ID, At: timeText(r.At), Action: api.WshExportAuditAction(r.Action), Kind: api.WshExportAuditKind(r.Kind),
		ObjectId: r.ObjectID, OperatorId: r.OperatorID, ByOperator: r.ByOperator, Token: r.Token, Peer: r.Peer,
		RequestId: r.RequestID, Via: r.Via, Detail: r.Detail, PrevHash: r.Prev.String(),
	}
}

// linkText returns a link as ID:HASH, empty for the zero link.
func linkText(l auditchain.Link) string {
	if l.ID == 0 {
		return ""
	}
	return l.String()
}
