// Program go exports a query with the generated Go client: it creates a template,
// runs it, waits for the end, and writes the file to standard output.
//
//	go run ./clients/go -addr 127.0.0.1:50051 -sql 'select EtplName from welife_export_tpl'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"exporttask/api"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:50051", "`HOST:PORT` of exportd")
	query := flag.String("sql", "select EtplName from welife_export_tpl", "the `query` to export")
	source := flag.String("source", "default", "`name` of the data source")
	flag.Parse()
	if err := export(context.Background(), *addr, *source, *query, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}

func export(ctx context.Context, addr, source, query string, out io.Writer) error {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := api.NewExportTaskClient(conn)

	tpl, err := client.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{EtplName: "goclient", EtplSource: source, EtplExpr: query})
	if err := failed(tpl, err); err != nil {
		return err
	}
	inst, err := client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId()})
	if err := failed(inst, err); err != nil {
		return err
	}
	id := inst.GetData().GetEinstId()
	changes, err := client.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		return err
	}
	for { // the stream ends with the instance
		now, err := changes.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err := failed(now, err); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, now.GetData().GetState(), now.GetData().GetRowsDone(), now.GetData().GetErrMsg())
	}
	chunks, err := client.DownloadInst(ctx, &api.WshExportTaskDownloadInstReq{EinstId: id})
	if err != nil {
		return err
	}
	for {
		chunk, err := chunks.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err := failed(chunk, err); err != nil {
			return err
		}
		if _, err := out.Write(chunk.GetData().GetContent()); err != nil {
			return err
		}
	}
}

// envelope is what every reply carries.
type envelope interface {
	GetErrCode() string
	GetErrMsg() string
}

// failed is the error of a reply: that of the call, or that in its envelope.
func failed(res envelope, err error) error {
	if err == nil && res.GetErrCode() != "" {
		err = fmt.Errorf("errCode %s: %s", res.GetErrCode(), res.GetErrMsg())
	}
	return err
}
