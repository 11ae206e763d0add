package source

import (
	"context"
	"errors"

	"exporttask/internal/format/row"
)

// Action is what a caller does about an error of a data source.
type Action uint8

const (
	// Final means that the same query fails again.
	Final Action = iota
	// Retry means that another attempt may succeed after a short back-off.
	Retry
	// Wait means that the data source is unreachable, restarting, failing over or
	// out of connections: the caller waits until the source is back, without
	// counting an attempt.
	Wait
)

func (a Action) String() string { return [...]string{"final", "retry", "wait"}[a] }

// Owner is who can remove the cause of an error.
type Owner uint8

const (
	// Author is the author of the template or the caller who gave its parameters:
	// the statement or a value is wrong.
	Author Owner = iota
	// Administrator is the administrator of exportd or of the database account: the DSN,
	// the account, its privileges to log in, TLS, or an option of the data source
	// is wrong. It is never the statement.
	Administrator
	// Server is the database server, the proxy or the network in front of it.
	Server
	// Caller is the caller that canceled the query.
	Caller
)

func (o Owner) String() string { return [...]string{"author", "administrator", "server", "caller"}[o] }

// Verdict is the classification of an error.
type Verdict struct {
	Action Action
	Owner  Owner
}

// Classify returns what to do about an error of this package and who can remove
// its cause. The numbers of server errors are those of ServerErrors. Classify(nil)
// is the zero Verdict.
func Classify(err error) Verdict {
	var (
		limit    *LimitError
		server   *ServerError
		login    *LoginError
		busy     *BusyError
		lag      *LagError
		config   *ConfigError
		lost     *LostError
		damage   *DamageError
		protocol *ProtocolError
	)
	switch {
	case err == nil:
		return Verdict{}
	case errors.As(err, &limit), errors.As(err, &damage):
		return Verdict{Final, Author} // also if the connection was lost afterwards
	case errors.As(err, &busy), errors.As(err, &lag):
		return Verdict{Wait, Server}
	case errors.As(err, &server):
		v := classifyServer(server)
		if v.Owner == Author && errors.As(err, &login) {
			v.Owner = Administrator // the statement was not sent yet
		}
		return v
	case errors.As(err, &config):
		return Verdict{Final, Administrator}
	case errors.As(err, &lost):
		return Verdict{Wait, Server}
	case errors.As(err, &protocol) && errors.As(err, &login):
		return Verdict{Final, Administrator} // no server that this program can use
	case errors.As(err, &protocol), errors.Is(err, row.ErrBroken):
		return Verdict{Retry, Server}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errClosed):
		return Verdict{Final, Caller}
	case errors.As(err, &login):
		return Verdict{Final, Administrator}
	}
	return Verdict{Final, Author} // the statement returns no result, a value cannot be bound
}

// Transient reports whether the same query may succeed later: its Action is Retry
// or Wait.
func Transient(err error) bool { return Classify(err).Action != Final }

// Outage reports whether the data source itself is unavailable: its Action is
// Wait. A worker keeps such an instance waiting, for as long as an outage may
// last, and does not count the attempt.
func Outage(err error) bool { return Classify(err).Action == Wait }

// Misconfigured reports whether the administrator of exportd has to change the data
// source's configuration or account before any statement can run.
func Misconfigured(err error) bool {
	v := Classify(err)
	return v.Action == Final && v.Owner == Administrator
}
