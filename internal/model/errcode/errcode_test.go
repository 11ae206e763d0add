package errcode

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/model"
)

func TestOfKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[model.ErrorKind]codes.Code{
		model.Invalid: codes.InvalidArgument, model.NotFound: codes.NotFound, model.Quota: codes.ResourceExhausted,
		model.WrongState: codes.FailedPrecondition, model.Conflict: codes.Aborted,
		99: codes.Internal, 0: codes.Internal,
	} {
		if got := OfKind(kind); got != want {
			t.Errorf("kind %d: got %s, want %s", kind, got, want)
		}
	}
}

func TestHTTPStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]int{
		0: 200, 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 409, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401, 17: 500,
	} {
		if got := HTTPStatus(code); got != want {
			t.Errorf("code %d: got %d, want %d", code, got, want)
		}
	}
	for _, code := range []codes.Code{3, 5, 7, 8, 14, 16} { // codes that both directions share
		if got := OfHTTPStatus(HTTPStatus(code)); got != code {
			t.Errorf("code %d: comes back as %d", code, got)
		}
	}
}

func TestOfCall(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply any
		err   error
		want  codes.Code
	}{
		"success":                {&api.WshExportTaskGetInstRes{}, nil, codes.OK},
		"envelope":               {&api.WshExportTaskGetInstRes{ErrCode: "5"}, nil, codes.NotFound},
		"envelope_with_text":     {&api.WshExportTaskGetInstRes{ErrCode: "x"}, nil, codes.Unknown},
		"envelope_out_of_range":  {&api.WshExportTaskGetInstRes{ErrCode: "77"}, nil, codes.Unknown},
		"no_envelope":            {nil, nil, codes.OK},
		"status":                 {nil, status.Error(codes.Unavailable, ""), codes.Unavailable},
		"status_of_an_odd_range": {nil, status.Error(4711, ""), codes.Unknown},
		"error":                  {nil, errors.New("x"), codes.Unknown},
	} {
		if got := OfCall(c.reply, c.err); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
