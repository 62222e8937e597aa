package store

import (
	"errors"
	"fmt"
	"math"
	"time"

	"winnow/hygiene"
)

// Trip is a surge of an outcome at a source as a breaker held it: the verdicts
// on its events wait until someone releases or discards it.
type Trip struct {
	ID         int64
	Source     string
	Outcome    hygiene.Outcome
	Since      hygiene.Instant // receipt of the earliest event that was held
	Until      hygiene.Instant // receipt of the latest one
	Window     time.Duration   // the breaker's
	FromSeq    int64           // of the first event that was held
	ToSeq      int64
	Events     int64   // held
	Share      float64 // the highest that one of them met: of the source's events in the window before it, 0 to 1
	Contacts   int64   // with a verdict that waits for it, or waited
	State      TripState
	ReviewedAt hygiene.Instant // 0 while it waits
	By         string          // who reviewed it
	Batch      int64           // the review's act on the contacts; 0 for none

	released hygiene.Instant // until when an earlier trip of the same was released; 0 for never
}

// TripState is what became of a trip.
type TripState string

// The states of trips. They are stored as these words. One whose discarding was
// undone is held again.
const (
	TripHeld      TripState = "held"
	TripReleased  TripState = "released"
	TripDiscarded TripState = "discarded"
)

// From is when the window of the first event that was held began, or, when later,
// when a trip ended that someone released: what was found right is not doubted
// again.
func (t *Trip) From() hygiene.Instant {
	from := t.Since.Add(-t.Window)
	if t.released != 0 {
		from = max(from, t.released+1)
	}
	return from
}

// watch lets the breakers look at the next events of the log, in their order,
// and marks those that they hold.
func (s *Store) watch(p *pen, o *SweepOptions, events []hygiene.Event, from, upTo int64, did *Swept) error {
	if len(o.Breakers) == 0 {
		return nil
	}
	w, err := s.surgesAt(p.c, o.Breakers, from)
	if err != nil {
		return err
	}
	s.surges = nil // when something fails it must be read again
	t := tripping{pen: p, under: map[tripKey]*Trip{}, did: did}
	if err := w.take(events, t.hold); err != nil {
		return err
	}
	if err := t.save(); err != nil {
		return err
	}
	if err := w.save(p.c, upTo); err != nil {
		return err
	}
	s.surges = w
	return nil
}

// tripping gathers the trips of a batch.
type tripping struct {
	*pen
	under map[tripKey]*Trip // the trip under way; one without an ID when there is none
	did   *Swept
}

type tripKey struct {
	source  string
	outcome hygiene.Outcome
}

// hold marks the event with its trip: the one that waits and whose last event is
// within the window, or a new one. A trip that was reviewed holds nothing more,
// so that the log alone decides what is held.
func (t *tripping) hold(e *hygiene.Event, b *hygiene.Breaker, share float64) error {
	key := tripKey{e.Source, e.Outcome}
	trip, known := t.under[key]
	if !known {
		var err error
		if trip, err = lastTrip(t.c, key); err != nil {
			return err
		}
	}
	if trip.State != TripHeld || e.ReceivedAt.Sub(trip.Until) > b.Window {
		if err := t.keep(trip); err != nil {
			return err
		}
		trip = &Trip{Source: e.Source, Outcome: e.Outcome, Since: e.ReceivedAt, Until: e.ReceivedAt, Window: b.Window, FromSeq: e.Seq, State: TripHeld}
		if err := t.begin(trip); err != nil {
			return err
		}
	}
	t.under[key] = trip
	trip.Since, trip.Until = min(trip.Since, e.ReceivedAt), max(trip.Until, e.ReceivedAt)
	trip.Window, trip.ToSeq = max(trip.Window, b.Window), e.Seq
	trip.Share = max(trip.Share, share)
	trip.Events++
	t.did.Held++
	e.Held = trip.ID
	return nil
}

// lastTrip is the latest trip of an outcome at a source; one without a state for
// none.
func lastTrip(c *conn, key tripKey) (*Trip, error) {
	trip := &Trip{}
	r := c.query("SELECT "+tripColumns+" FROM trips t WHERE source = ? AND outcome = ? ORDER BY id DESC LIMIT 1", key.source, key.outcome.String())
	var err error
	if r.next() {
		err = trip.scan(r)
	}
	return trip, errors.Join(err, r.close())
}

func (t *tripping) begin(trip *Trip) (err error) {
	trip.ID, err = t.c.number(`INSERT INTO trips (source, outcome, since, until, window, from_seq, to_seq, events, share, state, reviewed_at, by, batch)
		VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0, '', 0) RETURNING id`, trip.Source, trip.Outcome.String(),
		int64(trip.Since), int64(trip.Until), trip.Window.Microseconds(), trip.FromSeq, string(TripHeld))
	t.did.Tripped = append(t.did.Tripped, trip)
	return err
}

