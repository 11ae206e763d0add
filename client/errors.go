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

// ErrChecksum means that a download is not the file that the export made. What
// was written is of no use.
var ErrChecksum = errors.New("the download's SHA-256 is not the file's")

// Error is what the caller did or asked wrong, from a reply's envelope. Msg names
// the field, what came and what is allowed.
type Error struct {
	Code codes.Code
	Msg  string
}

func (e *Error) Error() string { return e.Code.String() + ": " + e.Msg }

// GRPCStatus lets status.Code tell the code.
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

// StateName is a state as people write it: FAILED for STATE_FAILED.
func StateName(s api.WshExportInstState) string { return strings.TrimPrefix(s.String(), "STATE_") }

// Envelope is what every reply carries.
type Envelope interface {
	GetErrCode() string
	GetErrMsg() string
}

// Check is the error of a call of the generated client: the call's own, or an
// *Error from the reply's envelope.
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
