package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"exporttask/internal/model"
	"exporttask/internal/model/errcode"
)

// Every error reply has the form of the envelope, {"errCode": "3", "errMsg":
// "..."}, and the HTTP status of its code.

// jsonCodec returns the JSON form of messages: field names as in the proto file,
// all fields present. Unknown fields in requests are errors.
func jsonCodec() runtime.Marshaler {
	return &runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
	}
}

// setEnvelopeStatus sets the HTTP status of a reply whose envelope has an error.
func setEnvelopeStatus(_ context.Context, w http.ResponseWriter, res proto.Message) error {
	if code, failed := errcode.OfReply(res); failed {
		setErrorHeaders(w.Header(), errcode.HTTPStatus(code))
		w.WriteHeader(errcode.HTTPStatus(code))
	}
	return nil
}

// writeError answers a request with an error of the gateway or of the service.
func writeError(w http.ResponseWriter, err error) {
	var modelErr *model.Error
	var httpErr *runtime.HTTPStatusError
	switch {
	case errors.As(err, &httpErr):
		writeStatus(w, httpErr.HTTPStatus, status.Convert(httpErr.Err).Message())
	case errors.As(err, &modelErr):
		writeCode(w, errcode.OfKind(modelErr.Kind), modelErr.Text)
	default:
		st := status.Convert(err)
		writeCode(w, st.Code(), st.Message())
	}
}

// writeCode answers with a code and the HTTP status of the code.
func writeCode(w http.ResponseWriter, code codes.Code, text string) {
	write(w, errcode.HTTPStatus(code), code, text)
}

// writeStatus answers with an HTTP status and the code of the status.
func writeStatus(w http.ResponseWriter, httpStatus int, text string) {
	write(w, httpStatus, errcode.OfHTTPStatus(httpStatus), text)
}

func write(w http.ResponseWriter, httpStatus int, code codes.Code, text string) {
	h := w.Header()
	setErrorHeaders(h, httpStatus)
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(httpStatus)
	body, err := json.Marshal(struct {
		ErrCode string `json:"errCode"`
		ErrMsg  string `json:"errMsg"`
	}{errcode.String(code), text})
	if err == nil {
		_, _ = w.Write(append(body, '\n')) // an error means that the client disconnected
	}
}

// setErrorHeaders sets the headers that an HTTP status requires.
func setErrorHeaders(h http.Header, httpStatus int) {
	switch httpStatus {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="exportd"`)
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	}
}
