// Package apply makes a server's templates and schedules as files say: Make finds
// what differs, and Plan.Do changes it. `exportctl apply` calls it and shows the
// differences in between.
//
// A template is known by its name among those of the operator, a schedule by its
// name among those of its template. What the server has and the files have not
// stays, unless it is to be pruned: then schedules of templates that the files
// have go, and templates with a tag that the files use, so that the templates of
// one repository are those of its tags.
//
// Plan.Check lets the server check all templates beforehand. Schedules are checked
// when they are made; where one is refused, what was done before it is taken back.
package apply
