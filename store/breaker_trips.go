package store

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/regret"
)

// BreakerTrip is a surge of an outcome at a source that tripped a breaker, or a rule whose
// suppressions were regretted too often. The verdicts on its events wait until someone
// releases or discards it, unless the breaker only reports it.
type BreakerTrip struct {
	ID         int64
	Source     string
	Outcome    hygiene.Outcome
	Since      hygiene.Instant // receipt of the earliest event held
	Until      hygiene.Instant // receipt of the latest one
	Window     time.Duration   // the breaker's
	FromSeq    int64           // of the first event held
	ToSeq      int64           // of the last one
	Events     int64           // held
	Share      float64         // the highest share, 0 to 1, of the source's events that the outcome had in the window before an event held
	Contacts   int64           // with a verdict that waits for the trip, or waited
	State      TripState
	ReviewedAt hygiene.Instant // 0 while it waits
	By         string          // who reviewed it
	Batch      int64           // the review's manual change; 0 for none

	// Of a rule: its name and what it is, see [hygiene.Rule.Digest]. Source and Outcome are
	// empty then, Share is of its suppressions, and Events is how many of them are held.
	Rule   string
	Digest uint64

	released hygiene.Instant // until when an earlier trip of the same source and outcome was released; 0 for never
}

// TripState is what became of a trip.
type TripState string

// The states of trips. They are stored as these words. A trip whose discarding was
// undone is held again.
const (
	TripHeld      TripState = "held"
	TripTold      TripState = "told" // nothing is held, and nothing is to be reviewed
	TripReleased  TripState = "released"
	TripDiscarded TripState = "discarded"
)

// From is when the window of the first event held began, or, when later, when a
// trip ended that someone released: what was found right is not doubted again.
func (t *BreakerTrip) From() hygiene.Instant {
	from := t.Since.Add(-t.Window)
	if t.released != 0 {
		from = max(from, t.released+1)
	}
	return from
}

// holdSurges counts the next events of the log for the breakers, in their order,
// and marks those that a breaker holds with their trip.
func (s *Store) holdSurges(c engine.Writer, o *SweepOptions, events []hygiene.Event, from, upTo int64, did *Swept) error {
	if len(o.Breakers) == 0 {
		return nil
	}
	w, err := s.windowsAt(c, o.Breakers, from)
	if err != nil {
		return err
	}
	s.windows = nil // after an error they must be read again
	t := tripRecorder{c: c, open: map[tripKey]*BreakerTrip{}, did: did}
	if err := w.count(events, t.hold); err != nil {
		return err
	}
	for _, trip := range t.open {
		if err := updateTrip(c, trip); err != nil {
			return err
		}
	}
	if err := w.save(c, upTo); err != nil {
		return err
	}
	s.windows = w
	return nil
}

// doubt begins to hold the rules of which too many suppressions are regretted now, those of
// this transaction too: what they make of later events waits.
func (w *txWriter) doubt(o *SweepOptions, upTo int64, did *Swept) error {
	if o.Regret == nil {
		return nil
	}
	if err := w.saveRegret(); err != nil {
		return err
	}
	doubted, err := regret.Doubted(w, w.judge, o.Regret, o.Now)
	if err != nil {
		return err
	}
	for _, f := range doubted {
		trip := &BreakerTrip{Rule: f.Rule, Digest: f.Digest, Since: o.Now, Until: o.Now, Window: hygiene.RegretFor, FromSeq: upTo + 1, State: TripHeld, Share: f.Share()}
		if err := insertTrip(w, trip); err != nil {
			return err
		}
		if err := updateTrip(w, trip); err != nil {
			return err
		}
		did.Tripped = append(did.Tripped, trip)
	}
	return nil
}

// tripRecorder records the trips of a batch of events.
type tripRecorder struct {
	c    engine.Writer
	open map[tripKey]*BreakerTrip // the latest trip; one without an ID when there is none
	did  *Swept
}

type tripKey struct {
	source  string
	outcome hygiene.Outcome
}

