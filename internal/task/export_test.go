package task

import "time"

// Recheck makes the next Read of a file check the state of its instance.
func (f *File) Recheck() { f.File.(*liveFile).checked = time.Time{} }
