package store

import (
	"context"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/sqlite"
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

// Inspect looks for damage in the store at path, which may be in use, and changes nothing.
func Inspect(ctx context.Context, path string) (*sqlite.Inspection, error) {
	return sqlite.Inspect(ctx, path)
}

// RecordBackup stores when the store was backed up last.
func (s *Store) RecordBackup(at hygiene.Instant) error {
	return s.write(func(c engine.Writer) error { return setCounter(c, backedUp, int64(at)) })
}
