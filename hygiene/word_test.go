package hygiene

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// receives is an event that the log receives now, on a clock that says day d.
func (s *scenario) receives(message string, d float64, o Outcome) {
	s.seq++
	e := Event{Seq: s.seq, At: day(d), ReceivedAt: day(d), Received: true, Source: "a", MessageID: message, Outcome: o}
	s.p.Apply(&s.c, &e)
}

func (s *scenario) allows(d float64, reason string, batch int64) []Change {
	return s.p.Instruct(&s.c, Instruction{Moment: Moment{day(d), s.seq}, Kind: Allow, Reason: reason, Batch: batch})
}

func TestAnOptOutOverTheSameMessageCountsAgainAfterWhatLiftedTheFirst(t *testing.T) {
	lifts := map[string]func(*scenario){
		"an opt-in":           func(s *scenario) { s.eventOf("m2", 2, Resubscribed) },
		"an operator's allow": func(s *scenario) { s.allows(2, OptedOut, 1) },
	}
	for name, lift := range lifts {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t, optOutRules()...)
			s.eventOf("m1", 1, Unsubscribed)
			lift(s)
			s.hasReason(3, OptedOut, false, "it was lifted")
			if changes := s.eventOf("m1", 5, Unsubscribed); len(changes) != 1 || changes[0].Act != Suppressed {
				t.Errorf("the second word changed %+v", changes)
			}
			s.hasReason(6, OptedOut, true, "the person said it again")
			if evidence := s.c.Suppressions[len(s.c.Suppressions)-1].Evidence; !slices.Equal(evidence, []int64{s.seq}) {
				t.Errorf("the evidence is %v, not the second word, %d", evidence, s.seq)
			}
			s.rejudgeChangesNothing()
			lift(s) // the same opt-in is a repeat; an operator's act is not
			s.happens(4, Opened, "a")
			s.rejudgeChangesNothing()
		})
	}
}

func TestTheSameOptInAgainIsARepeat(t *testing.T) {
	s := newScenario(t, optOutRules()...)
	s.eventOf("m1", 1, Unsubscribed)
	s.eventOf("m2", 2, Resubscribed)
	s.eventOf("m1", 3, Unsubscribed)
	s.eventOf("m2", 4, Resubscribed)
	s.hasReason(5, OptedOut, true, "the opt-in of day 2 came once more")
}

