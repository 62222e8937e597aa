package hygiene

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// happening is an event of a contact under test: its day, its outcome, and the breaker
// trip that holds it.
type happening struct {
	day  int
	o    Outcome
	held int64
}

// event is the n-th event of the contact.
func (h happening) event(n int) Event {
	at := start.Add(time.Duration(h.day) * Day)
	return Event{Seq: int64(n), At: at, ReceivedAt: at, Source: "a", MessageID: fmt.Sprint("m", n), Outcome: h.o, Held: h.held}
}

// happen applies the events to the contact, of which so many happened before.
func happen(p *Policy, c *Contact, before int, list ...happening) {
	for i, h := range list {
		e := h.event(before + i + 1)
		p.Apply(c, &e)
	}
}

// reclassified gives the n-th event another outcome.
func reclassified(p *Policy, c *Contact, n int, was happening, o Outcome) {
	e := was.event(n)
	e.Outcome = o
	p.Reclassify(c, &e, e.Moment(), "")
}

// staysAsItIs fails unless judging the contact again changes nothing.
func staysAsItIs(t *testing.T, p *Policy, c *Contact) {
	t.Helper()
	before := c.clone()
	if changes := p.Rejudge(c, Moment{start, 0}, ""); len(changes) > 0 || !bytes.Equal(before.Pack(nil), c.Pack(nil)) {
		t.Errorf("judging again gave %+v\nbefore %+v %+v\nafter %+v %+v", changes, before.Suppressions, before.Instructions, c.Suppressions, c.Instructions)
	}
}

func suppressing(name, reason string, q *When, d time.Duration) Rule {
	return Rule{Name: name, When: q, Then: Action{Suppress: &SuppressAction{Reason: reason, For: d}}}
}

// What an event said of a protected reason stays when it gets another outcome, also as
// that which was in force when a later event renewed it.
func TestARenewalThatTheHistoryNoLongerShowsBridgesToTheNext(t *testing.T) {
	p := NewPolicy([]Rule{suppressing("out", OptedOut, counting(1, 0, 0, Unsubscribed, SoftBounce), 7*Day)}, "test")
	c := &Contact{Key: "k"}
	happen(p, c, 0, happening{day: 0, o: Unsubscribed}, happening{day: 4, o: SoftBounce})
	reclassified(p, c, 2, happening{day: 4}, Delivered)
	happen(p, c, 2, happening{day: 10, o: SoftBounce})
	staysAsItIs(t, p, c)
	if s := c.Suppressions; len(s) != 1 || s[0].Since.At != start || s[0].Until != start.Add(17*Day) {
		t.Errorf("suppressed %+v", s)
	}
}

func TestARuleThatReleasedLaterIsRememberedAlone(t *testing.T) {
	lift := Rule{Name: "in", When: counting(1, 0, 0, Resubscribed), Then: Action{Release: []string{OptedOut}}}
	p := NewPolicy([]Rule{suppressing("out", OptedOut, counting(1, 0, 0, Unsubscribed), 0), lift}, "test")
	c := &Contact{Key: "k"}
	happen(p, c, 0, happening{day: 0, o: Unsubscribed}, happening{day: 1, o: Resubscribed}, happening{day: 2, o: Unsubscribed})
	reclassified(p, c, 3, happening{day: 2}, Delivered)
	happen(p, c, 3, happening{day: 3, o: Resubscribed})
	staysAsItIs(t, p, c)
	if len(c.Suppressions) != 0 || len(c.Instructions) != 1 || c.Instructions[0].At != start.Add(3*Day) {
		t.Errorf("suppressed %+v, remembered %+v", c.Suppressions, c.Instructions)
	}
}
