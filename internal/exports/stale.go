package exports

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// ErrStale says that a held run is out of date.
var ErrStale = errors.New("the held run is out of date")

// Staleness is what has happened since a held run was made. It is out of date once
// another policy is in force, once an undo, a discard or an allow has changed a
// contact whose row the run adds, drops or changes, and once a contact that its
// files offer was suppressed for a protected reason, or merged into another.
//
// A new cause, such as contacts that were erased, is a field here, a case of
// [staleCheck.visit] and a clause of Why.
type Staleness struct {
	Policy     string                    // in force now, if it is another than the run's
	Unknown    string                    // why it can't be found
	Batches    map[store.BatchKind]int64 // contacts that were changed, by what changed them
	Suppressed map[string]int64          // contacts that the files offer, by the reason that they were suppressed for
	Sample     ui.Sample                 // of those
	Merged     int64                     // contacts that the files offer and that were merged into others

	madeUnder string
	protected bool // one of Suppressed is
}

// Stale reports whether the run is out of date.
func (s *Staleness) Stale() bool {
	return s.Policy != "" || s.Unknown != "" || len(s.Batches) > 0 || s.Merged > 0 || s.protected
}

// Why says what has happened, in words; empty for nothing.
func (s *Staleness) Why() string {
	var parts []string
	if s.Policy != "" {
		parts = append(parts, fmt.Sprintf("policy %s is in force, and the run was made under %s", s.Policy, s.madeUnder))
	}
	if s.Unknown != "" {
		parts = append(parts, s.Unknown)
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Batches)) {
		parts = append(parts, fmt.Sprintf("%s since by %s", ui.CountVerb(s.Batches[kind], "contact that it adds, drops or changes", "was changed", "were changed"), manualNames[kind]))
	}
	if s.Merged > 0 {
		parts = append(parts, ui.CountVerb(s.Merged, "contact that it offers", "was merged into another since", "were merged into others since"))
	}
	if text := s.SuppressedSince(); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

var manualNames = map[store.BatchKind]string{store.AllowBatch: "winnow allow", store.UndoBatch: "winnow undo", store.DiscardBatch: "winnow breaker discard"}

// SuppressedSince says how many contacts that the run offers were suppressed since, by
// reason; empty for none.
func (s *Staleness) SuppressedSince() string {
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(s.Suppressed)) {
		reasons = append(reasons, fmt.Sprintf("%s for %s", ui.Number(s.Suppressed[reason]), reason))
	}
	if len(reasons) == 0 {
		return ""
	}
	return "contacts that it offers were suppressed since: " + strings.Join(reasons, ", ")
}

// print prints the contacts that the run offers and that were suppressed since.
func (s *Staleness) print(w io.Writer) {
	if text := s.SuppressedSince(); text != "" {
		fmt.Fprintf(w, "%s\namong them are: %s\n", text, ui.Printable(strings.Join(s.Sample, ", ")))
	}
}

// StalenessOf finds what has happened since the held run was made. With first it
// ends at the first thing that makes the run out of date.
func StalenessOf(cfg *config.Config, s *store.Store, run segments.Run, first bool) (Staleness, error) {
	c := staleCheck{run: run, store: s, cfg: cfg, first: first, last: map[string]string{}}
	c.found = Staleness{Batches: map[store.BatchKind]int64{}, Suppressed: map[string]int64{}, madeUnder: run.Policy}
	if run.Policy != cfg.Hash {
		c.found.Policy = cfg.Hash
	}
	if run.Ledger < 0 {
		c.found.Unknown = "an earlier version of winnow made it, and what has happened since is not known"
	}
	if run.Ledger < 0 || first && c.found.Stale() {
		return c.found, nil
	}
	var err error
	if c.compared, err = comparedWithReaders(s, run); err != nil {
		return c.found, err
	}
	err = s.ChangesSince(run.Ledger, run.AsOf, c.visit)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return c.found, errors.Join(err, c.close())
}

// errEnough ends the visits.
var errEnough = errors.New("enough is known")

