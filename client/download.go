package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
)

// Download writes the file of an instance that succeeded to w and returns the
// file's description. An interrupted download continues at the byte where it was
// interrupted. Download returns ErrChecksum if the SHA-256 of the content is not
// the file's. After an error, w has received a part of the file.
func (c *Client) Download(ctx context.Context, instID int64, w io.Writer) (*api.WshExportFile, error) {
	return c.download(ctx, instID, w, newPatience(c.opts.Patience, false))
}

func (c *Client) download(ctx context.Context, instID int64, w io.Writer, p *patience) (*api.WshExportFile, error) {
	d := &download{client: c, id: instID, to: w, hash: sha256.New(), patience: p}
	for {
		err := d.stream(ctx)
		if err == nil {
			return d.file, nil
		}
		if err := p.again(ctx, err); err != nil {
			return d.file, fmt.Errorf("download instance %d at byte %d: %w", instID, d.done, err)
		}
	}
}

type download struct {
	client   *Client
	id       int64
	to       io.Writer
	hash     hash.Hash // of what was written
	patience *patience
	file     *api.WshExportFile // from the first stream; nil: none yet
	done     int64              // bytes written
}

// stream downloads the remaining content from one replica.
func (d *download) stream(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// With the name, a resumed download gets the same file.
	stream, err := d.client.api.DownloadInst(ctx, &api.WshExportTaskDownloadInstReq{
		EinstId: d.id, FileName: d.file.GetName(), Offset: d.done,
	})
	if err != nil {
		return err
	}
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return d.finish()
		}
		if err := Check(res, err); err != nil {
			return err
		}
		if err := d.write(res.GetData()); err != nil {
			return err
		}
		d.patience.answered()
	}
}

func (d *download) write(chunk *api.WshExportChunk) error {
	if file := chunk.GetFile(); file != nil {
		if d.file != nil && file.GetSha256() != d.file.GetSha256() {
			return fmt.Errorf("%w: the service now offers another file", ErrChecksum)
		}
		d.file = file
	}
	if chunk.GetOffset() != d.done {
		return fmt.Errorf("got a chunk at byte %d, want byte %d", chunk.GetOffset(), d.done)
	}
	n, err := d.to.Write(chunk.GetContent())
	d.done += int64(n)
	d.hash.Write(chunk.GetContent()[:n])
	return err
}

// finish checks size and SHA-256 after a stream that ended without an error.
func (d *download) finish() error {
	if d.done < d.file.GetBytes() {
		return status.Errorf(codes.Unavailable, "the stream ended before the file of %d bytes", d.file.GetBytes())
	}
	if sum := hex.EncodeToString(d.hash.Sum(nil)); sum != d.file.GetSha256() {
		return fmt.Errorf("%w: got %s, want %s", ErrChecksum, sum, d.file.GetSha256())
	}
	return nil
}
