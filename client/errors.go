package client

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
)

// ErrChecksum is returned for a download whose content differs from the exported
// file. The caller must discard it.
var ErrChecksum = errors.New("the download's SHA-256 is not the file's")

// Error is the error of an invalid request, from a reply's envelope. Msg names
// the field, its value and the allowed values.
type Error struct {
	Code codes.Code
	Msg  string
}

func (e *Error) Error() string { return e.Code.String() + ": " + e.Msg }

// GRPCStatus makes status.Code return the error's code.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Msg) }

// FailedError is an instance that ended without a file: FAILED, CANCELED or
// TIMED_OUT.
type FailedError struct{ Inst *api.WshExportInst }

func (e *FailedError) Error() string {
	text := fmt.Sprintf("instance %d %s", e.Inst.GetEinstId(), StateName(e.Inst.GetState()))
	if why := e.Inst.GetErrMsg(); why != "" {
		text += ": " + why
	}
	return text
}

// StateName returns a state without its prefix: FAILED for STATE_FAILED.
func StateName(s api.WshExportInstState) string { return strings.TrimPrefix(s.String(), "STATE_") }

// Envelope is implemented by every reply of the service.
type Envelope interface {
	GetErrCode() string
	GetErrMsg() string
}

// Check returns the error of a call of the generated client: err, or an *Error
// with the error in the reply's envelope.
//
//	res, err := c.API().GetInst(ctx, req)
//	if err := client.Check(res, err); err != nil {
func Check(res Envelope, err error) error {
	if err != nil || res.GetErrCode() == "" {
		return err
	}
	code, parseErr := strconv.ParseUint(res.GetErrCode(), 10, 32)
	if parseErr != nil {
		code = uint64(codes.Unknown)
	}
	return &Error{Code: codes.Code(code), Msg: res.GetErrMsg()}
}
