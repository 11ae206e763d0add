// Package apply changes the templates and schedules of a server to match files:
// Make computes the differences, and Plan.Do makes the changes. `exportctl apply`
// calls both and shows the differences in between.
//
// A template is identified by its name among those of the operator, a schedule by
// its name among those of its template. Templates and schedules that only the
// server has are kept unless Options.Prune is set. Then schedules that the files do
// not list under their templates are deleted, and templates that have a tag used in
// the files but are not in the files.
//
// Plan.Check has the server validate all changed templates beforehand. Schedules
// are validated when they are created; if one is refused, the preceding changes are
// reverted.
package apply
