package server

import (
	"encoding/base64"
	"strconv"
	"strings"

	"exporttask/internal/model"
)

// A page token is opaque to clients: the list's name and the last id of the
// page before it.

func pageToken(list string, lastID int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + ":" + strconv.FormatInt(lastID, 10)))
}

// parsePageToken returns the last id of the page before, 0 for the first page.
func parsePageToken(list, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		if digits, ok := strings.CutPrefix(string(raw), list+":"); ok {
			if id, err := strconv.ParseInt(digits, 10, 64); err == nil && id > 0 {
				return id, nil
			}
		}
	}
	return 0, model.Errorf(model.Invalid, "pageToken: %s, want a nextPageToken of this list, or nothing", shown(token))
}
