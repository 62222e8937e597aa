package segments

import (
	"errors"
	"fmt"
	"io/fs"
)

// MemberChange is what became of a contact in a segment between two runs.
type MemberChange uint8

// The changes of a member.
const (
	NoMember  MemberChange = iota // in neither run
	Unchanged                     // with the same row in both
	Altered                       // with another retry or another row
	Came                          // only in the later run
	Went                          // only in the earlier run
)

// Comparison reads the members of a segment in two runs side by side, in byte order
// of the key. It holds no list in memory.
type Comparison struct {
	Segment     string
	before, now *memberReader // before is nil where there is nothing to compare with
}

// CompareMembers opens the members of a segment in a run and in an earlier one, by
// their names. Without an earlier run everyone came. The error is
// [io/fs.ErrNotExist] when the members of a run are not kept any more.
func CompareMembers(store RunStore, export, segment, before, now string) (*Comparison, error) {
	c := &Comparison{Segment: segment}
	var err error
	if c.now, err = openMembers(store, export, now, segment); err != nil {
		return nil, membersError(export, now, segment, err)
	}
	if before == "" {
		return c, nil
	}
	if c.before, err = openMembers(store, export, before, segment); err != nil {
		return nil, errors.Join(membersError(export, before, segment, err), c.now.from.Close())
	}
	return c, nil
}

func membersError(export, run, segment string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the members of segment %q in run %s/%s are not kept any more: %w", segment, export, run, fs.ErrNotExist)
	}
	return fmt.Errorf("reading the members of segment %q in run %s/%s: %w", segment, export, run, err)
}

// At says what became of the contact with that key. Keys are asked for in byte
// order.
func (c *Comparison) At(key string) MemberChange {
	was := c.before != nil && c.before.seek(key)
	is := c.now.seek(key)
	switch {
	case is && was:
		return c.both()
	case is:
		return Came
	case was:
		return Went
	}
	return NoMember
}

// both compares the present records of the same key.
func (c *Comparison) both() MemberChange {
	b, n := c.before, c.now
	if b.attempt == n.attempt && b.message == n.message && b.row == n.row && b.version > 1 && n.version > 1 {
		return Unchanged
	}
	return Altered
}

// Each visits the members of either run.
func (c *Comparison) Each(visit func(key string, change MemberChange) error) error {
	for {
		wasLeft, isLeft := c.before != nil && c.before.hasRecord(), c.now.hasRecord()
		var key string
		switch {
		case !wasLeft && !isLeft:
			return nil
		case !isLeft || wasLeft && string(c.before.key) < string(c.now.key):
			key = string(c.before.key)
		default:
			key = string(c.now.key)
		}
		change := c.At(key)
		if change == Went || change == Unchanged || change == Altered {
			c.before.next()
		}
		if change != Went {
			c.now.next()
		}
		if err := visit(key, change); err != nil {
			return err
		}
	}
}

// Close ends the comparison. Its error says that a list could not be read to its
// end, and that answers may be wrong.
func (c *Comparison) Close() error {
	err := c.now.close()
	if c.before != nil {
		err = errors.Join(err, c.before.close())
	}
	if err != nil {
		return fmt.Errorf("reading the members of segment %q: %w", c.Segment, err)
	}
	return nil
}
