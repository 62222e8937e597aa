package store

import (
	"context"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/appender"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/erasure"
	"winnow/store/forgotten"
)

// What tests see of the package beside its names.
const (
	KeptTimes    = keptTimes
	KeyStep      = keyStep
	LockPoll     = lockPoll
	PageMarks    = pageMarks
	RangeSize    = rangeSize
	RewriteBytes = rewriteBytes
	RewriteRows  = rewriteRows
)

var (
	NewBreakerWindows = newBreakerWindows
	PinsFrom          = pinsFrom
	SecondOf          = secondOf
	WindowSeconds     = windowSeconds
)

func (s *Store) Write(do func(engine.Writer) error) error { return s.write(do) }

func (s *Store) Read(do func(engine.Reader) error) error { return s.read(do) }

func (s *Store) ReadLog(do func(engine.LogReader) error) error { return s.readLog(do) }

// SmallLots makes a sweep read the log a few events at a time, until the test ends.
func SmallLots(t *testing.T) {
	before := lotEvents
	lotEvents = 7
	t.Cleanup(func() { lotEvents = before })
}

// SmallSteps makes steps through the contacts small until the test ends, and returns how
// many contacts one looks at.
func SmallSteps(t *testing.T) int {
	before := stepSize
	t.Cleanup(func() { stepSize = before })
	stepSize = 200
	return stepSize
}

// ForgetWindows makes the next sweep read the breakers' counts, as another process
// would.
func (s *Store) ForgetWindows() { s.windows = nil }

// SaveContacts stores contacts from that place until before the other, as fill
// makes them from their places.
func (s *Store) SaveContacts(p *hygiene.Policy, from, to int, fill func(i int, c *hygiene.Contact)) error {
	return s.writeAs(p, func(w *txWriter) error {
		k := &contactRow{}
		for i := from; i < to; i++ {
			k.reset("")
			fill(i, &k.Contact)
			if err := w.save(k, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetKeyIndex makes the store one of a version that did not look at keys.
func (s *Store) ForgetKeyIndex() error {
	return s.write(func(c engine.Writer) error {
		if err := c.Exec("DELETE FROM near_keys"); err != nil {
			return err
		}
		return c.Exec("DELETE FROM counters WHERE name IN (?, ?)", counters.KeyVersion, counters.KeySeen)
	})
}

// IndexKeyStep does one step of looking through the keys.
func (s *Store) IndexKeyStep() error {
	last, err := s.lastKeySeen()
	if err != nil {
		return err
	}
	rows, err := s.keysAfter(last)
	if err != nil {
		return err
	}
	return s.writeAs(nil, func(w *txWriter) error {
		if err := w.indexLooseForms(rows); err != nil {
			return err
		}
		return counters.Set(w, counters.KeySeen, rows[len(rows)-1].ID)
	})
}

// OpenPortions begins to sweep the log with others, and leaves it at that, as a process that dies
// then.
func (s *Store) OpenPortions(o SweepOptions, upTo int64, n int) error {
	var did Swept
	return s.openPortions(&o, 0, upTo, n, &did)
}

// SweepPortion sweeps one portion of that.
func (s *Store) SweepPortion(o SweepOptions) (taken bool, err error) {
	_, taken, err = s.sweepPortion(&o)
	return taken, err
}

func (s *Store) StepThrough(ctx context.Context, concerns func(*hygiene.Contact) bool) error {
	_, err := s.stepThrough(ctx, concerns, nil, nil)
	return err
}

func (s *Store) BeginReview(t *BreakerTrip, r TripReview, kind BatchKind) (Batch, error) {
	return s.beginReview(t, r, kind)
}

func (t *BreakerTrip) StrikeInstruction() hygiene.Instruction { return t.strike() }

type BreakerWindows = breakerWindows

func (w *breakerWindows) Count(events []hygiene.Event, hold func(*hygiene.Event, *hygiene.Breaker, float64) error) error {
	return w.count(events, hold)
}

type KeyPager = keyPager

// NewKeyPager is a pager of marks that read returns.
func NewKeyPager(read func(from string, most int) ([]string, []segments.Pin, error)) *KeyPager {
	return &keyPager{read: read}
}

func (p *keyPager) Find(key string) (from, to int, err error) { return p.find(key) }

// ReclassifyContacts does the contacts' part of a reclassification alone, of at
// most so many events, as when the process is killed before the log's part.
func (s *Store) ReclassifyContacts(p *hygiene.Policy, of Outcomes, b Batch, m hygiene.Moment, swept int64, most func(events int) int) error {
	r := &reclassifier{store: s, policy: p, batch: b, moment: m, swept: swept, did: newReclassification()}
	return s.eachPiece(context.Background(), of, newReclassification(), nil, func(events []hygiene.Event) error {
		events = events[:most(len(events))]
		updates := make([]engine.OutcomeUpdate, len(events))
		for i, e := range events {
			is, _ := of(e.Source, e.Name, e.Code)
			updates[i] = engine.OutcomeUpdate{Seq: e.Seq, Outcome: is}
		}
		return r.moveEvents(events, updates)
	})
}

func (s *Store) PendingOutcomes() ([]engine.OutcomeUpdate, error) { return s.pendingOutcomes() }

func (s *Store) RewriteNext(updates []engine.OutcomeUpdate) (n, weight int, err error) {
	return s.rewriteNext(updates)
}

// Remember keeps what keeps the contact away, as forgetting it does before it deletes
// anything.
func (s *Store) Remember(policy *hygiene.Policy, key string, now hygiene.Instant, messages ...engine.MessageKey) error {
	return s.write(func(w engine.Writer) error {
		k := &contactRow{}
		if err := k.load(w, key); err != nil {
			return err
		}
		p := &erasure.Person{Keys: []string{key}, IDs: []int64{k.stored.ID}}
		for _, phone := range k.AllNumbers() {
			p.Numbers = append(p.Numbers, erasure.Number{Phone: phone})
		}
		if err := remember(w, policy, p, now); err != nil {
			return err
		}
		return rememberMessages(w, p, messages)
	})
}

// Forgotten reads what is kept of a contact's key and of a phone number.
func (s *Store) Forgotten(key, phone string) (ofKey, ofNumber *forgotten.Kept, err error) {
	err = s.read(func(c engine.Reader) error {
		h, err := forgotten.Open(c)
		if err != nil || h == nil {
			return err
		}
		if ofKey, err = h.OfKey(c, key); err == nil {
			ofNumber, err = h.OfNumber(c, phone)
		}
		return err
	})
	return ofKey, ofNumber, err
}

// PackAgain saves a contact, lets it change and packs it again, and returns the facts that
// are stored, as a copy that was made before and as they are kept then.
func (s *Store) PackAgain(p *hygiene.Policy, key string, change func(*hygiene.Contact)) (stored, kept []byte, err error) {
	err = s.writeAs(p, func(w *txWriter) error {
		k := &contactRow{}
		k.reset(key)
		if err := w.save(k, nil); err != nil {
			return err
		}
		stored = slices.Clone(k.stored.Facts)
		change(&k.Contact)
		k.pack()
		kept = k.stored.Facts
		return nil
	})
	return stored, kept, err
}

// BoundQuarantine bounds the bytes of quarantine until the test ends. It comes before the
// store is opened.
func BoundQuarantine(t *testing.T, bytes int64) {
	was := appender.QuarantineBytes
	appender.QuarantineBytes = bytes
	t.Cleanup(func() { appender.QuarantineBytes = was })
}