// staleCheck goes through changes to contacts, and through the members of the run and
// of the runs that readers have, all in byte order of the key.
type staleCheck struct {
	run   segments.Run
	cfg   *config.Config
	store *store.Store
	first bool

	compared map[string]string // see comparedWithReaders
	opened   bool
	members  []*segments.Comparison
	last     map[string]string // the last contact counted, by what it was counted for
	found    Staleness
}

func (c *staleCheck) visit(change store.ContactChange) error {
	if !c.opened {
		c.opened = true
		if err := c.open(); err != nil {
			return err
		}
	}
	change.Reason, _ = c.cfg.Policy.ReasonOf(change.Reason) // as an earlier version wrote it
	differs, offered := false, false
	for _, m := range c.members {
		is := m.At(change.Contact)
		differs = differs || is == segments.Came || is == segments.Went || is == segments.Altered
		offered = offered || is != segments.NoMember && is != segments.Went && c.offers(m.Segment, change.Reason)
	}
	if differs && change.Batch != "" && manualNames[change.Batch] != "" && c.isNext("by "+string(change.Batch), change.Contact) {
		c.found.Batches[change.Batch]++
	}
	if offered && change.Merged && change.Act == hygiene.Merged && c.isNext("merged", change.Contact) {
		c.found.Merged++
	}
	if offered && (change.Act == hygiene.Suppressed || change.Act == hygiene.Inherited) && c.isNext("for "+change.Reason, change.Contact) {
		c.found.Suppressed[change.Reason]++
		c.found.Sample.Add(change.Contact)
		c.found.protected = c.found.protected || c.cfg.Policy.Protects(change.Reason)
	}
	if c.first && c.found.Stale() {
		return errEnough
	}
	return nil
}

// isNext reports whether the contact was not counted for that yet.
func (c *staleCheck) isNext(what, contact string) bool {
	last, counted := c.last[what]
	c.last[what] = contact
	return !counted || last != contact
}

// offers reports whether contacts in the segment's file are texted though they are
// suppressed for the reason: a segment of suppressed contacts only is a list of contacts
// not to text, and for one with exceptions the reason may not count.
func (c *staleCheck) offers(segment, reason string) bool {
	i := slices.IndexFunc(c.cfg.Segments, func(s segments.Segment) bool { return s.Name == segment })
	return i < 0 || c.cfg.Segments[i].Suppressed != segments.Only && !slices.Contains(c.cfg.Segments[i].Except, reason)
}

func (c *staleCheck) open() (err error) {
	c.members, err = openComparisons(c.store, c.run, c.compared)
	if err != nil {
		c.found.Unknown = "what it would change can't be found: " + err.Error()
		return errEnough
	}
	return nil
}

// close ends the comparisons. What a damaged list says can't be trusted.
func (c *staleCheck) close() error {
	for _, m := range c.members {
		if err := m.Close(); err != nil {
			c.found.Unknown = err.Error()
		}
	}
	return nil
}

// comparedWithReaders names, for each segment that is whole in the held run, the run
// that readers have of it; empty for none.
func comparedWithReaders(s *store.Store, run segments.Run) (map[string]string, error) {
	held, err := s.HeldRuns(run.Export)
	bases, basesErr := s.Bases(run.Export)
	with := map[string]string{}
	for _, h := range held {
		if h.Name != run.Name {
			continue
		}
		for segment := range h.Rows {
			with[segment] = bases[segment].Run
		}
	}
	return with, errors.Join(err, basesErr)
}

// openComparisons opens the members of segments of a run, beside those of the run
// that the map names for the segment.
func openComparisons(s segments.RunStore, run segments.Run, with map[string]string) (list []*segments.Comparison, err error) {
	for _, segment := range slices.Sorted(maps.Keys(with)) {
		c, err := segments.CompareMembers(s, run.Export, segment, with[segment], run.Name)
		if err != nil {
			for _, open := range list {
				err = errors.Join(err, open.Close())
			}
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}
