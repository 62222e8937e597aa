package hygiene

import (
	"slices"
)

// EntriesKept is how many entries a history keeps of each outcome.
const EntriesKept = 16

// Kind is what a rule may narrow by, besides the outcome: the provider account and
// its code.
type Kind struct{ Source, Code string }

// Entry is one event as a history keeps it.
type Entry struct {
	Moment
	Message uint64 // see [MessageHash]
	kind    int    // index into History.kinds
	outcome Outcome
	// from is of a number's entry: which contact gave it, counted from 1 among
	// History.givers. 0 for a contact's own.
	from int32
	// to is of a contact's entry: which number the event's body names, counted from 1
	// among History.phones; 0 for none.
	to   int32
	held int64 // the breaker trip that holds it; 0 for none
	// afterDelivery marks a soft bounce of a message that had been delivered. It is
	// kept, and triggers nothing.
	afterDelivery bool
	// received says that the time is when the log received the event.
	received bool
	// lastRepeat is the time of the latest repeat, 0 without one. lastSeq and
	// lastReceived are those of that repeat, and known for opt-outs only, which are
	// judged again then.
	lastRepeat   Instant
	lastSeq      int64
	lastReceived bool
}

// again is the entry as the latest repeat of an opt-out says it again; nil for none.
// The same words about the same message count again after what lifted the first, an
// opt-in or an operator. In between they change nothing.
func (e *Entry) again() *Entry {
	if e.outcome != Unsubscribed || e.lastRepeat <= e.At {
		return nil
	}
	again := *e
	again.Moment, again.received = Moment{e.lastRepeat, e.lastSeq}, e.lastReceived
	return &again
}

// latest is the moment of the entry, or of its latest repeat if that is judged again.
func (e *Entry) latest() Moment {
	if again := e.again(); again != nil {
		return again.Moment
	}
	return e.Moment
}

// OutcomeHistory is what a history keeps of one outcome: the latest entries, in order.
type OutcomeHistory struct {
	Entries []Entry // ascending by Moment, at most EntriesKept
	First   Instant // time of the first one ever seen
	Dropped bool    // older ones than Entries have been dropped: the outcome overflowed
	// repeatedUntil is the latest time at which a dropped entry was repeated. Without
	// it, such a repeat read from the same archive again would look new.
	repeatedUntil Instant
}

// Oldest is the time before which nothing is known of an outcome that overflowed:
// that of its oldest kept entry. It is 0 for any other.
func (t *OutcomeHistory) Oldest() Instant {
	if !t.Dropped {
		return 0
	}
	if len(t.Entries) == 0 {
		return t.repeatedUntil
	}
	return t.Entries[0].At
}

// Last is the moment of the latest entry; zero when there is none.
func (t *OutcomeHistory) Last() Moment {
	if len(t.Entries) == 0 {
		return Moment{}
	}
	return t.Entries[len(t.Entries)-1].Moment
}

// History is the bounded summary of a contact's events. It has the same size after
// ten events as after ten thousand, and has everything that a rule may look at. The
// zero History is empty.
type History struct {
	kinds    []Kind
	givers   []int64  // of a number's history: the contacts that gave entries or acts
	phones   []string // of a contact's history: the numbers that bodies name
	outcomes [outcomeEnd]OutcomeHistory
}

// Outcome is what is kept of one outcome.
func (h *History) Outcome(o Outcome) *OutcomeHistory { return &h.outcomes[o] }

// Kind is the source and code of an entry of this history.
func (h *History) Kind(e *Entry) Kind { return h.kinds[e.kind] }

// Latest is the moment of the latest entry of all outcomes; zero for an empty
// history.
func (h *History) Latest() Moment {
	var m Moment
	for o := range h.outcomes {
		if l := h.outcomes[o].Last(); l.After(m) {
			m = l
		}
	}
	return m
}

// FirstSeen is the time of the earliest event ever seen; 0 for an empty history.
func (h *History) FirstSeen() Instant {
	var first Instant
	for o := range h.outcomes {
		first = earliest(first, h.outcomes[o].First)
	}
	return first
}

// CameAfterDelivery reports whether the event is a soft bounce of a message that had been
// delivered: it is kept, and says nothing.
func (h *History) CameAfterDelivery(e *Event) bool {
	return e.Outcome == SoftBounce && slices.ContainsFunc(h.outcomes[SoftBounce].Entries, func(kept Entry) bool {
		return kept.Moment == e.Moment() && kept.afterDelivery
	})
}

// Addition is what adding an event did to a history.
type Addition uint8

// What adding an event can do.
const (
	Added   Addition = iota
	Earlier          // a repeat of a kept event with an earlier time, which replaces the kept time
	Repeat           // a repeat, ignored
	TooOld           // older than what an outcome that overflowed keeps, ignored
	Again            // a later repeat of an opt-out, which counts again after what lifted the first
)

// Add adds an event. Of repeats (the same source, message, outcome and code) the
// earliest counts. An outcome that overflowed ignores what is not newer than its
// oldest entry, so reading the same archive twice changes nothing.
func (h *History) Add(e *Event) Addition {
	added, _ := h.add(e)
	return added
}