// save writes the trips as they now stand.
func (t *tripping) save() error {
	for _, trip := range t.under {
		if err := t.keep(trip); err != nil {
			return err
		}
	}
	return nil
}

func (t *tripping) keep(trip *Trip) error {
	return t.c.exec("UPDATE trips SET since = ?, until = ?, window = ?, to_seq = ?, events = ?, share = ? WHERE id = ?",
		int64(trip.Since), int64(trip.Until), trip.Window.Microseconds(), trip.ToSeq, trip.Events, int64(math.Round(trip.Share*millionths)), trip.ID)
}

// millionths are what shares are stored in.
const millionths = 1e6

const tripColumns = `t.id, t.source, t.outcome, t.since, t.until, t.window, t.from_seq, t.to_seq, t.events, t.share, t.state, t.reviewed_at, t.by, t.batch,
	(SELECT max(until) FROM trips r WHERE r.source = t.source AND r.outcome = t.outcome AND r.id < t.id AND r.state = 'released')`

// scan reads a row of tripColumns.
func (t *Trip) scan(r *rows) (err error) {
	*t = Trip{ID: r.int(0), Source: r.text(1), Since: hygiene.Instant(r.int(3)), Until: hygiene.Instant(r.int(4)),
		Window: time.Duration(r.int(5)) * time.Microsecond, FromSeq: r.int(6), ToSeq: r.int(7), Events: r.int(8),
		Share: float64(r.int(9)) / millionths, State: TripState(r.text(10)), ReviewedAt: hygiene.Instant(r.int(11)), By: r.text(12), Batch: r.int(13), released: hygiene.Instant(r.int(14))}
	if t.Outcome, err = hygiene.ParseOutcome(r.text(2)); err != nil {
		return fmt.Errorf("read trip %d of the roster: %w", t.ID, err)
	}
	return nil
}

// Trips lists all trips: those that wait first, and of each the latest first.
func (s *Store) Trips() (list []Trip, err error) {
	err = s.read(func(c *conn) error {
		list, err = trips(c)
		return err
	})
	return list, err
}

// trips lists all trips, the latest first within those that wait and the others.
func trips(c *conn) (waiting []Trip, err error) {
	var reviewed []Trip
	all := []Trip{}
	r := c.query("SELECT " + tripColumns + " FROM trips t ORDER BY id DESC")
	for err == nil && r.next() {
		all = append(all, Trip{})
		err = all[len(all)-1].scan(r)
	}
	if err = errors.Join(err, r.close()); err != nil {
		return nil, err
	}
	for i := range all {
		if err := all[i].complete(c); err != nil {
			return nil, err
		}
		if all[i].State == TripHeld {
			waiting = append(waiting, all[i])
		} else {
			reviewed = append(reviewed, all[i])
		}
	}
	return append(waiting, reviewed...), nil
}

// complete counts the contacts, and tells whether the review stands.
func (t *Trip) complete(c *conn) (err error) {
	// That held is not 0 is said for SQLite, which finds the index by it.
	if t.Contacts, err = c.number("SELECT count(DISTINCT contact) FROM ledger WHERE held = ? AND held <> 0", t.ID); err != nil {
		return err
	}
	return t.settle(c)
}

// settle lets a trip wait again when its discarding was undone.
func (t *Trip) settle(c *conn) error {
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

// Surging is how often a breaker tripped on an outcome at a source.
type Surging struct {
	Source  string
	Outcome hygiene.Outcome
	Waiting int64 // trips that nobody reviewed
	Held    int64 // events, ever
}

// Surgings sums up the trips by source and outcome. It counts no contacts, so
// that whoever watches may ask often.
func (s *Store) Surgings() (list []Surging, err error) {
	var all []Trip
	err = s.read(func(c *conn) error {
		r := c.query("SELECT " + tripColumns + " FROM trips t ORDER BY source, outcome, id")
		for err == nil && r.next() {
			all = append(all, Trip{})
			err = all[len(all)-1].scan(r)
		}
		err = errors.Join(err, r.close())
		for i := range all {
			err = errors.Join(err, all[i].settle(c))
		}
		return err
	})
	for i := range all {
		t := &all[i]
		if n := len(list); n == 0 || list[n-1].Source != t.Source || list[n-1].Outcome != t.Outcome {
			list = append(list, Surging{Source: t.Source, Outcome: t.Outcome})
		}
		of := &list[len(list)-1]
		of.Held += t.Events
		if t.State == TripHeld {
			of.Waiting++
		}
	}
	return list, err
}
