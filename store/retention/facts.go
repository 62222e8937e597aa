package retention

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Facts are what retention deleted, ever.
type Facts struct {
	Pruned  []engine.Pruned // by kind and source
	EndedAt hygiene.Instant // of the last pass that got to the end; 0 for none
	Oldest  hygiene.Instant // receipt of the first event that is left; 0 for an empty log
}

// Read reads what retention deleted.
func Read(read func(func(engine.LogReader) error) error) (f Facts, err error) {
	err = read(func(l engine.LogReader) error {
		r := l.Query("SELECT kind, source, n, through FROM pruned ORDER BY kind, source")
		for r.Next() {
			f.Pruned = append(f.Pruned, engine.Pruned{Kind: engine.PrunedKind(r.Text(0)), Source: r.Text(1), N: r.Int(2), Through: hygiene.Instant(r.Int(3))})
		}
		if err := r.Close(); err != nil {
			return err
		}
		r = l.Query("SELECT (SELECT ended_at FROM retention), (SELECT received_at FROM events ORDER BY seq LIMIT 1)")
		if r.Next() {
			f.EndedAt, f.Oldest = hygiene.Instant(r.Int(0)), hygiene.Instant(r.Int(1))
		}
		return r.Close()
	})
	return f, err
}

// Of is how many of a kind were deleted, and up to which receipt; of all sources when
// source is empty.
func (f *Facts) Of(kind engine.PrunedKind, source string) (n int64, through hygiene.Instant) {
	for i := range f.Pruned {
		if of := &f.Pruned[i]; of.Kind == kind && (source == "" || of.Source == source) {
			n, through = n+of.N, max(through, of.Through)
		}
	}
	return n, through
}
