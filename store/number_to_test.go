package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

const thirdPhone = "+905551234599"

// eventTo is an event whose body names the number.
func eventTo(at hygiene.Instant, contact, message, phone string, o hygiene.Outcome) hygiene.Event {
	e := nobodys(at, message, o)
	e.Contact, e.To = contact, phone
	return e
}

// standsOn is what stands on the number, and on whose evidence.
func standsOn(t *testing.T, s *store.Store, phone string) string {
	t.Helper()
	list, err := s.StandingOn(phone, storetest.Start.Add(900*hygiene.Day))
	must(t, err)
	var texts []string
	for _, on := range list {
		texts = append(texts, on.Reason+" of "+on.From)
	}
	return strings.Join(texts, ", ")
}

func TestTheNumberInABodyCountsForThatEventAlone(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "ann", onePhone, storetest.Start)
	day := func(n int) hygiene.Instant { return storetest.Start.Add(time.Duration(n) * hygiene.Day) }
	storetest.Append(t, s, eventTo(day(1), "ann", "m1", otherPhone, hygiene.HardBounce), eventTo(day(2), "dora", "m2", thirdPhone, hygiene.HardBounce))
	sweepAll(t, s, p, 0)
	if got := []string{ownAndOnNumber(t, s, "ann"), ownAndOnNumber(t, s, "dora"), standsOn(t, s, onePhone), standsOn(t, s, otherPhone), standsOn(t, s, thirdPhone)}; !slices.Equal(got, []string{"0 0", "0 0", "", "hard_bounce of ann", "hard_bounce of dora"}) {
		t.Errorf("after faults of other numbers: %q", got)
	}
	if dora, _, err := s.Contact("dora"); err != nil || dora.Phone != "" {
		t.Errorf("dora has the number %q, %v", dora.Phone, err)
	}
	other := eventTo(day(3), "ann", "m1", "", hygiene.HardBounce)
	other.Code = "9" // of the same message, and not a repeat
	storetest.Append(t, s, other, eventTo(day(3), "dora", "m3", thirdPhone, hygiene.Unsubscribed))
	sweepAll(t, s, p, 0)
	if got := []string{ownAndOnNumber(t, s, "ann"), ownAndOnNumber(t, s, "dora"), standsOn(t, s, onePhone), standsOn(t, s, thirdPhone)}; !slices.Equal(got, []string{"0 1", "1 0", "hard_bounce of ann", "hard_bounce of dora, opted_out of dora"}) {
		t.Errorf("after an event of the same message that names none: %q", got)
	}
	storetest.Append(t, s, eventTo(day(4), "", "m4", onePhone, hygiene.Unsubscribed))
	sweepAll(t, s, p, 0)
	if got := ownAndOnNumber(t, s, "ann"); got != "1 2" {
		t.Errorf("ann has %s after a word of a number without a contact", got)
	}
	if totals, err := s.Totals(); err != nil || totals.Unmatched != 0 {
		t.Errorf("%d unmatched, %v", totals.Unmatched, err)
	}
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m4", Contact: "dora"})
	sweepAll(t, s, p, 0)
	if got := []string{ownAndOnNumber(t, s, "ann"), standsOn(t, s, onePhone)}; !slices.Equal(got, []string{"0 2", "hard_bounce of ann, opted_out of dora"}) {
		t.Errorf("once the contact is known: %q", got)
	}
	checkCounts(t, s, p, day(10))
}

func TestWhereOnlyTheSendLogIsTrustedABodyNamesNoOtherNumber(t *testing.T) {
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	o := options(p, storetest.Start)
	o.RequireSendLog = map[string]bool{"insider": true}
	give(t, s, "ann", onePhone, storetest.Start)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m1", Contact: "ann"}, store.Registration{Source: "insider", MessageID: "m2", Phone: otherPhone})
	storetest.Append(t, s, eventTo(storetest.Start+1, "ann", "m1", thirdPhone, hygiene.Unsubscribed), eventTo(storetest.Start+2, "", "m2", thirdPhone, hygiene.Unsubscribed),
		eventTo(storetest.Start+3, "", "m3", thirdPhone, hygiene.Unsubscribed))
	swept, err := s.Sweep(t.Context(), o)
	if err != nil || swept.Unmatched != 1 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if got := []string{standsOn(t, s, onePhone), standsOn(t, s, otherPhone), standsOn(t, s, thirdPhone)}; !slices.Equal(got, []string{"opted_out of ann", "opted_out of ", ""}) {
		t.Errorf("on the numbers stands %q", got)
	}
}

