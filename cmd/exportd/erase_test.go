package main

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"exporttask/api"
	"exporttask/internal/testkit"
)

// TestServe_erase_downloads has downloads in progress while the instance is erased.
func TestServe_erase_downloads(t *testing.T) {
	t.Parallel()
	s := newNotifySite(t)
	s.exec(t, `CREATE TABLE src (n VARCHAR(1000))`)
	s.exec(t, `INSERT INTO src SELECT REPEAT('x', 1000) FROM seq_1_to_40000`)
	inst := s.export(t, s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT n FROM src"}))

	stream, err := s.client.DownloadInst(t.Context(), &api.WshExportTaskDownloadInstReq{EinstId: inst.GetEinstId()})
	if err != nil {
		t.Fatal(err)
	}
	if res, err := stream.Recv(); err != nil || res.GetErrCode() != "" {
		t.Fatal(res.GetErrMsg(), err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.http+"/v1/inst/1/file", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	erased, err := s.client.DeleteInst(t.Context(), &api.WshExportTaskDeleteInstReq{EinstId: inst.GetEinstId(), Reason: "ticket 5"})
	if err != nil || erased.GetData().GetState() != api.WshExportInstState_STATE_EXPIRED {
		t.Fatal(erased, err)
	}
	// Both clients are slow: what is on its way arrives, and then no more. The
	// service looks at the state every 2 s.
	at := time.Now()
	testkit.Eventually(t, "the service looks at the state again", func() bool { return time.Since(at) > 3*time.Second })
	var streamErr, bodyErr error
	testkit.Eventually(t, "the download over gRPC has ended", func() bool {
		_, streamErr = stream.Recv()
		return streamErr != nil
	})
	if errors.Is(streamErr, io.EOF) {
		t.Error("the download over gRPC was complete")
	}
	buffer := make([]byte, 256<<10)
	testkit.Eventually(t, "the download over HTTP has ended", func() bool {
		_, bodyErr = io.ReadFull(answer.Body, buffer)
		return bodyErr != nil
	})
	if !errors.Is(bodyErr, io.ErrUnexpectedEOF) {
		t.Errorf("the download over HTTP ended with %v, want one that is cut off", bodyErr)
	}
}
