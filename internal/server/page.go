package server

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"exporttask/internal/memory"
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

const (
	// firstRead is the number of rows that a list reads first. Rows may have up to a
	// megabyte; further reads have as many as readBytes permit if they are as large as
	// the rows before.
	firstRead = 8
	readBytes = 1 << 20
	// listMemory is what a list needs for the rows of a read, in bytes.
	listMemory = 8 << 20
)

// listPage reads and converts rows until the page is full: at most size of them (0:
// all), and no more than maxReply bytes. read returns up to limit rows that follow the
// row with the id after. The token of the next page is empty on the last one.
func listPage[R any, M proto.Message](ctx context.Context, list string, after int64, size int,
	read func(after int64, limit int) ([]R, error), convert func(*R) M, id func(*R) int64,
) (page []M, token string, err error) {
	if err := memory.Charge(ctx, listMemory); err != nil {
		return nil, "", err
	}
	bytes, limit := 0, firstRead
	for {
		if size != 0 {
			limit = min(limit, size-len(page)+1) // one more shows whether there is a next page
		}
		rows, err := read(after, limit)
		if err != nil {
			return nil, "", err
		}
		for i := range rows {
			m := convert(&rows[i])
			bytes += proto.Size(m) + 8
			if size != 0 && len(page) == size || len(page) > 0 && bytes > maxReply {
				return page, pageToken(list, after), nil
			}
			page = append(page, m)
			after = id(&rows[i])
		}
		if len(rows) < limit {
			return page, "", nil
		}
		limit = max(firstRead, readBytes*len(page)/bytes)
	}
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