// hold marks the event with its trip: the one that waits and whose last event is
// within the window, or a new one. A trip that was reviewed holds no more events,
// so that the log alone decides what is held. A breaker that only reports marks nothing.
func (t *tripRecorder) hold(e *hygiene.Event, b *hygiene.Breaker, share float64) error {
	key := tripKey{e.Source, e.Outcome}
	trip, known := t.open[key]
	if !known {
		var err error
		if trip, err = lastTrip(t.c, key); err != nil {
			return err
		}
	}
	state := TripHeld
	if b.Tell {
		state = TripTold
	}
	if trip.State != state || e.ReceivedAt.Sub(trip.Until) > b.Window {
		if err := updateTrip(t.c, trip); err != nil {
			return err
		}
		trip = &BreakerTrip{Source: e.Source, Outcome: e.Outcome, Since: e.ReceivedAt, Until: e.ReceivedAt, Window: b.Window, FromSeq: e.Seq, State: state}
		if err := insertTrip(t.c, trip); err != nil {
			return err
		}
		t.did.Tripped = append(t.did.Tripped, trip)
	}
	t.open[key] = trip
	trip.Since, trip.Until = min(trip.Since, e.ReceivedAt), max(trip.Until, e.ReceivedAt)
	trip.Window, trip.ToSeq = max(trip.Window, b.Window), e.Seq
	trip.Share = max(trip.Share, share)
	trip.Events++
	if !b.Tell {
		t.did.Held++
		e.Held = trip.ID
	}
	return nil
}

// lastTrip is the latest trip of an outcome at a source; one without a state for
// none.
func lastTrip(c engine.Querier, key tripKey) (*BreakerTrip, error) {
	trip := &BreakerTrip{}
	r := c.Query("SELECT "+tripColumns+" FROM breaker_trips t WHERE source = ? AND outcome = ? ORDER BY id DESC LIMIT 1", key.source, key.outcome.String())
	var err error
	if r.Next() {
		err = trip.scan(r)
	}
	return trip, errors.Join(err, r.Close())
}

func insertTrip(c engine.Writer, trip *BreakerTrip) (err error) {
	trip.ID, err = c.Number(`INSERT INTO breaker_trips (source, outcome, since, until, window_us, from_seq, to_seq, events, share, state, reviewed_at, by, batch, rule, digest)
		VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0, '', 0, ?, ?) RETURNING id`, trip.Source, trip.outcomeName(),
		int64(trip.Since), int64(trip.Until), trip.Window.Microseconds(), trip.FromSeq, string(trip.State), trip.Rule, int64(trip.Digest))
	return err
}

// outcomeName is the outcome as it is stored: empty for a rule's.
func (t *BreakerTrip) outcomeName() string {
	if t.Rule != "" {
		return ""
	}
	return t.Outcome.String()
}

func updateTrip(c engine.Writer, trip *BreakerTrip) error {
	return c.Exec("UPDATE breaker_trips SET since = ?, until = ?, window_us = ?, to_seq = ?, events = ?, share = ? WHERE id = ?",
		int64(trip.Since), int64(trip.Until), trip.Window.Microseconds(), trip.ToSeq, trip.Events, int64(math.Round(trip.Share*shareUnit)), trip.ID)
}

// shareUnit is what a share of 1 is stored as.
const shareUnit = 1e6

const tripColumns = `t.id, t.source, t.outcome, t.since, t.until, t.window_us, t.from_seq, t.to_seq, t.events, t.share, t.state, t.reviewed_at, t.by, t.batch,
	t.rule, t.digest, (SELECT max(until) FROM breaker_trips r WHERE r.source = t.source AND r.outcome = t.outcome AND r.id < t.id AND r.state = 'released')`

// scan reads a row of tripColumns.
func (t *BreakerTrip) scan(r engine.Rows) (err error) {
	*t = BreakerTrip{ID: r.Int(0), Source: r.Text(1), Since: hygiene.Instant(r.Int(3)), Until: hygiene.Instant(r.Int(4)),
		Window: time.Duration(r.Int(5)) * time.Microsecond, FromSeq: r.Int(6), ToSeq: r.Int(7), Events: r.Int(8),
		Share: float64(r.Int(9)) / shareUnit, State: TripState(r.Text(10)), ReviewedAt: hygiene.Instant(r.Int(11)), By: r.Text(12), Batch: r.Int(13),
		Rule: r.Text(14), Digest: uint64(r.Int(15)), released: hygiene.Instant(r.Int(16))}
	if t.Rule != "" {
		t.released = 0
		return nil
	}
	if t.Outcome, err = hygiene.ParseOutcome(r.Text(2)); err != nil {
		return fmt.Errorf("read trip %d: %w", t.ID, err)
	}
	return nil
}

// BreakerTrips reads all trips: first those that wait, and of each kind the latest first.
func (s *Store) BreakerTrips() (list []BreakerTrip, err error) {
	err = s.read(func(c engine.Reader) error {
		all, err := trips(c, "id DESC")
		if err != nil {
			return err
		}
		var reviewed []BreakerTrip
		for i := range all {
			if err := all[i].countContacts(c); err != nil {
				return err
			}
			if all[i].State == TripHeld {
				list = append(list, all[i])
			} else {
				reviewed = append(reviewed, all[i])
			}
		}
		list = append(list, reviewed...)
		return nil
	})
	return list, err
}