// A line of the send log that names only a number counts for an event that names its
// contact, whichever came first.
func TestALineWithOnlyANumberPlacesTheEventOfAContact(t *testing.T) {
	for _, has := range []string{"", onePhone} {
		for _, lineFirst := range []bool{true, false} {
			s := storetest.Open(t)
			p := numberPolicy(t, s)
			if has != "" {
				give(t, s, "ann", has, storetest.Start)
			}
			line := store.Registration{Source: "insider", MessageID: "m1", Phone: otherPhone}
			storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m0", Contact: "zoe"})
			if lineFirst {
				storetest.Register(t, s, line)
			}
			storetest.Append(t, s, eventTo(storetest.Start+1, "ann", "m1", "", hygiene.HardBounce))
			sweepAll(t, s, p, 0)
			if !lineFirst {
				storetest.Register(t, s, line)
				sweepAll(t, s, p, 0)
			}
			if got := []string{ownAndOnNumber(t, s, "ann"), standsOn(t, s, onePhone), standsOn(t, s, otherPhone)}; !slices.Equal(got, []string{"0 0", "", "hard_bounce of ann"}) {
				t.Errorf("ann with the number %q, the line first %v: %q", has, lineFirst, got)
			}
			checkCounts(t, s, p, storetest.Start.Add(hygiene.Day))
		}
	}
}

func TestNumbersOfEventsAreTheSameInWhicheverOrderThingsBecomeKnown(t *testing.T) {
	suppressed := 0
	for seed := range uint64(2 * *numberLives) {
		r := rand.New(rand.NewPCG(seed, 31))
		var facts []func(*store.Store)
		phones, contacts := []string{onePhone, otherPhone, thirdPhone}, []string{"ann", "bob", "carl"}
		outcomes := []hygiene.Outcome{hygiene.HardBounce, hygiene.Unsubscribed, hygiene.Blocked, hygiene.Delivered, hygiene.SoftBounce}
		for i := range 24 {
			at := storetest.Start.Add(time.Duration(i+1) * hygiene.Day)
			message := fmt.Sprint("m", i%12)
			line := store.Registration{Source: "insider", MessageID: message}
			switch r.IntN(3) {
			case 0:
				line.Phone = phones[r.IntN(3)]
			case 1:
				line.Contact, line.SentAt = contacts[i%3], at.Add(-hygiene.Day)
			}
			e := eventTo(at, contacts[i%3], message, "", outcomes[r.IntN(len(outcomes))])
			e.Code = fmt.Sprint(i) // none is a repeat
			if r.IntN(3) == 0 {
				e.To = phones[r.IntN(3)]
			}
			if r.IntN(5) == 0 {
				e.Contact = ""
			}
			facts = append(facts, func(s *store.Store) { storetest.Append(t, s, e) })
			if i < 12 && (line.Phone != "" || line.Contact != "") {
				facts = append(facts, func(s *store.Store) { storetest.Register(t, s, line) })
			}
		}
		want := ""
		for order := range 3 {
			s := storetest.Open(t)
			p := numberPolicy(t, s)
			for i, contact := range contacts[:2] {
				give(t, s, contact, phones[i], storetest.Start)
			}
			storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m", Contact: "zoe"})
			r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			for _, become := range facts {
				if become(s); r.IntN(3) == 0 {
					sweepAll(t, s, p, 0)
				}
			}
			sweepAll(t, s, p, 0)
			var text strings.Builder
			for _, key := range contacts {
				c, _, err := s.Contact(key)
				must(t, err)
				fmt.Fprintln(&text, key, c.Phone, c.Reasons(storetest.Start.Add(900*hygiene.Day)))
			}
			for _, phone := range phones {
				fmt.Fprintln(&text, phone, standsOn(t, s, phone))
			}
			suppressed += strings.Count(text.String(), " of ")
			if order == 0 {
				want = text.String()
			} else if text.String() != want {
				t.Errorf("seed %d: in one order\n%sin another\n%s", seed, want, text.String())
			}
			checkCounts(t, s, p, storetest.Start.Add(900*hygiene.Day))
		}
	}
	if suppressed < 8**numberLives {
		t.Errorf("only %d suppressions: this tests little", suppressed)
	}
}
