//go:build nofence

package model

// Without the fence a worker writes whatever became of its claim. This build
// exists for the chaos suite alone, which has to tell it from the real one.
const (
	fence      = ` WHERE einstId = ? AND (owner = ? OR TRUE) AND (claims = ? OR TRUE) AND (status = ? OR TRUE)`
	fenceOwner = ` AND (owner = ? OR TRUE) AND (state = ? OR TRUE) AND 0 < `
	insertMade = `REPLACE INTO`
)
