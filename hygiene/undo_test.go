package hygiene

import (
	"math/rand/v2"
	"testing"
)

// shown is what of a contact anyone sees: what holds, and what waits.
func shown(c *Contact, at Instant) string {
	d := c.clone()
	d.Instructions = nil
	for i := range d.Suppressions {
		d.Suppressions[i].Held = min(d.Suppressions[i].Held, 1)
	}
	return facts(d)
}

func TestAStrikeTakenBackGivesTheContactBack(t *testing.T) {
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		events := randomEvents(r, 10+r.IntN(200), true)
		arrive(t, p, c, events, 0)
		end := EndOf(events[len(events)-1].At)
		end.Seq = int64(len(events))
		before := c.clone()
		in := randomStrike(r, end)
		in.Batch = 9
		if p.Concerns(c, &in) {
			p.Instruct(c, in)
			if p.Concerns(c, &in) {
				t.Errorf("the same strike again concerns the contact")
			}
		}
		struck := facts(c.clone())
		p.Revoke(c, 9, true, end)
		if a, b := shown(before, end.At), shown(c, end.At); a != b {
			t.Errorf("before %s\nafter %s", a, b)
		}
		p.Revoke(c, 9, false, end)
		if facts(c) != struck {
			t.Errorf("struck %s\nand again %s", struck, facts(c))
		}
	})
}

func TestWhatWasHeldAndReleasedIsAsIfItNeverWaited(t *testing.T) {
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		free, held := &Contact{}, &Contact{}
		events := randomEvents(r, 5+r.IntN(60), true)
		arrive(t, p, free, events, 0)
		for i := range events {
			if r.IntN(3) == 0 {
				events[i].Held = int64(1 + r.IntN(2))
			}
		}
		arrive(t, p, held, events, 0)
		now := events[len(events)-1].At
		for o := range free.History.trails {
			if free.History.trails[o].Dropped {
				return // some of it has settled as it was
			}
		}
		for trip := range int64(2) {
			p.Unhold(held, trip+1, EndOf(now))
		}
		if a, b := facts(free), facts(held); a != b {
			t.Errorf("never held %s\nreleased %s", a, b)
		}
	})
}

func TestWhatWaitsIsIgnored(t *testing.T) {
	p := examplePolicy()
	c := &Contact{}
	p.Apply(c, &Event{Seq: 1, At: start, Source: "a", MessageID: "m", Outcome: HardBounce, Held: 7})
	if s := c.Status(start); s != Active {
		t.Errorf("the contact is %s", s)
	}
	if held := c.HeldSuppressions(start); len(held) != 1 || held[0].Held != 7 || len(c.Reasons(start)) > 0 || len(c.OpenSuppressions(start)) > 0 {
		t.Errorf("what waits: %+v, reasons %v", held, c.Reasons(start))
	}
	changes := p.Unhold(c, 7, Moment{start.Add(Day), 2})
	if len(changes) != 1 || changes[0].Act != Suppressed || c.Status(start.Add(Day)) != IsSuppressed || c.Waits(7) {
		t.Errorf("released: %+v, %s", changes, c.Status(start.Add(Day)))
	}
}
