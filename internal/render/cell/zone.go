package cell

import "time"

// Zone shifts wall-clock times of one zone into another; the zero Zone leaves
// them as they come.
type Zone struct{ From, To *time.Location }
