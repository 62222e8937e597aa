package pagedata

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// Bounds of what is marked in the chart of days.
const (
	maxMarks      = 24  // of each kind, the latest
	maxHeldNights = 200 // of an export
)

// marks are what happened since and may have changed the deliverability or the files: new
// policies, surges, what was taken back in bulk, and nights that were held.
func (s *Source) marks(since hygiene.Instant) (list []view.Mark, err error) {
	policies, err := s.Store.Policies()
	for i, p := range policies[:max(0, len(policies)-1)] { // the first one took no other's place
		if p.FirstUsed >= since && i < maxMarks {
			list = append(list, view.Mark{At: p.FirstUsed, Kind: view.PolicyMark, Text: "new policy " + p.Hash[:min(len(p.Hash), 8)]})
		}
	}
	trips, _, tripsErr := s.Store.FindTrips(maxMarks, func(t *store.BreakerTrip) bool { return t.Since >= since })
	for i := range trips {
		list = append(list, surgeMark(&trips[i]))
	}
	err = errors.Join(err, tripsErr)
	for _, kind := range []store.BatchKind{store.UndoBatch, store.RejudgeBatch, store.ReclassifyBatch} {
		batches, batchesErr := s.Store.Batches(store.BatchFilter{Kind: kind}, maxMarks)
		err = errors.Join(err, batchesErr)
		for _, b := range batches {
			if b.At >= since {
				list = append(list, view.Mark{At: b.At, Kind: view.UndoMark, Text: fmt.Sprintf("%s by %s, %s", b.Kind, b.By, ui.Count(b.Contacts, "contact"))})
			}
		}
	}
	for _, e := range s.Config().Exports {
		runs, runsErr := s.Store.RunsOf(e.Name, maxHeldNights, segments.Held, segments.Released, segments.Discarded)
		err = errors.Join(err, runsErr)
		list = append(list, heldMarks(runs, since)...)
	}
	slices.SortStableFunc(list, func(a, b view.Mark) int { return cmp.Compare(a.At, b.At) })
	return list, err
}

func surgeMark(t *store.BreakerTrip) view.Mark {
	if t.Rule != "" {
		return view.Mark{At: t.Since, Kind: view.SurgeMark, Text: "rule " + t.Rule + " only proposes, " + string(t.State)}
	}
	m := view.Mark{At: t.Since, Kind: view.SurgeMark, Text: "surge of " + strings.ReplaceAll(t.Outcome.String(), "_", " ") + ", " + string(t.State)}
	if t.State == store.TripTold {
		m.Text = "surge of " + strings.ReplaceAll(t.Outcome.String(), "_", " ") + ", reported"
	}
	if t.By != "" {
		m.Text += " by " + t.By
	}
	return m
}

// oneNight is how far apart the runs of two nights are at most.
const oneNight = 36 * time.Hour

// heldMarks are the times over which the runs of an export were held, one after the other.
// The runs are the latest first.
func heldMarks(runs []segments.Run, since hygiene.Instant) (list []view.Mark) {
	nights := 0
	for i := len(runs) - 1; i >= 0; i-- {
		r := runs[i]
		if r.AsOf < since {
			continue
		}
		if n := len(list); n == 0 || r.AsOf.Sub(list[n-1].Until) > oneNight {
			list, nights = append(list, view.Mark{At: r.AsOf, Kind: view.HeldMark}), 0
		}
		nights++
		m := &list[len(list)-1]
		m.Until = r.AsOf
		m.Text = fmt.Sprintf("%s of %s held", ui.Count(int64(nights), "run"), r.Export)
		if r.Status == segments.Released {
			m.Text += ", then released"
		}
	}
	return list
}
