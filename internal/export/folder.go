package export

import (
	"fmt"
	"strconv"
	"strings"

	"exporttask/internal/model"
)

// folder returns the folder of the files of one claim in the store:
// "EINSTID/ATTEMPT.TOKEN-CLAIMS". The token is random, so no two claims share a
// folder, also if the database handed an einstId or a claim number out twice. The
// claim number comes last, after the only "-", because the sweep of earlier
// releases reads it there.
func folder(in *model.Inst) string {
	return fmt.Sprintf("%d/%d.%s-%d", in.ID, in.Attempt, in.Token, in.Claims)
}

// claimKey is the claim that the key of a stored file names.
type claimKey struct {
	id, claims int64
	token      string // empty: a release without tokens published the file
}

// parseKey returns the claim that published a file under key, or that will: key
// begins with a folder. ok is false if it does not.
func parseKey(key string) (c claimKey, ok bool) {
	id, rest, _ := strings.Cut(key, "/")
	name, _, _ := strings.Cut(rest, "/")
	attempt, claims, _ := strings.Cut(name, "-")
	_, c.token, _ = strings.Cut(attempt, ".")
	var err, err2 error
	c.id, err = strconv.ParseInt(id, 10, 64)
	c.claims, err2 = strconv.ParseInt(claims, 10, 64)
	return c, err == nil && err2 == nil
}

// runs reports whether an instance runs under the claim.
func (c claimKey) runs(in model.SweepState) bool {
	return in.State.Status() == model.Running && in.Claims == c.claims && (c.token == "" || c.token == in.Token.String())
}
