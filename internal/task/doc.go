// Package task holds the use cases of the service: create and check a template,
// preview it, create, retry and cancel an instance, create a schedule and start
// its runs, open a file, try a delivery again.
//
// The RPC server (internal/server), the scheduler (internal/schedule), the
// gateway and the workers call it; it calls none of them. A use case is given
// plain values, reads and changes rows through internal/model, checks SQL with
// internal/sqlcheck and asks data sources through the Sources interface. It
// parses a statement once.
//
// What the caller did wrong is returned as a *model.Error whose text begins with
// the field of the request. A data source that cannot be reached is an
// *UnavailableError. Every other error is the service's own.
//
// The package also turns what a template or an instance says into what runs:
// statement with values (Bind), output columns (Columns, Drift), file options and
// file names. Those functions read nothing but their arguments; export and
// delivery workers call them as well, so that what was checked is what runs.
package task
