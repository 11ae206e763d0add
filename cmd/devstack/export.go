package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"exporttask/api"
)

// shopQuery is the sample template's SQL.
const shopQuery = "SELECT order_id, order_no, customer, phone, amount, discount, status, created_at, remark FROM orders WHERE created_at >= :from ORDER BY order_id"

// shopFrom is the parameter's value: the whole shop.
const shopFrom = "2026-01-01 00:00:00"

// exportShop makes the sample template, unless an earlier start did, exports
// it in every format, downloads the files and checks them. It returns their
// paths.
func exportShop(ctx context.Context, conn *grpc.ClientConn, st *stack, out io.Writer) ([]string, error) {
	client := api.NewExportTaskClient(conn)
	source := "shop"
	if st.maria == nil {
		source = "default"
	}
	tpl, err := client.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{
		EtplName: "订单 orders", EtplTag: "sample", EtplSource: source, EtplExpr: shopQuery,
		EtplParams: []*api.WshExportParamDecl{{Name: "from", Type: api.WshExportParamType_PARAM_DATETIME}},
		// The same id at each start: the template of the first one is found again.
		RequestId: "devstack-orders-" + source,
	})
	if err := answered("CreateTpl", tpl, err); err != nil {
		return nil, err
	}
	downloads := filepath.Join(st.dir, "downloads")
	if err := os.MkdirAll(downloads, 0o750); err != nil {
		return nil, err
	}
	var paths []string
	for _, format := range []api.WshExportFormat{api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX} {
		made, err := client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{
			EtplId: tpl.GetData().GetEtplId(), EtplOutputFormat: format,
			Params: []*api.WshExportParam{{Name: "from", Value: shopFrom}},
		})
		if err := answered("CreateInst", made, err); err != nil {
			return nil, err
		}
		inst, err := watch(ctx, client, made.GetData().GetEinstId(), out)
		if err != nil {
			return nil, err
		}
		path, err := download(ctx, client, inst, downloads)
		if err != nil {
			return nil, err
		}
		if err := st.check(ctx, inst, path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// envelope is what every reply carries.
type envelope interface {
	GetErrCode() string
	GetErrMsg() string
}

func answered(rpc string, res envelope, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", rpc, err)
	}
	if res.GetErrCode() != "" {
		return fmt.Errorf("%s: errCode %s: %s", rpc, res.GetErrCode(), res.GetErrMsg())
	}
	return nil
}

// watch shows an instance's progress until its end.
func watch(ctx context.Context, client api.ExportTaskClient, id int64, out io.Writer) (*api.WshExportInst, error) {
	stream, err := client.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		return nil, fmt.Errorf("WatchInst: %w", err)
	}
	began := time.Now()
	var last *api.WshExportInst
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := answered("WatchInst", res, err); err != nil {
			return nil, err
		}
		last = res.GetData()
		if last.GetState() == api.WshExportInstState_STATE_RUNNING {
			fmt.Fprintf(out, "  export %d: %d rows, %.1f MB\n", id, last.GetRowsDone(), float64(last.GetBytesDone())/1e6)
		}
	}
	if last.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		return nil, fmt.Errorf("export %d: %s: errCode %s: %s", id, last.GetState(), last.GetErrCode(), last.GetErrMsg())
	}
	fmt.Fprintf(out, "Exported %d rows as %s in %.1f s.\n", last.GetRowsDone(), last.GetEtplOutputFormat(), time.Since(began).Seconds())
	return last, nil
}

// download fetches an instance's file through DownloadInst and checks its sum.
func download(ctx context.Context, client api.ExportTaskClient, inst *api.WshExportInst, dir string) (string, error) {
	file := inst.GetFiles()[0]
	stream, err := client.DownloadInst(ctx, &api.WshExportTaskDownloadInstReq{EinstId: inst.GetEinstId()})
	if err != nil {
		return "", fmt.Errorf("DownloadInst: %w", err)
	}
	var content bytes.Buffer
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := answered("DownloadInst", res, err); err != nil {
			return "", err
		}
		content.Write(res.GetData().GetContent())
	}
	if sum := sha256.Sum256(content.Bytes()); hex.EncodeToString(sum[:]) != file.GetSha256() {
		return "", fmt.Errorf("DownloadInst: %d bytes with SHA-256 %x, want %d with %s", content.Len(), sum, file.GetBytes(), file.GetSha256())
	}
	path := filepath.Join(dir, filepath.Base(file.GetName()))
	return path, os.WriteFile(path, content.Bytes(), 0o600)
}

// tryNext are commands that work as they stand while devstack serves: with
// grpcurl, with curl, and with Go.
func (st *stack) tryNext() []string {
	return []string{
		".cache/bin/grpcurl -plaintext " + st.grpcAddr + " list exporttask.ExportTask",
		"curl -s http://" + st.httpAddr + "/v1/tpl",
		"go run ./clients/go -addr " + st.grpcAddr,
	}
}
