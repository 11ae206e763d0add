//go:build !nofence

package export

import (
	"fmt"

	"exporttask/internal/model"
)

// folder is where a claim keeps its files in the store: no two claims share
// one, so that none can replace another's file.
func folder(in *model.Inst) string { return fmt.Sprintf("%d/%d-%d", in.ID, in.Attempt, in.Claims) }

// fencingEnabled is whether a worker stops when it learns that its lease is lost.
const fencingEnabled = true
