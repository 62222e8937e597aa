package segments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"winnow/hygiene"
)

// Writing says which segment to write, and how.
type Writing struct {
	Segments []Segment // all of the config, because a condition may name others
	Name     string    // of the one to write
	Format   Format    // not one that is compressed
	AsOf     hygiene.Instant
	// PhoneKeys says that a contact's key is its phone number; see [Plan].
	PhoneKeys bool
	CSV       CSVOptions
	Times     TimeOptions
	Most      int64 // members to write; 0 for all
	Look      int64 // contacts to look at; 0 for all
}

// Written is what was written of a segment.
type Written struct {
	Rows  int64
	Whole bool // all contacts were looked at
}

// errEnough ends the visits of a part.
var errEnough = errors.New("enough was written")

// Write writes a segment as of now, without a run, in the bytes that the file of a run
// would have. Memory does not grow with the list.
func Write(ctx context.Context, to io.Writer, w Writing, from Snapshot) (written Written, err error) {
	i := slices.IndexFunc(w.Segments, func(s Segment) bool { return s.Name == w.Name })
	if i < 0 {
		return written, fmt.Errorf("there is no segment %q", w.Name)
	}
	segment := &w.Segments[i]
	columns := segment.Columns
	if len(columns) == 0 {
		columns = DefaultColumns()
	}
	e, err := newEncoder(w.Format, columns, encoding{csv: w.CSV, times: w.Times})
	if err != nil {
		return written, err
	}
	members, shown := NewMembership(w.Segments, from, w.AsOf), view{asOf: w.AsOf, phoneKeys: w.PhoneKeys, listsOf: from.ListsOf}
	cells, pending, looked := make([]cell, len(columns)), e.begin(nil), int64(0)
	err = from.Contacts(ctx, slices.ContainsFunc(columns, Column.needsMessage), func(c *hygiene.Contact) error {
		if w.Most > 0 && written.Rows == w.Most || w.Look > 0 && looked == w.Look {
			return errEnough
		}
		looked++
		members.Reset(c)
		shown.reset(c)
		if is, err := members.in(i); err != nil || !is {
			return err
		}
		defer c.Except(c.Except(segment.Except))
		if err := shown.fill(columns, cells); err != nil {
			return err
		}
		pending = e.row(pending, cells)
		written.Rows++
		if len(pending) < flushAt {
			return nil
		}
		_, err := to.Write(pending)
		pending = pending[:0]
		return err
	})
	if err != nil && err != errEnough {
		return written, err
	}
	written.Whole = err == nil
	_, err = to.Write(e.end(pending))
	return written, err
}