// FindTrips reads the latest trips that are wanted, at most so many, and how many more there
// are. It counts no contacts.
func (s *Store) FindTrips(most int, wanted func(*BreakerTrip) bool) (list []BreakerTrip, more int64, err error) {
	err = s.read(func(c engine.Reader) error {
		all, err := trips(c, "id DESC")
		list = slices.DeleteFunc(all, func(t BreakerTrip) bool { return !wanted(&t) })
		return err
	})
	shown := min(most, len(list))
	return list[:shown], int64(len(list) - shown), err
}

// trips reads all trips in that order, with the state that they have now.
func trips(c engine.Querier, order string) (list []BreakerTrip, err error) {
	r := c.Query("SELECT " + tripColumns + " FROM breaker_trips t ORDER BY " + order)
	for err == nil && r.Next() {
		list = append(list, BreakerTrip{})
		err = list[len(list)-1].scan(r)
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	for i := range list {
		if err := list[i].reopenIfUndone(c); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// countContacts counts the contacts with a verdict that waits for the trip.
func (t *BreakerTrip) countContacts(c engine.Querier) (err error) {
	// The condition that held is not 0 lets a database use the index of those rows.
	t.Contacts, err = c.Number("SELECT count(DISTINCT contact) FROM ledger WHERE held_by = ? AND held_by <> 0", t.ID)
	return err
}

// reopenIfUndone makes a trip wait again when its discarding was undone.
func (t *BreakerTrip) reopenIfUndone(c engine.Querier) error {
	if t.State != TripDiscarded || t.Batch == 0 {
		return nil
	}
	b, ok, err := batch(c, t.Batch)
	if err != nil || !ok {
		return err
	}
	if _, err := b.follow(c); err != nil || b.UndoneBy == 0 {
		return err
	}
	t.State, t.ReviewedAt, t.By = TripHeld, 0, ""
	return nil
}

// BreakerSummary is how often breakers tripped on an outcome at a source.
type BreakerSummary struct {
	Source  string
	Outcome hygiene.Outcome
	Rule    string       // of trips of a rule, which have no source and no outcome
	Digest  uint64       // of the rule
	Waiting int64        // trips that were not reviewed
	Held    int64        // events, ever
	Told    *BreakerTrip // the latest that was only told; nil for none
}

// RuleOf is the rule that the trip holds; nil when the policy has none that reads as that
// did, so that what was held waits, and nothing more is held.
func (t *BreakerTrip) RuleOf(p *hygiene.Policy) *hygiene.Rule {
	return p.RuleOf(&hygiene.Cause{Rule: t.Rule, Digest: t.Digest})
}

// toldFor is how long a surge that is only reported is news.
const toldFor = 24 * time.Hour

// IsNews reports whether the trip is one that is only reported and whose last event was
// received less than a day before now.
func (t *BreakerTrip) IsNews(now hygiene.Instant) bool {
	return t != nil && t.State == TripTold && now.Sub(t.Until) < toldFor
}

// IsOn reports whether the surge that is only reported goes on: whether its last event is
// within the breaker's window before now.
func (t *BreakerTrip) IsOn(now hygiene.Instant) bool {
	return t != nil && t.State == TripTold && now.Sub(t.Until) <= t.Window
}

func (s *BreakerSummary) isOf(t *BreakerTrip) bool {
	return s.Source == t.Source && s.Outcome == t.Outcome && s.Rule == t.Rule && s.Digest == t.Digest
}

// BreakerSummaries sums up the trips by source and outcome. It counts no contacts, so it
// is cheap enough for metrics.
func (s *Store) BreakerSummaries() (list []BreakerSummary, err error) {
	err = s.read(func(c engine.Reader) error {
		all, err := trips(c, "rule, digest, source, outcome, id")
		for i := range all {
			t := &all[i]
			if n := len(list); n == 0 || !list[n-1].isOf(t) {
				list = append(list, BreakerSummary{Source: t.Source, Outcome: t.Outcome, Rule: t.Rule, Digest: t.Digest})
			}
			sum := &list[len(list)-1]
			if t.State == TripTold {
				sum.Told = t
				continue
			}
			sum.Held += t.Events
			if t.State == TripHeld {
				sum.Waiting++
			}
		}
		return err
	})
	return list, err
}
