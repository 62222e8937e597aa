package traffic

import (
	"math"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

func newTraffic(change func(*Options)) *Traffic {
	o := Options{Seed: 7, Contacts: 1000, Skew: 1, Mix: DefaultMix, Repeats: .1, Disorder: .2, Late: 50, Lies: .1, Kinds: Lies()}
	if change != nil {
		change(&o)
	}
	return New(o, true)
}

// arrivals are the callbacks of so many events, in their order.
func arrivals(t *Traffic, events int64) (list []Callback) {
	for s := t.Sequence(0, func(n int64) time.Time { return time.UnixMicro(n) }); ; {
		c, ok := s.Next(events)
		if !ok {
			return list
		}
		list = append(list, c)
	}
}

func TestTheSameSeedIsTheSameTraffic(t *testing.T) {
	const events = 5000
	one, same, other := arrivals(newTraffic(nil), events), arrivals(newTraffic(nil), events), arrivals(newTraffic(func(o *Options) { o.Seed = 8 }), events)
	if len(one) != len(same) {
		t.Fatalf("%d callbacks, and then %d", len(one), len(same))
	}
	differ := 0
	for i := range one {
		if one[i] != same[i] {
			t.Fatalf("callback %d is %+v, and then %+v", i, one[i], same[i])
		}
		if i < len(other) && one[i].Contact != other[i].Contact {
			differ++
		}
	}
	if differ < len(one)/2 {
		t.Errorf("another seed changes only %d contacts of %d", differ, len(one))
	}
}

func TestEveryEventArrivesAndSomeArriveAgainAndLate(t *testing.T) {
	const events = 20_000
	first, again, late := make([]int, events), 0, 0
	for _, c := range arrivals(newTraffic(nil), events) {
		if c.Again {
			again++
		} else {
			first[c.N]++
		}
		if c.Late && !c.Again {
			late++
		}
	}
	for n, times := range first {
		if times != 1 {
			t.Fatalf("event %d arrives %d times", n, times)
		}
	}
	for what, c := range map[string]struct{ is, want float64 }{"again": {float64(again), .1}, "late": {float64(late), .2}} {
		if share := c.is / events; math.Abs(share-c.want) > .01 {
			t.Errorf("%.3f of the events arrive %s, want %.1f", share, what, c.want)
		}
	}
}

func TestContactsHaveALongTail(t *testing.T) {
	const messages, contacts = 200_000, 10_000
	for _, c := range []struct {
		skew       float64
		least, top float64 // share of the busiest hundredth
		seen       int     // contacts that have a message, at least
	}{{0, .005, .02, 9_900}, {.5, .05, .15, 9_900}, {1, .45, .6, 5_000}} {
		tr := newTraffic(func(o *Options) { o.Contacts, o.Skew = contacts, c.skew })
		counts := make([]int, contacts)
		for m := range int64(messages) {
			counts[tr.Event(tr.Number(m, true)).Contact]++
		}
		busiest, seen := 0, 0
		for i, n := range counts {
			if i < contacts/100 {
				busiest += n
			}
			if n > 0 {
				seen++
			}
		}
		if share := float64(busiest) / messages; share < c.least || share > c.top || seen < c.seen {
			t.Errorf("skew %g: a hundredth of the contacts has %.3f of the messages, and %d have one", c.skew, share, seen)
		}
	}
}

func TestMessagesEndAsTheMixSays(t *testing.T) {
	const messages = 400_000
	tr := newTraffic(func(o *Options) { o.Contacts, o.Skew, o.Lies = 200_000, 0, 0 })
	counts := map[hygiene.Outcome]float64{}
	for m := range int64(messages) {
		counts[tr.Event(tr.Number(m, true)).Outcome]++
	}
	for _, s := range DefaultMix {
		want := s.Weight / DefaultMix.sum()
		if is := counts[s.Outcome] / messages; math.Abs(is-want) > .1*want+.0005 {
			t.Errorf("%.4f of the messages are %s, want %.4f", is, s.Outcome, want)
		}
	}
}

func TestADeadNumberStaysDead(t *testing.T) {
	tr := newTraffic(func(o *Options) { o.Contacts, o.Skew, o.Lies = 300, 0, 0 })
	was := map[int64]hygiene.Outcome{}
	dead := 0
	for m := range int64(50_000) {
		e := tr.Event(tr.Number(m, true))
		before, known := was[e.Contact]
		if known && (isOfNumber(before) || isOfNumber(e.Outcome)) && before != e.Outcome {
			t.Fatalf("contact %d had %s, and then %s", e.Contact, before, e.Outcome)
		}
		if !known && isOfNumber(e.Outcome) {
			dead++
		}
		was[e.Contact] = e.Outcome
	}
	if dead == 0 {
		t.Error("no number is dead, so the test proves nothing")
	}
}

func TestBadHoursSurge(t *testing.T) {
	const events = 100_000
	tr := newTraffic(func(o *Options) {
		o.Lies, o.Total, o.Bad = 0, events, BadHours{Count: 2, Length: .05, Outcome: hygiene.HardBounce, Share: .6}
	})
	var in, bad, out, badOut float64
	for n := int64(1); n < events; n += 2 {
		e := tr.Event(n)
		if tr.IsBad(n) {
			in++
			if e.Outcome == hygiene.HardBounce {
				bad++
			}
			continue
		}
		out++
		if e.Outcome == hygiene.HardBounce {
			badOut++
		}
	}
	if share := in / (in + out); math.Abs(share-.1) > .01 || bad/in < .55 || badOut/out > .1 {
		t.Errorf("%.3f of the messages are in bad hours, of which %.2f bounce; %.2f of the others", share, bad/in, badOut/out)
	}
}

func TestEveryContactHasAValidNumberOfItsOwnThatNobodyHas(t *testing.T) {
	seen := map[string]bool{}
	for contact := range Fictional() + 5000 {
		phone := Phone(contact)
		if parsed, err := contactkey.ParsePhone(phone, ""); err != nil || parsed != phone || seen[phone] || phone[5:8] != "555" {
			t.Fatalf("contact %d has %s: %v, taken %t", contact, phone, err, seen[phone])
		}
		if !IsContact(phone) || !IsContact(Key(contact)) {
			t.Fatalf("%s or %s is not that of a simulated contact", phone, Key(contact))
		}
		if seen[phone] = true; contact < Fictional() && phone[8:10] != "01" {
			t.Fatalf("contact %d has %s, which is not reserved for fiction", contact, phone)
		}
	}
	if Fictional() < 20_000 || Phones() < 2_000_000 || Phone(Phones()-1) == Phone(Phones()-2) {
		t.Errorf("%d numbers for fiction, %d in all", Fictional(), Phones())
	}
}

func TestOtherKeysAreNotThoseOfSimulatedContacts(t *testing.T) {
	for _, key := range []string{"", "crm-1042", "simulated-", "simulated-x", "simulated-1x", "simulated--1", "+905551234567", "+12015560100", "+120155501000", "+1201555010"} {
		if IsContact(key) {
			t.Errorf("%q is taken for a simulated contact", key)
		}
	}
}

func TestAMixIsRead(t *testing.T) {
	mix, err := ParseMix("delivered=90, soft_bounce=7.5,hard_bounce=2.5")
	if err != nil || len(mix) != 3 || mix.sum() != 100 {
		t.Errorf("%v, %v", mix, err)
	}
	for _, wrong := range []string{"", "bounced=1", "delivered", "delivered=x", "delivered=-1", "delivered=0", "delivered=1,delivered=2", "unrecognized=1", "delivered=NaN"} {
		if mix, err := ParseMix(wrong); err == nil {
			t.Errorf("%q is read as %v", wrong, mix)
		}
	}
	rest, lacking := mix.Without(func(o hygiene.Outcome) bool { return o == hygiene.SoftBounce })
	if len(lacking) != 1 || rest.sum() != 100 || rest[0].Weight != 97.5 {
		t.Errorf("without soft bounces it is %v, %v", rest, lacking)
	}
}
