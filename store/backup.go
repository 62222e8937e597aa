package store

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/sqlite"
	"winnow/store/statuscounts"
)

// Copy writes a copy of the database, as of one moment, to a path at which there is no
// store; see [engine.Engine]. What the store keeps in folders is not in it.
func (s *Store) Copy(ctx context.Context, to string, o engine.CopyOptions) error {
	return s.engine.Copy(ctx, to, o)
}

// InspectCopy looks for damage in a copy that [Store.Copy] made, and changes nothing.
// thorough reads all of it.
func InspectCopy(ctx context.Context, path string, thorough bool) (*sqlite.Inspection, error) {
	return sqlite.InspectCopy(ctx, path, thorough)
}

// RecountCopy compares the counts by status at the instant t of a copy, in which
// InspectCopy found nothing, with one pass over its contacts, and returns what differs. A
// copy that an older winnow has made is not counted.
func RecountCopy(ctx context.Context, path string, t hygiene.Instant) (wrong []string, err error) {
	c, err := sqlite.OpenCopy(path)
	if err != nil || c == nil {
		return nil, err
	}
	snap := &Snapshot{c: c}
	defer func() { err = errors.Join(err, snap.Close()) }()
	if snap.numbers, err = hasNumbers(c); err != nil {
		return nil, err
	}
	kept, err := statuscounts.ByStatus(c, t, false)
	if err != nil {
		return nil, err
	}
	found := map[string]int64{}
	err = snap.Contacts(ctx, false, func(k *hygiene.Contact) error {
		found[statusBy(k.StatusChanges(), t).String()]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	days, err := statuscounts.DaysOtherwise(c)
	if err != nil {
		return nil, err
	}
	if days > 0 {
		wrong = append(wrong, fmt.Sprintf("%s counts the changes of %d days otherwise than those of their seconds", path, days))
	}
	for _, name := range hygiene.StatusNames() {
		if kept[name] != found[name] {
			wrong = append(wrong, fmt.Sprintf("%s counts %d contacts as %s, and has %d", path, kept[name], name, found[name]))
		}
	}
	return wrong, nil
}

// statusBy is the status at the end of the second of t, as statuscounts.ByStatus counts.
func statusBy(changes []hygiene.StatusChange, t hygiene.Instant) (status hygiene.Status) {
	for _, c := range changes {
		if secondOf(c.At) <= secondOf(t) {
			status = c.Status
		}
	}
	return status
}

// Inspect looks for damage in the store at path, which may be in use, and changes nothing.
func Inspect(ctx context.Context, path string) (*sqlite.Inspection, error) {
	return sqlite.Inspect(ctx, path)
}

// RecordBackup stores when the store was backed up last.
func (s *Store) RecordBackup(at hygiene.Instant) error {
	return s.write(func(c engine.Writer) error { return counters.Set(c, counters.BackedUp, int64(at)) })
}
