package xls

// write completes the spills, computes the layout of the workbook stream
// (MS-XLS 2.1.2) and writes the compound file.
func (e *encoder) write() error {
	if err := e.endSheet(true); err != nil {
		return err
	}
	if err := e.strings.finish(); err != nil {
		return err
	}
	for _, s := range []*spill{&e.cells, &e.strings.out} {
		if err := s.seal(); err != nil {
			return err
		}
	}
	e.layout.widths = e.widths()
	e.layout.prepareConditions()
	head, bounds := e.layout.globals(e.sheets)
	tail := &records{}
	e.strings.index(tail, int64(len(head)))
	tail.words(recEOF)

	places, size := e.place(int64(len(head)) + e.strings.out.size() + int64(len(tail.b)))
	if size > e.limit {
		return errTooLarge
	}
	putBounds(head, bounds, places)

	c := newContainer(e.w, size, summary(&e.layout.opt))
	if err := e.copyTo(c, head, tail.b, places); err != nil {
		return err
	}
	return c.finish()
}

// place returns the position of each sheet in the stream, at being that of the
// first, and the end of the last one.
func (e *encoder) place(at int64) (places []int64, end int64) {
	r := &records{}
	none := make([]byte, 4*sheetBlocks)
	for i, s := range e.sheets {
		places = append(places, at)
		r.b = r.b[:0]
		e.layout.head(r, s, 0, none)
		e.layout.tail(r, i, s)
		at += int64(len(r.b)) + s.size
	}
	return places, at
}

// copyTo writes the stream into the container.
func (e *encoder) copyTo(c *container, head, tail []byte, places []int64) error {
	if _, err := c.Write(head); err != nil {
		return err
	}
	if err := e.strings.out.copyTo(c, 0, e.strings.out.size()); err != nil {
		return err
	}
	if _, err := c.Write(tail); err != nil {
		return err
	}
	r := &records{}
	cells := make([]byte, 4*sheetBlocks)
	for i, s := range e.sheets {
		if err := e.cells.readAt(cells[:4*s.blocks()], s.start+s.size); err != nil {
			return err
		}
		r.b = r.b[:0]
		e.layout.head(r, s, places[i], cells)
		if _, err := c.Write(r.b); err != nil {
			return err
		}
		if err := e.cells.copyTo(c, s.start, s.size); err != nil {
			return err
		}
		r.b = r.b[:0]
		e.layout.tail(r, i, s)
		if _, err := c.Write(r.b); err != nil {
			return err
		}
	}
	return nil
}
