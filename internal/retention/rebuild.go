package retention

import (
	"fmt"
	"io"

	"winnow/store"
)

// AnnounceRebuild says how much disk writing the log anew needs.
func AnnounceRebuild(w io.Writer, s *store.Store) error {
	space, err := s.LogSpace()
	if err != nil {
		return err
	}
	used := space.Bytes - space.Free
	_, err = fmt.Fprintf(w, "writing the log anew: it has %s, %s of them unused; until it is done that needs %s beside %s and %s in TMPDIR, or there too\n",
		size(space.Bytes), size(space.Free), size(used), s, size(used))
	return err
}

// Rebuild writes the log of the store at path anew. No process may have it open.
func Rebuild(w io.Writer, path string) error {
	if err := store.RebuildLog(path); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "the log is written anew and gives unused room back to the disk from now on")
	return err
}
