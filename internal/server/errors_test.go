package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/model"
)

// answer runs a handler behind the interceptor.
func answer(t *testing.T, handler grpc.UnaryHandler) (res any, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	info := &grpc.UnaryServerInfo{FullMethod: "/exporttask.ExportTask/GetInst"}
	res, err = UnaryErrors(slog.New(slog.NewTextHandler(&out, nil)))(t.Context(), &api.WshExportTaskGetInstReq{}, info, handler)
	return res, out.String(), err
}

func TestUnaryErrors_envelope(t *testing.T) {
	t.Parallel()
	for kind, code := range map[model.ErrorKind]string{
		model.Invalid: "3", model.NotFound: "5", model.Quota: "8", model.WrongState: "9", model.Conflict: "10",
	} {
		res, log, err := answer(t, func(context.Context, any) (any, error) {
			return nil, fmt.Errorf("wrapped: %w", model.Errorf(kind, "field: %d, want 1", 0))
		})
		reply, ok := res.(*api.WshExportTaskGetInstRes)
		if err != nil || !ok || reply.GetErrCode() != code || reply.GetErrMsg() != "field: 0, want 1" || reply.GetData() != nil {
			t.Errorf("%v: got %v, %v, want errCode %s", kind, res, err, code)
		}
		if log != "" {
			t.Errorf("%v: logged %s", kind, log)
		}
	}
}

func TestUnaryErrors_status(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		code codes.Code
	}{
		"a bug":               {errors.New("secret cause"), codes.Internal},
		"a lost connection":   {fmt.Errorf("read instance: secret cause: %w", mysql.ErrInvalidConn), codes.Unavailable},
		"too many of them":    {&mysql.MySQLError{Number: 1040, Message: "secret cause"}, codes.Unavailable},
		"a passed deadline":   {fmt.Errorf("secret cause: %w", context.DeadlineExceeded), codes.DeadlineExceeded},
		"a status of its own": {status.Error(codes.Unavailable, "watch on at another"), codes.Unavailable},
	} {
		res, log, err := answer(t, func(context.Context, any) (any, error) { return nil, tc.err })
		if res != nil || status.Code(err) != tc.code {
			t.Errorf("%s: got %v, %v, want %s", name, res, err, tc.code)
		}
		if strings.Contains(err.Error(), "secret cause") {
			t.Errorf("%s: the client is told %v", name, err)
		}
		if strings.Contains(tc.err.Error(), "secret cause") && !strings.Contains(log, "secret cause") {
			t.Errorf("%s: the log does not tell the cause: %s", name, log)
		}
	}
}
