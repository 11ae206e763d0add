//go:build !nofence

package model

// The fence: every write of a worker names the claim it was made under and
// applies only while the instance still runs under it.
const (
	// fence follows WHERE; its values are einstId, owner, claims and status.
	fence = ` WHERE einstId = ? AND owner = ? AND claims = ? AND status = ?`
	// fenceOwner and fenceClaims are its parts, for statements that write
	// several rows.
	fenceOwner = ` AND owner = ? AND state = ? AND claims = `
	insertMade = `INSERT INTO`
)