func TestARepeatedOptOutWithNothingInBetweenIsARepeat(t *testing.T) {
	s := newScenario(t, optOutRules()...)
	s.eventOf("m1", 1, Unsubscribed)
	e := Event{Seq: 2, At: day(1.01), Source: "a", MessageID: "m1", Outcome: Unsubscribed}
	if changes, added := s.p.Apply(&s.c, &e); len(changes) > 0 || added != Repeat {
		t.Errorf("the repeat is %v and changed %+v", added, changes)
	}
	if n := len(s.c.History.Outcome(Unsubscribed).Entries); n != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestWhateverTheClockSaidAnOptInLiftsNoLaterOptOut(t *testing.T) {
	s := newScenario(t, optOutRules()...)
	s.receives("m1", 0, Unsubscribed)
	s.receives("m2", 10, Resubscribed) // the clock is ahead
	s.receives("m3", 1, Unsubscribed)  // and was set back
	s.hasReason(20, OptedOut, true, "the log received the opt-out last")
	s.receives("m4", 2, Resubscribed)
	s.hasReason(20, OptedOut, false, "and now an opt-in")
	s.rejudgeChangesNothing()

	again := newScenario(t, optOutRules()...)
	again.receives("m1", 0, Unsubscribed)
	again.receives("m2", 10, Resubscribed)
	again.receives("m1", 1, Unsubscribed)
	again.hasReason(20, OptedOut, true, "the same message said it again, last")

	archive := newScenario(t, optOutRules()...)
	archive.eventOf("m2", 10, Resubscribed)
	archive.eventOf("m3", 1, Unsubscribed)
	archive.hasReason(20, OptedOut, false, "an archive is read in any order: its times count")
}

func TestASuppressionOfAClockThatWasAheadHoldsInThePresent(t *testing.T) {
	s := newScenario(t, optOutRules()...)
	s.receives("m1", 365, Unsubscribed)
	s.receives("m2", 365, HardBounce)
	s.is(1, Active, "as of that time nothing was known")
	s.c.InPresent()
	s.hasReason(1, OptedOut, true, "it is known")
	s.hasReason(1, "hard_bounce", true, "it is known")
	if open := s.c.OpenSuppressions(day(1)); len(open) != 2 || !s.c.InForce(&open[0], day(1)) {
		t.Errorf("open are %+v", open)
	}
}

func TestAnOperatorLiftsWhatLiesAheadOfTheClock(t *testing.T) {
	s := newScenario(t, optOutRules()...)
	s.receives("m1", 365, Unsubscribed)
	s.receives("m2", 365, HardBounce)
	s.p.Instruct(&s.c, Instruction{Moment: Moment{day(364), s.seq}, Kind: Suppress, Reason: "manual", Origin: ByOperator, Batch: 1})
	s.allows(1, "", 2)
	s.hasReason(400, "hard_bounce", false, "it was allowed")
	s.hasReason(400, "manual", false, "it was allowed")
	s.hasReason(400, OptedOut, true, "it was not named")
	s.allows(1.1, OptedOut, 3)
	s.hasReason(400, OptedOut, false, "it was named")
	s.rejudgeChangesNothing()
	s.receives("m3", 2, Unsubscribed)
	s.hasReason(400, OptedOut, true, "a new word")
	s.p.SetUndone(&s.c, 2, true, Moment{day(3), s.seq})
	s.hasReason(400, "hard_bounce", true, "the allow was undone")
	s.hasReason(400, "manual", true, "the allow was undone")
}

func TestWhatSpeaksForAContactIsNotStruck(t *testing.T) {
	s := exampleScenario(t)
	s.happens(9, Delivered, "a")
	s.allows(10, "", 1)
	for d := range 5 {
		s.happens(float64(11+d), Sent, "a")
	}
	s.p.Review(&s.c, Moment{day(16), s.seq})
	s.is(16, Active, "it was delivered to a week ago")

	w := newScenario(t, Rule{Name: "soft", When: counting(1, 0, 0, SoftBounce), Then: suppressFor("x", 0),
		Where: Not{OutcomeTest{Counting{Outcomes: OutcomesOf(Delivered), Count: 1}}}})
	w.happens(0, Delivered, "a")
	in := Instruction{Moment: Moment{day(1), w.seq}, Kind: Strike, From: day(-1), To: day(1), Batch: 1}
	if w.p.Affects(&w.c, &in) {
		t.Error("a strike is about the delivery")
	}
	w.p.Instruct(&w.c, in)
	w.happens(2, SoftBounce, "a")
	w.is(3, Active, "it was delivered to")

	against := newScenario(t, Rule{Name: "twice", When: counting(1, 0, 0, Sent), Then: suppressFor("x", 0),
		Where: Not{Not{OutcomeTest{Counting{Outcomes: OutcomesOf(HardBounce), Count: 1}}}}})
	against.happens(0, HardBounce, "a")
	against.allows(1, "", 1)
	against.happens(2, Sent, "a")
	against.is(3, Active, "the bounce counts against the contact, and was struck")
}

func TestTheSecondOfTwoListsHoldsWhenTheFirstIsUndone(t *testing.T) {
	for _, origin := range []Origin{ByImport, ByOperator} {
		s := newScenario(t, optOutRules()...)
		for batch := range int64(3) {
			in := Instruction{Moment: Moment{day(float64(batch)), 0}, Kind: Suppress, Reason: OptedOut, Origin: origin, Batch: batch + 1}
			changes := s.p.Instruct(&s.c, in)
			want := []Act{Suppressed, Confirmed, Confirmed}[batch]
			if quiet := want == Confirmed && origin == ByImport; quiet && changes != nil || !quiet && (len(changes) != 1 || changes[0].Act != want) {
				t.Errorf("act %d is %+v in the ledger, not %s", batch+1, changes, want)
			}
			if s.p.Instruct(&s.c, in) != nil {
				t.Error("a list names a contact twice, and it counts twice")
			}
		}
		if n := len(s.c.OpenSuppressions(day(9))); n != 1 {
			t.Errorf("%d suppressions are shown", n)
		}
		for batch := range int64(3) {
			s.hasReason(9, OptedOut, true, "a list still says so")
			s.p.SetUndone(&s.c, batch+1, true, Moment{day(9), 0})
		}
		s.hasReason(9, OptedOut, false, "all of them were undone")
		s.p.SetUndone(&s.c, 2, false, Moment{day(9), 0})
		s.hasReason(9, OptedOut, true, "one of them counts again")
	}
}

func TestAListImportedEveryNightDoesNotGrowAContact(t *testing.T) {
	s := newScenario(t, optOutRules()...)
	for night := range 400 {
		s.p.Instruct(&s.c, Instruction{Moment: Moment{day(float64(night)), 0}, Kind: Suppress, Reason: OptedOut, Origin: ByImport, Batch: int64(night + 1)})
	}
	if n := len(s.c.Instructions); n != actsKept {
		t.Errorf("%d acts are kept", n)
	}
	for night := range 400 {
		s.p.SetUndone(&s.c, int64(night+1), true, Moment{day(400), 0})
	}
	s.hasReason(401, OptedOut, true, "of those that are no longer told apart one was never undone")
	s.allows(402, OptedOut, 500)
	s.hasReason(403, OptedOut, false, "it was lifted by name")
}

func TestASecondAllowThatChangesNothingIsKept(t *testing.T) {
	s := exampleScenario(t)
	s.happens(0, Sent, "a")
	s.allows(1, "", 1)
	if changes := s.allows(3, "", 2); len(changes) != 1 || changes[0].Act != Allowed {
		t.Errorf("the second allow is %+v in the ledger", changes)
	}
	s.happens(2, HardBounce, "a")
	s.is(4, Active, "the second allow is later than the bounce")
}

func TestAContactPackedByTheFirstVersionIsRead(t *testing.T) {
	packed, err := hex.DecodeString("0102016100016200040280c09aaeced9a306000ae78003e266f320ba0080e0ef9720087e494a5ae94265e10c040501808082e288d2a306000275ae0c22ad58ffc80180e0ef97200d018080bdbf8cd7a3060006a278d54518982f490180b0fe9b030001096f707465645f6f757400008080bdbf8cd7a30606000000076f70742d6f7574dec974d534023c01008080bdbf8cd7a306010600000001020000008080f89c90dca3061206000000000b686172645f626f756e636503616e6e00000000000000000000000000020b686172645f626f756e6365000080c09aaeced9a3060a0000001473757070726573732d686172642d626f756e6365cc483b22d4fa386f0080c09aaeced9a306010a000b686172645f626f756e636500048080fadd8edaa306120000001473757070726573732d686172642d626f756e6365cc483b22d4fa386f008080fadd8edaa306011200")
	if err != nil {
		t.Fatal(err)
	}
	s := exampleScenario(t)
	if err := s.c.Unpack(packed); err != nil {
		t.Fatal(err)
	}
	s.hasReason(3, OptedOut, true, "it had opted out")
	soft, hard := s.c.History.Outcome(SoftBounce).Entries, s.c.History.Outcome(HardBounce).Entries
	if len(soft) != 1 || len(hard) != 2 || hard[1].held != 4 || s.c.History.Kind(&hard[1]).Source != "b" || soft[0].lastRepeat != day(0.1) {
		t.Errorf("soft bounces %+v, hard bounces %+v", soft, hard)
	}
	s.rejudgeChangesNothing()
	s.p.SetUndone(&s.c, 3, true, Moment{day(5), 9})
	s.hasReason(6, "hard_bounce", true, "the allow was undone")
	again := &Contact{}
	if err := again.Unpack(s.c.Pack(nil)); err != nil || stateText(again) != stateText(&s.c) {
		t.Errorf("packed again: %v", err)
	}
}

// TestTheLastWordDecides holds opt-outs, opt-ins and allows of random histories against
// a fold over them: an opt-in counts once, an opt-out always.
func TestTheLastWordDecides(t *testing.T) {
	p := NewPolicy(optOutRules(), "p")
	again := 0
	for seed := range uint64(*lives) * 10 {
		r := rand.New(rand.NewPCG(seed, 11))
		c := &Contact{Key: "k"}
		out, seen := false, map[string]bool{}
		var late []Event
		for i := range 1 + r.IntN(14) {
			at := day(float64(i))
			e := Event{Seq: int64(i + 1), At: at, ReceivedAt: at, Received: r.IntN(2) == 0, Source: "a", MessageID: fmt.Sprint("m", r.IntN(4)), Outcome: Unsubscribed}
			switch r.IntN(5) {
			case 0:
				p.Instruct(c, Instruction{Moment: Moment{at, int64(i + 1)}, Kind: Allow, Reason: OptedOut, Batch: int64(i + 1)})
				out = false
				continue
			case 1, 2:
				e.Outcome = Resubscribed
			}
			key := e.MessageID + e.Outcome.String()
			switch {
			case e.Outcome == Unsubscribed && seen[key] && !out:
				again++
				out = true
			case e.Outcome == Unsubscribed:
				out = true
			case !seen[key]:
				out = false
			}
			seen[key] = true
			if e.Received = e.Received && len(late) == 0; !e.Received && r.IntN(4) == 0 {
				late = append(late, e) // it arrives at the end
				continue
			}
			p.Apply(c, &e)
		}
		r.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		for i := range late {
			p.Apply(c, &late[i])
		}
		if got := slices.Contains(c.Reasons(day(1000)), OptedOut); got != out {
			t.Fatalf("seed %d: opted out is %t, and the last word says %t:\n%s", seed, got, out, stateText(c))
		}
	}
	if again < 20 {
		t.Errorf("only %d opt-outs came again", again)
	}
}

// TestActsByHandAreAFoldOverThoseInForce holds random acts of operators and imports,
// undone and done again, against a fold over those in force.
func TestActsByHandAreAFoldOverThoseInForce(t *testing.T) {
	p := NewPolicy(optOutRules(), "p")
	type act struct {
		allow, undone bool
		origin        Origin
	}
	for seed := range uint64(*lives) * 10 {
		r := rand.New(rand.NewPCG(seed, 13))
		c := &Contact{Key: "k"}
		var acts []act
		for i := range 1 + r.IntN(12) {
			m := Moment{day(float64(i)), 0}
			if len(acts) > 0 && r.IntN(3) == 0 {
				n := r.IntN(len(acts))
				acts[n].undone = !acts[n].undone
				p.SetUndone(c, int64(n+1), acts[n].undone, m)
			} else {
				a := act{allow: r.IntN(3) == 0, origin: ByOperator + Origin(r.IntN(2))}
				in := Instruction{Moment: m, Kind: Suppress, Reason: OptedOut, Origin: a.origin, Batch: int64(len(acts) + 1)}
				if a.allow {
					in.Kind, in.Origin = Allow, 0
				}
				acts = append(acts, a)
				p.Instruct(c, in)
			}
			open := false
			for _, a := range acts {
				if !a.undone {
					open = !a.allow
				}
			}
			if got := slices.Contains(c.Reasons(day(1000)), OptedOut); got != open {
				t.Fatalf("seed %d, step %d: suppressed is %t, and the acts in force say %t: %+v", seed, i, got, open, acts)
			}
		}
	}
}
