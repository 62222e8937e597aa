package segments

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
)

// Reference is a published run with which the members of a segment now are compared.
type Reference struct{ Export, Run string }

// Count is how many members a segment has.
type Count struct {
	Members int64
	// Came and Went are the contacts that are in it and were not in the file of Since,
	// and the other way round.
	Came, Went int64
	Since      Reference // empty if there was nothing to compare with
	Err        error     // why the segment could not be counted, or compared
}

// CountMembers counts the members of each segment as of now, in one pass, and compares
// them with those of a run. A segment that can't be counted says so; the others are
// counted.
func CountMembers(ctx context.Context, all []Segment, since map[string]Reference, asOf hygiene.Instant, from Snapshot, runs RunStore) (map[string]Count, error) {
	members, counters := NewMembership(all, from, asOf), make([]counter, len(all))
	for i := range all {
		counters[i].compareWith(runs, all[i].Name, since)
	}
	err := from.Contacts(ctx, false, func(c *hygiene.Contact) error {
		members.Reset(c)
		for i := range counters {
			if is, err := members.in(i); err == nil {
				counters[i].visit(c.Key, is)
			} else if counters[i].Err == nil {
				counters[i].Err = err
			}
		}
		return ctx.Err()
	})
	counts := map[string]Count{}
	for i := range counters {
		counters[i].end()
		counts[all[i].Name] = counters[i].Count
	}
	return counts, err
}

// counter counts one segment.
type counter struct {
	Count
	before *memberReader // nil for nothing to compare with
}

// compareWith opens the members of the run.
func (c *counter) compareWith(runs RunStore, segment string, since map[string]Reference) {
	r, ok := since[segment]
	if !ok {
		return
	}
	before, err := openMembers(runs, r.Export, r.Run, segment)
	if err != nil {
		c.Err = membersError(r.Export, r.Run, segment, err)
		return
	}
	c.before, c.Since = before, r
}

func (c *counter) visit(key string, is bool) {
	if is {
		c.Members++
	}
	if c.before == nil {
		return
	}
	c.before.skip(func(next []byte) bool { return string(next) < key }, func(string) { c.Went++ })
	was := c.before.hasRecord() && string(c.before.key) == key
	if was {
		c.before.next()
	}
	if is && !was {
		c.Came++
	}
	if was && !is {
		c.Went++
	}
}

// end counts those who are no longer known as gone, and closes the list.
func (c *counter) end() {
	if c.before == nil {
		return
	}
	c.before.skip(func([]byte) bool { return true }, func(string) { c.Went++ })
	if err := c.before.close(); err != nil {
		c.Came, c.Went = 0, 0
		c.Err = errors.Join(c.Err, fmt.Errorf("the members of the last file can't be read: %w", err))
		c.Since = Reference{}
	}
}

// FirstMembers are the keys of the first members of a segment in a run, at most so many.
// The error is [io/fs.ErrNotExist] when the members are not kept any more.
func FirstMembers(runs RunStore, of Reference, segment string, most int) (keys []string, err error) {
	r, err := openMembers(runs, of.Export, of.Run, segment)
	if err != nil {
		return nil, membersError(of.Export, of.Run, segment, err)
	}
	for r.hasRecord() && len(keys) < most {
		keys = append(keys, string(r.key))
		r.next()
	}
	return keys, errors.Join(r.err, r.from.Close())
}
