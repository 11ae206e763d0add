package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"exporttask/api"
)

// wide is a statement of a file of some 20 MB.
const wide = "SELECT a.id, REPEAT(a.note, 40) AS v FROM items a LIMIT 8000"

func unreadDownloads(ctx context.Context, a *attacker) error {
	id, err := a.finished(ctx, wide)
	if err != nil {
		return err
	}
	for range 500 { // whose content is never read
		if _, err := a.api.DownloadInst(a.site.as(ctx, "mallory"), &api.WshExportTaskDownloadInstReq{EinstId: id, ChunkSize: 1 << 20}); err != nil {
			return err
		}
	}
	select {
	case <-time.After(3 * time.Second):
	case <-ctx.Done():
	}
	return nil
}

func tinyChunks(ctx context.Context, a *attacker) error {
	id, err := a.finished(ctx, "SELECT id FROM items LIMIT 2000")
	if err != nil {
		return err
	}
	return flood(ctx, 8, func(int) error {
		stream, err := a.api.DownloadInst(a.site.as(ctx, "mallory"), &api.WshExportTaskDownloadInstReq{EinstId: id, ChunkSize: 1})
		for err == nil {
			_, err = stream.Recv()
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return nil
	})
}

func manyRanges(ctx context.Context, a *attacker) error {
	id, err := a.finished(ctx, wide)
	if err != nil {
		return err
	}
	h := a.bearer()
	h["Range"] = "bytes=" + strings.TrimSuffix(strings.Repeat("0-,", 3000), ",")
	return flood(ctx, 50, func(int) error {
		_, err := a.do(ctx, "GET", fmt.Sprintf("/v1/inst/%d/file", id), nil, h, 200, 206, 416)
		return err
	})
}