// add is Add, and returns the moment that a repeated entry no longer has; zero for
// none.
func (h *History) add(e *Event) (added Addition, replaced Moment) {
	t := &h.outcomes[e.Outcome]
	if t.First == 0 || e.At < t.First {
		t.First = e.At
	}
	entry := Entry{Moment: e.Moment(), Message: MessageHash(e.Source, e.MessageID), kind: h.kindIndex(Kind{e.Source, e.Code}),
		outcome: e.Outcome, held: e.Held, received: e.Received}
	tooOld := t.Dropped && e.At <= max(t.repeatedUntil, t.Oldest())
	if i := t.find(&entry); i >= 0 {
		if added, replaced = t.repeat(i, &entry, tooOld); added == Earlier {
			h.markBounces(e.Outcome, entry.Message)
		}
		return added, replaced
	}
	if tooOld || len(t.Entries) == EntriesKept && e.At <= t.Entries[0].At {
		t.Dropped = true
		return TooOld, Moment{}
	}
	if len(t.Entries) == EntriesKept {
		t.drop(0)
	}
	t.insert(entry)
	h.markBounces(e.Outcome, entry.Message)
	return Added, Moment{}
}

// markBounces marks which soft bounces of a message came after its delivery, when
// an entry of outcome o was added: only bounces and deliveries matter.
func (h *History) markBounces(o Outcome, message uint64) {
	if o != SoftBounce && o != Delivered {
		return
	}
	var delivered *Entry
	for i := range h.outcomes[Delivered].Entries {
		if e := &h.outcomes[Delivered].Entries[i]; e.Message == message {
			delivered = e
			break
		}
	}
	if delivered == nil {
		return
	}
	for i := range h.outcomes[SoftBounce].Entries {
		if e := &h.outcomes[SoftBounce].Entries[i]; e.Message == message {
			e.afterDelivery = e.After(delivered.Moment)
		}
	}
}

// repeat decides which time of a repeated entry counts. It returns the moment that
// the entry no longer has; zero for none.
func (t *OutcomeHistory) repeat(i int, other *Entry, tooOld bool) (added Addition, replaced Moment) {
	e := t.Entries[i]
	if other.At >= e.At || tooOld {
		if other.At <= e.lastRepeat {
			return Repeat, Moment{}
		}
		latest := &t.Entries[i]
		if latest.again() != nil {
			replaced = latest.latest()
		}
		latest.saidAt(other)
		if latest.again() == nil {
			return Repeat, Moment{}
		}
		return Again, replaced
	}
	if replaced = e.Moment; e.lastRepeat < e.At {
		e.saidAt(&e)
	}
	e.Moment, e.held, e.received = other.Moment, other.held, other.received
	t.Entries = slices.Delete(t.Entries, i, i+1)
	t.insert(e)
	return Earlier, replaced
}

// saidAt makes other the latest repeat of the entry.
func (e *Entry) saidAt(other *Entry) {
	e.lastRepeat = other.At
	if e.outcome == Unsubscribed {
		e.lastSeq, e.lastReceived = other.Seq, other.received
	}
}

func (t *OutcomeHistory) drop(i int) {
	t.repeatedUntil = max(t.repeatedUntil, t.Entries[i].lastRepeat)
	t.Dropped = true
	t.Entries = slices.Delete(t.Entries, i, i+1)
}

func (t *OutcomeHistory) insert(e Entry) {
	i := len(t.Entries)
	for i > 0 && t.Entries[i-1].After(e.Moment) {
		i--
	}
	t.Entries = slices.Insert(t.Entries, i, e)
}

func (t *OutcomeHistory) find(e *Entry) int {
	for i := range t.Entries {
		if t.Entries[i].Message == e.Message && t.Entries[i].kind == e.kind {
			return i
		}
	}
	return -1
}

func (h *History) kindIndex(k Kind) int {
	if i := slices.Index(h.kinds, k); i >= 0 {
		return i
	}
	h.kinds = append(h.kinds, k)
	return len(h.kinds) - 1
}

// Seqs lists the places in the log of all entries that are kept.
func (h *History) Seqs() []int64 {
	var seqs []int64
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			seqs = append(seqs, h.outcomes[o].Entries[i].Seq)
		}
	}
	return seqs
}

// has reports whether the history keeps an entry of that seq, or one that was last
// repeated there.
func (h *History) has(seq int64) bool {
	for o := range h.outcomes {
		if slices.ContainsFunc(h.outcomes[o].Entries, func(e Entry) bool { return e.Seq == seq || e.lastSeq == seq }) {
			return true
		}
	}
	return false
}

// showsAll reports whether the history keeps the entries of all these seqs.
func (h *History) showsAll(seqs []int64) bool {
	return !slices.ContainsFunc(seqs, func(seq int64) bool { return !h.has(seq) })
}

// earliest is the earlier of two times, of which 0 is none.
func earliest(a, b Instant) Instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
