package server

import (
	"encoding/base64"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"exporttask/internal/model"
)

// Page sizes of lists, in rows.
const (
	defaultPage   = 50
	defaultEvents = 100
	maxPageSize   = 500
)

// maxReply bounds a reply, in bytes: below the 4 MiB that grpc's clients take by
// default, with room for the headers of a message.
const maxReply = 3 << 20

// fillPage converts rows until the page is full: at most size of them, and no
// more than maxReply bytes. rows holds one more than size where there is a next
// page. The token of that page is empty on the last one.
func fillPage[R any, M proto.Message](list string, rows []R, size int, convert func(*R) M, id func(*R) int64) (page []M, token string) {
	bytes := 0
	for i := range rows {
		m := convert(&rows[i])
		bytes += proto.Size(m) + 8
		if len(page) == size || len(page) > 0 && bytes > maxReply {
			return page, pageToken(list, id(&rows[i-1]))
		}
		page = append(page, m)
	}
	return page, ""
}

// pageToken returns the opaque token of the page that follows a row: the name of
// the list and the row's id.
func pageToken(list string, lastID int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + ":" + strconv.FormatInt(lastID, 10)))
}

// parsePageToken returns the id of the last row of the page before, 0 for the
// first page. A token of another list is refused.
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
	return 0, model.Errorf(model.Invalid, "pageToken: %s, want a nextPageToken of this list, or nothing", quote(token))
}
