package reconcile

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// subject is a contact or number, with what both sides say of it.
type subject struct {
	name, phone  string
	theirs, ours ends
}

// ends are the reasons of a side, with the second at which each ends; 0 for never.
type ends map[string]int64

// add adds a record of the subject. Of several suppressions for the same reason the
// longest counts.
func (s *subject) add(record []string) error {
	until, err := strconv.ParseInt(record[3], 10, 64)
	if err != nil {
		return err
	}
	side := &s.theirs
	if record[1] == ourSide {
		side = &s.ours
	}
	if *side == nil {
		*side = ends{}
	}
	if s.phone == "" {
		s.phone = record[4]
	}
	if end, there := (*side)[record[2]]; !there || until == 0 || end != 0 && until > end {
		(*side)[record[2]] = until
	}
	return nil
}

// reasons are the reasons of a side in alphabetical order.
func (e ends) reasons() []string { return slices.Sorted(maps.Keys(e)) }

// text is the end of a reason as files have it; empty for never.
func (e ends) text(reason string) string {
	if e[reason] == 0 {
		return ""
	}
	return time.Unix(e[reason], 0).UTC().Format(time.RFC3339)
}

// finish counts a subject of which all is known, and writes it to its file.
func (c *comparison) finish(s *subject) {
	switch {
	case s.theirs == nil && s.ours == nil: // before the first
	case s.ours == nil:
		c.result.Theirs++
		c.files.writeTheirs(s)
	case s.theirs == nil:
		c.result.Ours++
		c.files.writeOurs(s)
	case maps.Equal(s.theirs, s.ours):
		c.result.Same++
	default:
		c.result.Differ++
		c.files.writeDiffer(s)
	}
}
