// Package errcode is the one place that maps errors to codes: the kinds of
// model.Error to canonical gRPC codes, and gRPC codes to HTTP status codes. The
// RPC server, the HTTP gateway, the metrics and the traces use it.
//
// A reply of the service begins with an envelope of errCode and errMsg. errCode
// is a canonical gRPC code as a decimal number (google/rpc/code.proto), and empty
// on success.
package errcode

import (
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/internal/model"
)

// OfKind returns the code of a kind of model error, codes.Internal for a kind
// that is not listed here.
func OfKind(k model.ErrorKind) codes.Code {
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
	case model.Incomplete:
		return codes.DataLoss
	}
	return codes.Internal
}

// String returns a code as the envelope's errCode.
func String(c codes.Code) string { return strconv.Itoa(int(c)) }

// StatusClientClosedRequest is the non-standard HTTP status (from nginx) of a
// request whose client disconnected before the reply.
const StatusClientClosedRequest = 499

// HTTPStatus returns the HTTP status of a code.
func HTTPStatus(c codes.Code) int {
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
		return StatusClientClosedRequest
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

// OfHTTPStatus returns the code of an HTTP status with which the gateway itself
// rejects a request, codes.Unknown for other statuses.
func OfHTTPStatus(httpStatus int) codes.Code {
	switch httpStatus {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return codes.InvalidArgument
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden, http.StatusMisdirectedRequest:
		return codes.PermissionDenied
	case http.StatusNotFound, http.StatusGone:
		return codes.NotFound
	case http.StatusMethodNotAllowed:
		return codes.Unimplemented
	case http.StatusRequestedRangeNotSatisfiable:
		return codes.OutOfRange
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusRequestTimeout:
		return codes.DeadlineExceeded
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	}
	return codes.Unknown
}

// Envelope is implemented by every reply of the service.
type Envelope interface {
	GetErrCode() string
	GetErrMsg() string
}

// OfReply returns the code in a reply's envelope. failed is false for a reply
// without an error, and for a message that is no Envelope.
func OfReply(reply any) (code codes.Code, failed bool) {
	e, ok := reply.(Envelope)
	if !ok || e.GetErrCode() == "" {
		return codes.OK, false
	}
	n, err := strconv.ParseUint(e.GetErrCode(), 10, 8)
	if err != nil || codes.Code(n) > codes.Unauthenticated {
		return codes.Unknown, true
	}
	return codes.Code(n), true
}

// OfCall returns the code of a call that ended with a reply and an error: the
// code of the error's status, or of the reply's envelope.
func OfCall(reply any, err error) codes.Code {
	if err != nil {
		code := status.Code(err)
		if code > codes.Unauthenticated {
			return codes.Unknown
		}
		return code
	}
	code, _ := OfReply(reply)
	return code
}
