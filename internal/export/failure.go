package export

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"google.golang.org/grpc/codes"

	"exporttask/internal/format"
	"exporttask/internal/memory"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/store"
	"exporttask/internal/worker"
)

func errCode(c codes.Code) string { return strconv.Itoa(int(c)) }

// classify returns how an attempt's error is shown and whether the instance is
// retried. An outage of the data source before the statement was sent does not
// count as an attempt.
func classify(err error) model.Failure {
	fail := func(c codes.Code, retry bool, msg string) model.Failure {
		return model.Failure{State: model.StateFailed, Code: errCode(c), Msg: msg, Retry: retry}
	}
	var (
		mine     *model.Error
		server   *source.ServerError
		limit    *source.LimitError
		damage   *source.DamageError
		lost     *source.LostError
		crashed  *worker.PanicError
		noMemory *memory.ExceededError
		value    *format.ValueError
	)
	switch {
	case errors.As(err, &noMemory):
		f := fail(codes.ResourceExhausted, noMemory.Waited > 0, noMemory.Error())
		f.Uncounted = f.Retry
		return f
	case errors.As(err, &limit) && errors.Is(err, source.ErrStatementTimeout):
		return model.Failure{State: model.StateTimedOut, Code: errCode(codes.DeadlineExceeded), Msg: limit.Error()}
	case errors.As(err, &limit):
		return fail(codes.ResourceExhausted, false, limit.Error())
	case errors.As(err, &damage):
		return fail(codes.DataLoss, false, damage.Error())
	case source.Transient(err):
		f := fail(codes.Unavailable, true, "data source: "+err.Error())
		f.Uncounted = unreachable(err)
		return f
	case source.Misconfigured(err):
		return fail(codes.FailedPrecondition, false, "data source: "+err.Error())
	case errors.As(err, &server):
		return fail(codes.InvalidArgument, false, "data source: "+server.Error())
	case errors.As(err, &mine) && mine.Kind == model.WrongState:
		return fail(codes.FailedPrecondition, false, mine.Error())
	case errors.As(err, &mine):
		return fail(codes.InvalidArgument, false, mine.Error())
	case errors.As(err, &value):
		return fail(codes.FailedPrecondition, false, value.Error())
	case errors.As(err, &lost):
		return fail(codes.Unavailable, false, "data source: "+lost.Error())
	case storeCause(err) != "" && errors.Is(err, syscall.ENOSPC):
		return fail(codes.ResourceExhausted, true, "store: "+storeCause(err))
	case storeCause(err) != "":
		return fail(codes.Unavailable, true, "store: "+storeCause(err))
	case model.Refused(err):
		return fail(codes.Internal, true, "the service's database refused the result; the cause is in the worker's log")
	case errors.As(err, &crashed):
		return fail(codes.Internal, true, "internal error; the cause is in the worker's log")
	}
	return fail(codes.Internal, true, err.Error())
}

// unreachable reports whether a data source could not be used before the
// statement was sent. A connection that is lost later counts as an attempt, since
// the statement itself may be the reason.
func unreachable(err error) bool {
	var login *source.LoginError
	var busy *source.BusyError
	return source.Outage(err) && (errors.As(err, &login) || errors.As(err, &busy))
}

// storeCause returns what the file system or the object store failed to do and
// why, or "" if the error is of neither. The text holds no path, since clients see
// it.
func storeCause(err error) string {
	var remote *store.RemoteError
	var path *fs.PathError
	var link *os.LinkError
	var call *os.SyscallError
	switch {
	case errors.As(err, &remote):
		return remote.Error()
	case errors.As(err, &path):
		return path.Op + ": " + path.Err.Error()
	case errors.As(err, &link):
		return link.Op + ": " + link.Err.Error()
	case errors.As(err, &call):
		return call.Syscall + ": " + call.Err.Error()
	}
	return ""
}
