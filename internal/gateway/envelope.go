package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"exporttask/internal/model"
)

// Everything that the port answers wrong requests with has one shape, the
// envelope's: {"errCode": "3", "errMsg": "..."}, with the HTTP status that goes
// with the code.

// httpStatus is the HTTP status of a canonical code.
func httpStatus(c codes.Code) int {
	switch c {
	case codes.OK:
		return http.StatusOK
	case codes.InvalidArgument, codes.OutOfRange:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.NotFound:
		return http.StatusNotFound
	case codes.FailedPrecondition, codes.Aborted, codes.AlreadyExists:
		return http.StatusConflict
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Canceled:
		return 499 // the client went away; nobody reads it
	case codes.Unimplemented:
		return http.StatusNotImplemented
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	case codes.DeadlineExceeded:
		return http.StatusGatewayTimeout
	case codes.Unknown, codes.Internal, codes.DataLoss:
	}
	return http.StatusInternalServerError
}

// codec writes the proto's names and every field, and refuses unknown ones.
func jsonCodec() runtime.Marshaler {
	return &runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
	}
}

// envelope is what every reply of the service begins with.
type envelope interface {
	GetErrCode() string
	GetErrMsg() string
}

// envelopeStatus gives a reply whose envelope holds an error its HTTP status.
func envelopeStatus(_ context.Context, w http.ResponseWriter, res proto.Message) error {
	if code, ok := failed(res); ok {
		w.WriteHeader(httpStatus(code))
	}
	return nil
}

// failed is the code of a reply whose envelope holds an error.
func failed(res any) (codes.Code, bool) {
	e, ok := res.(envelope)
	if !ok || e.GetErrCode() == "" {
		return codes.OK, false
	}
	n, err := strconv.ParseUint(e.GetErrCode(), 10, 8)
	if err != nil {
		return codes.Unknown, true
	}
	return codes.Code(n), true
}

// writeError answers with what went wrong.
func writeError(w http.ResponseWriter, err error) {
	var mine *model.Error
	var httpErr *runtime.HTTPStatusError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeStatus(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a body of more than %d bytes", tooLarge.Limit))
	case errors.As(err, &httpErr):
		writeStatus(w, httpErr.HTTPStatus, status.Convert(httpErr.Err).Message())
	case errors.As(err, &mine):
		code := codeOf(mine.Kind)
		write(w, httpStatus(code), code, mine.Text)
	default:
		st := status.Convert(err)
		write(w, httpStatus(st.Code()), st.Code(), st.Message())
	}
}

func codeOf(k model.ErrorKind) codes.Code {
	switch k {
	case model.Invalid:
		return codes.InvalidArgument
	case model.NotFound:
		return codes.NotFound
	case model.Quota:
		return codes.ResourceExhausted
	case model.WrongState:
		return codes.FailedPrecondition
	case model.Conflict:
		return codes.Aborted
	}
	return codes.Internal
}

// codeOfStatus is the canonical code for what HTTP itself refuses.
var codeOfStatus = map[int]codes.Code{
	http.StatusBadRequest: codes.InvalidArgument, http.StatusForbidden: codes.PermissionDenied, http.StatusNotFound: codes.NotFound,
	http.StatusMethodNotAllowed: codes.Unimplemented, http.StatusGone: codes.NotFound,
	http.StatusRequestEntityTooLarge: codes.InvalidArgument, http.StatusUnsupportedMediaType: codes.InvalidArgument,
}

// writeStatus answers with an HTTP status of our own.
func writeStatus(w http.ResponseWriter, httpStatus int, text string) {
	write(w, httpStatus, cmp.Or(codeOfStatus[httpStatus], codes.Unknown), text)
}

func write(w http.ResponseWriter, httpStatus int, code codes.Code, text string) {
	h := w.Header()
	switch httpStatus {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="exportd"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(httpStatus)
	body, err := json.Marshal(struct {
		ErrCode string `json:"errCode"`
		ErrMsg  string `json:"errMsg"`
	}{strconv.Itoa(int(code)), text})
	if err == nil {
		_, _ = w.Write(append(body, '\n')) // the client went away
	}
}

func routingText(r *http.Request, httpStatus int) string {
	switch httpStatus {
	case http.StatusNotFound:
		return fmt.Sprintf("no such route: %s %q; /openapi.json lists them", r.Method, r.URL.Path)
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fmt.Sprintf("%s is not a method of %q", r.Method, r.URL.Path)
	}
	return http.StatusText(httpStatus)
}
