package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"

	"exporttask/api"
)

// downloadTimeout bounds the wait for one export and its download.
const downloadTimeout = 10 * time.Minute

// formats returns the formats of the sample shop's exports.
func formats() []api.WshExportFormat {
	return []api.WshExportFormat{api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_XLS, api.WshExportFormat_FMT_XLSX}
}

// exportFirst creates the sample's template, unless an earlier start did, runs
// it, downloads the files and checks them.
func (st *stack) exportFirst(ctx context.Context, conn *grpc.ClientConn, out *console) error {
	s := st.sample
	if s == nil {
		out.say("The database has no tables yet, so there is nothing to export.")
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, downloadTimeout)
	defer stop()
	client := api.NewExportTaskClient(conn)
	req := &api.WshExportTaskCreateTplReq{
		EtplName: s.name, EtplTag: "sample", EtplSource: s.source, EtplExpr: s.sql,
		// The same id at each start returns the template of the first start.
		RequestId: "devstack-2-" + s.source + "-" + s.name,
	}
	if s.from != "" {
		req.EtplParams = []*api.WshExportParamDecl{{Name: "from", Type: api.WshExportParamType_PARAM_DATETIME}}
	}
	tpl, err := client.CreateTpl(ctx, req)
	if err := checkReply("CreateTpl", tpl, err); err != nil {
		return err
	}
	downloads := filepath.Join(st.dir, "downloads")
	if err := os.MkdirAll(downloads, 0o750); err != nil {
		return err
	}
	if s.skip {
		return nil
	}
	for _, format := range formats()[:s.formats] {
		kind := strings.TrimPrefix(format.String(), "FMT_")
		err := out.step("Exporting "+s.name+" as "+kind, func() (string, error) {
			inst, err := runTpl(ctx, client, tpl.GetData().GetEtplId(), format, s.from)
			if err != nil {
				return "", err
			}
			path, err := download(ctx, client, inst, downloads)
			if err != nil {
				return "", err
			}
			st.files = append(st.files, path)
			if err := st.check(ctx, inst, path); err != nil {
				return "", fmt.Errorf("%s: %w", path, err)
			}
			return fmt.Sprintf("Exported %d rows of %s as %s: %s", inst.GetRowsDone(), s.name, kind, relative(path)), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// relative returns a path as seen from the current directory, where that is
// shorter.
func relative(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

// reply is what every response message has.
type reply interface {
	GetErrCode() string
	GetErrMsg() string
}

// checkReply returns the error of a call: its status, or the errCode of its reply.
func checkReply(rpc string, res reply, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", rpc, err)
	}
	if res.GetErrCode() != "" {
		return fmt.Errorf("%s: errCode %s: %s", rpc, res.GetErrCode(), res.GetErrMsg())
	}
	return nil
}

// runTpl creates an instance of a template and returns it when it has succeeded.
func runTpl(ctx context.Context, client api.ExportTaskClient, tpl int32, format api.WshExportFormat, from string) (*api.WshExportInst, error) {
	req := &api.WshExportTaskCreateInstReq{EtplId: tpl, EtplOutputFormat: format}
	if from != "" {
		req.Params = []*api.WshExportParam{{Name: "from", Value: from}}
	}
	made, err := client.CreateInst(ctx, req)
	if err := checkReply("CreateInst", made, err); err != nil {
		return nil, err
	}
	id := made.GetData().GetEinstId()
	stream, err := client.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		return nil, fmt.Errorf("WatchInst: %w", err)
	}
	var last *api.WshExportInst
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := checkReply("WatchInst", res, err); err != nil {
			return nil, err
		}
		last = res.GetData()
	}
	if last.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		return nil, fmt.Errorf("export %d: %s: errCode %s: %s", id, last.GetState(), last.GetErrCode(), last.GetErrMsg())
	}
	return last, nil
}

// download fetches an instance's file with DownloadInst into the folder dir and
// returns the file's path.
func download(ctx context.Context, client api.ExportTaskClient, inst *api.WshExportInst, dir string) (_ string, err error) {
	stream, err := client.DownloadInst(ctx, &api.WshExportTaskDownloadInstReq{EinstId: inst.GetEinstId()})
	if err != nil {
		return "", fmt.Errorf("DownloadInst: %w", err)
	}
	stored := inst.GetFiles()[0]
	path := filepath.Join(dir, filepath.Base(stored.GetName()))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // a base name in devstack's own folder
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := checkReply("DownloadInst", res, err); err != nil {
			return "", err
		}
		if _, err := io.MultiWriter(file, sum).Write(res.GetData().GetContent()); err != nil {
			return "", err
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != stored.GetSha256() {
		return "", fmt.Errorf("DownloadInst: %s has SHA-256 %s, want %s", path, got, stored.GetSha256())
	}
	return path, nil
}
