package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"exporttask/api"
	"exporttask/client"
	"exporttask/internal/model/auditchain"
)

// verifyPage is the number of rows that are read at once, the most that the service
// gives.
const verifyPage = 5000

// auditPage is a page of the audit log, or the error that ended the reading.
type auditPage struct {
	res *api.WshExportTaskListAuditRes
	err error
}

// verifyAudit reads the whole chain and verifies it. expected are further rows that
// must be there.
func verifyAudit(ctx context.Context, c *client.Client, expected []auditchain.Link) (auditchain.Result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pages := make(chan auditPage, 1) // one page is read while another is verified
	go readAudit(ctx, c, pages)
	var v *auditchain.Verifier
	for p := range pages {
		if p.err != nil {
			return auditchain.Result{}, p.err
		}
		chain, err := parseLinks([]string{p.res.GetChain().GetAnchor(), p.res.GetChain().GetHead()})
		if err != nil {
			return auditchain.Result{}, fmt.Errorf("the service's reply: chain: %w", err)
		}
		anchor, head := chain[0], chain[1]
		if v == nil {
			v = auditchain.NewVerifier(anchor, append(expected, nonZero(head)...)...)
		}
		for _, m := range p.res.GetData() {
			r, err := auditRow(m)
			if err != nil {
				return auditchain.Result{}, fmt.Errorf("the service's reply: row %d: %w", m.GetAuditId(), err)
			}
			if r.ID > anchor.ID && v.Last().ID < anchor.ID {
				v.SkipTo(anchor) // rows were removed since the first page
			}
			v.Add(&r)
		}
	}
	return v.Done(), nil
}

// readAudit sends all pages, and closes the channel.
func readAudit(ctx context.Context, c *client.Client, pages chan<- auditPage) {
	defer close(pages)
	req := &api.WshExportTaskListAuditReq{OldestFirst: true, PageSize: verifyPage}
	for more := true; more; {
		res, err := c.API().ListAudit(ctx, req)
		err = client.Check(res, err)
		if err == nil && res.GetChain() == nil {
			err = errors.New("the chain spans all operators: a verification needs a token with the scope admin")
		}
		select {
		case pages <- auditPage{res, err}:
		case <-ctx.Done():
			return
		}
		req.PageToken = res.GetNextPageToken()
		more = err == nil && req.GetPageToken() != ""
	}
}

// auditRow converts a row.
func auditRow(m *api.WshExportAudit) (r auditchain.Row, err error) {
	r = auditchain.Row{
		ID: m.GetAuditId(), Action: int32(m.GetAction()), Kind: int32(m.GetKind()), ObjectID: m.GetObjectId(),
		OperatorID: m.GetOperatorId(), ByOperator: m.GetByOperator(), Token: m.GetToken(), Peer: m.GetPeer(),
		RequestID: m.GetRequestId(), Via: m.GetVia(), Detail: m.GetDetail(),
	}
	if r.At, err = time.Parse(time.RFC3339Nano, m.GetAt()); err != nil {
		return r, err
	}
	r.Prev, err = auditchain.ParseHash(m.GetPrevHash())
	return r, err
}

// parseLinks parses links ID:HASH. An empty text is the zero link.
func parseLinks(texts []string) ([]auditchain.Link, error) {
	links := make([]auditchain.Link, len(texts))
	for i, text := range texts {
		if text == "" {
			continue
		}
		var err error
		if links[i], err = auditchain.ParseLink(text); err != nil {
			return nil, err
		}
	}
	return links, nil
}

func nonZero(l auditchain.Link) []auditchain.Link {
	if l.ID == 0 {
		return nil
	}
	return []auditchain.Link{l}
}
