package hygiene_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	. "winnow/hygiene"
	. "winnow/hygiene/forecast"
)

// happened is one event of a hand-written history: on the day, about the message, of
// the outcome.
type happened struct {
	day     float64
	message string
	outcome Outcome
}

func events(life []happened) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for i, d := range life {
			e := Event{Seq: int64(i + 1), At: DayOf(d.day), ReceivedAt: DayOf(d.day), Source: "a", MessageID: d.message, Outcome: d.outcome}
			if !yield(&e) {
				return
			}
		}
	}
}

// softBounces is so many soft bounces of different messages, a day apart.
func softBounces(from float64, n int) []happened {
	var life []happened
	for i := range n {
		life = append(life, happened{from + float64(i), fmt.Sprint("soft-", from, "-", i), SoftBounce})
	}
	return life
}

func TestASuppressionIsRegrettedWhenItsContactIsDeliveredToWhileItIsOpen(t *testing.T) {
	at := func(day float64, message string, o Outcome) []happened { return []happened{{day, message, o}} }
	dormant := func() (life []happened) {
		for i := range 5 {
			life = append(life, happened{float64(100 + i), fmt.Sprint("sent-", i), Sent})
		}
		return life
	}
	for _, c := range []struct {
		claim string
		life  [][]happened
		want  string // rule:acted/right/regretted; only those that acted
	}{
		{"what nothing speaks for or against is unmeasured", [][]happened{at(110, "m", HardBounce)}, "suppress-hard-bounce:1/0/0"},
		{"a delivery of another message speaks against it", [][]happened{at(110, "m", HardBounce), at(120, "n", Delivered)}, "suppress-hard-bounce:1/0/1"},
		{"a failure of another message speaks for it", [][]happened{at(110, "m", HardBounce), at(120, "n", SoftBounce)}, "suppress-hard-bounce:1/1/0"},
		{"another failure of the same message does not", [][]happened{at(110, "m", HardBounce), at(120, "m", InvalidNumber)}, "suppress-hard-bounce:1/0/0"},
		{"nor one by the fault of the content or the sender", [][]happened{at(110, "m", HardBounce), at(120, "n", CarrierViolation), at(121, "o", SenderFault), at(122, "p", Dropped)}, "suppress-hard-bounce:1/0/0"},
		{"nor a bounce of what was delivered before", [][]happened{at(100, "n", Delivered), at(110, "m", HardBounce), at(120, "n", SoftBounce)}, "suppress-hard-bounce:1/0/0"},
		{"nor one after its end", [][]happened{softBounces(110, 4), at(150, "n", SoftBounce)}, "rest:1/0/0"},
		{"a delivery outweighs failures before it", [][]happened{at(110, "m", HardBounce), at(120, "n", SoftBounce), at(121, "o", Delivered)}, "suppress-hard-bounce:1/0/1"},
		{"and after it", [][]happened{at(110, "m", HardBounce), at(120, "n", Delivered), at(121, "o", SoftBounce)}, "suppress-hard-bounce:1/0/1"},
		{"ten deliveries do no more", [][]happened{at(110, "m", HardBounce), at(120, "n", Delivered), at(121, "o", Delivered)}, "suppress-hard-bounce:1/0/1"},
		{"so does one of the bounced message itself", [][]happened{at(110, "m", HardBounce), at(110.1, "m", Delivered)}, "suppress-hard-bounce:1/0/1"},
		{"a delivery before it does not", [][]happened{at(109, "n", Delivered), at(110, "m", HardBounce)}, "suppress-hard-bounce:1/0/0"},
		{"nor its repeat afterwards", [][]happened{at(109, "n", Delivered), at(110, "m", HardBounce), at(111, "n", Delivered)}, "suppress-hard-bounce:1/0/0"},
		{"at the same time the place in the log says what came first", [][]happened{at(110, "n", Delivered), at(110, "m", HardBounce)}, "suppress-hard-bounce:1/0/0"},
		{"and here the delivery came later", [][]happened{at(110, "m", HardBounce), at(110, "n", Delivered)}, "suppress-hard-bounce:1/0/1"},
		{"other outcomes are no delivery", [][]happened{at(110, "m", HardBounce), at(111, "n", Sent), at(112, "n", Opened), at(113, "n", UnknownDelivery)}, "suppress-hard-bounce:1/0/0"},
		{"a delivery that lifts it speaks against it", [][]happened{softBounces(110, 4), at(114, "n", Delivered)}, "rest:1/0/1"},
		{"a delivery after it is over does not", [][]happened{softBounces(110, 4), at(150, "n", Delivered)}, "rest:1/0/0"},
		{"at the instant of its end it is over", [][]happened{softBounces(110, 4), at(143, "n", Delivered)}, "rest:1/0/0"},
		{"a moment before it is open", [][]happened{softBounces(110, 4), at(142.99, "n", Delivered)}, "rest:1/0/1"},
		{"lifted and opened again are two", [][]happened{softBounces(110, 4), at(114, "n", Delivered), softBounces(115, 4)}, "rest:2/0/1"},
		{"a renewal is the suppression that it renews", [][]happened{softBounces(110, 7)}, "rest:1/1/0"},
		{"and is regretted as that", [][]happened{softBounces(110, 7), at(170, "n", Delivered)}, "rest:1/0/1"},
		{"bounces before the span count in it", [][]happened{softBounces(98, 4)}, "rest:1/0/0"},
		{"a suppression before the span is none of the span's", [][]happened{at(99, "m", HardBounce), at(110, "n", Delivered)}, ""},
		{"nor is it opened again in it", [][]happened{at(99, "m", HardBounce), at(110, "n", HardBounce)}, ""},
		{"its first instant is in the span", [][]happened{at(100, "m", HardBounce)}, "suppress-hard-bounce:1/0/0"},
		{"and its last", [][]happened{at(200, "m", HardBounce)}, "suppress-hard-bounce:1/0/0"},
		{"what is later is not", [][]happened{at(200.1, "m", HardBounce)}, ""},
		{"and regrets nothing", [][]happened{at(199, "m", HardBounce), at(200.1, "n", Delivered)}, "suppress-hard-bounce:1/0/0"},
		{"every reason that openedSuppression is regretted", [][]happened{softBounces(110, 4), at(114, "m", HardBounce), at(115, "n", Delivered)}, "suppress-hard-bounce:1/0/1 rest:1/0/1"},
		{"a review acts at midnight", [][]happened{dormant()}, "sunset:1/0/0"},
		{"what it did may be regretted", [][]happened{dormant(), at(110, "n", Delivered)}, "sunset:1/0/1"},
		{"it finds what has grown old without any event", [][]happened{at(10, "n", Delivered), sends(20, 5)}, "sunset:1/0/0"},
	} {
		b := NewBacktest(ExamplePolicy(), DayOf(100), DayOf(200))
		life := slices.Concat(c.life...)
		b.Replay("ann", nil, events(life))
		if got := summary(b); got != c.want {
			t.Errorf("%s: got %q, want %q", c.claim, got, c.want)
		}
	}
}

// sends is so many messages that were sent and have no further event.
func sends(from float64, n int) []happened {
	var life []happened
	for i := range n {
		life = append(life, happened{from + float64(i), fmt.Sprint("unheard-", from, "-", i), Sent})
	}
	return life
}

// summary is what the rules did, without the rules that did nothing.
func summary(b *Backtest) string {
	var texts []string
	for _, r := range b.Rules {
		if r.Acted > 0 {
			texts = append(texts, fmt.Sprintf("%s:%d/%d/%d", r.Name, r.Acted, r.Right, r.Regretted))
		}
	}
	text := fmt.Sprint(texts)
	return text[1 : len(text)-1]
}

func TestContactsAreCountedOnceAndSomeAreNamed(t *testing.T) {
	b := NewBacktest(ExamplePolicy(), DayOf(100), DayOf(200))
	for i := range 8 {
		life := slices.Concat(softBounces(110, 4), []happened{{114, "n", Delivered}, {115, "m", HardBounce}, {116, "o", Delivered}})
		b.Replay(fmt.Sprint("regretted-", i), nil, events(life))
		b.Replay(fmt.Sprint("right-", i), nil, events([]happened{{110, "m", HardBounce}}))
		b.Replay(fmt.Sprint("reached-", i), nil, events([]happened{{110, "m", Delivered}}))
	}
	if b.Suppressed != 16 || b.Regretted != 8 {
		t.Errorf("%d suppressed, %d regretted", b.Suppressed, b.Regretted)
	}
	want := []string{"regretted-0", "regretted-1", "regretted-2", "regretted-3", "regretted-4"}
	if got := b.Rules[0].Samples; !slices.Equal(got, want) {
		t.Errorf("samples %v", got)
	}
}

func TestConditionsOfABacktestSeeTheAttributesOfToday(t *testing.T) {
	vip := Not{AttributeTest{Name: "vip", Comparison: Comparison{Op: Exists, Exists: true}}}
	p := NewPolicy([]Rule{{Name: "hard", When: CountingOf(1, 0, 0, HardBounce), Where: vip, Then: SuppressFor("hard_bounce", 0)}}, "vip")
	b := NewBacktest(p, DayOf(100), DayOf(200))
	b.Replay("ann", Attributes(nil).With("vip", ParseValue("yes")), events([]happened{{110, "m", HardBounce}}))
	b.Replay("bob", nil, events([]happened{{110, "m", HardBounce}}))
	if b.Suppressed != 1 {
		t.Errorf("%d suppressed", b.Suppressed)
	}
}

// inOrder is a random history in the order in which a backtest reads it.
func inOrder(r *rand.Rand) []Event {
	events := RandomEvents(r, 5+r.IntN(200), r.IntN(2) == 0)
	for i := range events {
		events[i].Seq = int64(i + 1)
	}
	return events
}

func eventSeq(events []Event) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		for i := range events {
			if !yield(&events[i]) {
				return
			}
		}
	}
}

// span is some part of the history.
func span(r *rand.Rand, events []Event) (since, until Instant) {
	whole := events[len(events)-1].At.Sub(Start)
	since = Start.Add(time.Duration(r.Int64N(int64(whole) + 1)))
	return since, since.Add(time.Duration(r.Int64N(int64(whole)+1)) + Day)
}

// openedSuppression is a suppression as the ledger has it.
type openedSuppression struct {
	rule    string
	at      Instant
	message string  // of the event that opened it, "" for a review
	until   Instant // 0: permanent

	from, to int // what was heard while it was open, in the order in which it was
}

// heard is an event that says something about what is open.
type heard struct {
	at      Instant
	message string
	proof   Proof
}

// proof is what the events that were heard say about it.
func (s *openedSuppression) proof(list []heard) (proof Proof) {
	for _, h := range list[s.from:s.to] {
		if (s.until == 0 || h.at < s.until) && (h.proof == Regretted || h.message != s.message) {
			proof = max(proof, h.proof)
		}
	}
	return proof
}

// plainReplay replays the history with a review every midnight. It returns the
// suppressions of the ledger and the events that were not repeats.
func plainReplay(p *Policy, events []Event, until Instant) (list []*openedSuppression, all []heard) {
	c := &Contact{Key: "k"}
	open := map[string]*openedSuppression{}
	end := func(reason string) {
		if s := open[reason]; s != nil {
			s.to = len(all)
			delete(open, reason)
		}
	}
	enter := func(message string, changes []Change) {
		for _, ch := range changes {
			switch ch.Act {
			case Suppressed:
				end(ch.Reason) // it ended, or an earlier event is no longer its cause
				open[ch.Reason] = &openedSuppression{rule: ch.Rule, at: ch.At, message: message, until: ch.Until, from: len(all)}
				list = append(list, open[ch.Reason])
			case Renewed:
				open[ch.Reason].until = ch.Until
			case Released:
				end(ch.Reason)
			}
		}
	}
	midnight := Start
	seq := int64(0)
	review := func(upTo Instant) {
		for ; midnight <= upTo; midnight = midnight.Add(Day) {
			if seq > 0 {
				enter("", p.Review(c, Moment{midnight, c.History.Latest().Seq}))
			}
		}
	}
	for i := range events {
		e := &events[i]
		if e.At > until {
			break
		}
		review(e.At - 1)
		changes, added := p.Apply(c, e)
		if seq = e.Seq; added == Added {
			proof := ProofBy(e.Outcome)
			if e.Outcome == SoftBounce && slices.ContainsFunc(all, func(h heard) bool { return h.proof == Regretted && h.message == e.Source+e.MessageID }) {
				proof = Unmeasured
			}
			all = append(all, heard{e.At, e.Source + e.MessageID, proof})
		}
		enter(e.Source+e.MessageID, changes)
	}
	review(until)
	for reason := range open {
		end(reason)
	}
	return list, all
}

func TestABacktestCountsWhatTheLedgerOfAPlainReplaySays(t *testing.T) {
	ForRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		events := inOrder(r)
		since, until := span(r, events)
		b := NewBacktest(p, since, until)
		b.Replay("k", nil, eventSeq(events))

		want := NewBacktest(p, since, until)
		list, all := plainReplay(p, events, until)
		for _, s := range list {
			if s.at < since {
				continue
			}
			record := &want.Rules[slices.IndexFunc(want.Rules, func(r Record) bool { return r.Name == s.rule })]
			record.Acted++
			want.Suppressed = 1
			switch s.proof(all) {
			case FoundRight:
				record.Right++
			case Regretted:
				record.Regretted++
				record.Samples = []string{"k"}
				want.Regretted = 1
			}
		}
		if !reflect.DeepEqual(b.Rules, want.Rules) || b.Suppressed != want.Suppressed || b.Regretted != want.Regretted {
			t.Errorf("from %s to %s the backtest counts %d, %d, %+v\nthe ledger %d, %d, %+v", since, until,
				b.Suppressed, b.Regretted, b.Rules, want.Suppressed, want.Regretted, want.Rules)
		}
	})
}

func TestManyContactsAreTheSumOfEach(t *testing.T) {
	ForRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		since, until := Start.Add(10*Day), Start.Add(60*Day)
		all := NewBacktest(p, since, until)
		sum := NewBacktest(p, since, until)
		for i := range 5 {
			events := inOrder(r)
			key := fmt.Sprint("k", i)
			all.Replay(key, nil, eventSeq(events))
			one := NewBacktest(p, since, until)
			one.Replay(key, nil, eventSeq(events))
			sum.Suppressed += one.Suppressed
			sum.Regretted += one.Regretted
			for n := range one.Rules {
				sum.Rules[n].Acted += one.Rules[n].Acted
				sum.Rules[n].Right += one.Rules[n].Right
				sum.Rules[n].Regretted += one.Rules[n].Regretted
				sum.Rules[n].Samples = append(sum.Rules[n].Samples, one.Rules[n].Samples...)
			}
		}
		if !reflect.DeepEqual(all.Rules, sum.Rules) || all.Suppressed != sum.Suppressed || all.Regretted != sum.Regretted {
			t.Errorf("together %d %d %+v\none by one %d %d %+v", all.Suppressed, all.Regretted, all.Rules, sum.Suppressed, sum.Regretted, sum.Rules)
		}
		for _, r := range all.Rules {
			if r.Right < 0 || r.Unmeasured() < 0 || len(r.Samples) > 5 {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestAPolicyThatSuppressesNobodyRegretsNothing(t *testing.T) {
	p := NewPolicy([]Rule{
		{Name: "retry", When: CountingOf(1, 0, 0, SoftBounce), Then: Action{Retry: &RetryAction{After: []time.Duration{Day}, Lapse: Day}}},
		{Name: "tag", Where: SeenTest{OlderThan: Day}, Then: Action{Tag: "quiet"}},
	}, "gentle")
	r := rand.New(rand.NewPCG(1, 1))
	b := NewBacktest(p, Start, Start.Add(1000*Day))
	for range 20 {
		b.Replay("k", nil, eventSeq(inOrder(r)))
	}
	if b.Suppressed != 0 || b.Regretted != 0 || b.Rules != nil {
		t.Errorf("%+v", b)
	}
}

func TestAHistoryThatBeganInThe1970sIsReplayedQuickly(t *testing.T) {
	b := NewBacktest(ExamplePolicy(), DayOf(100), DayOf(200))
	for range 2000 { // each with twenty thousand midnights
		b.Replay("k", nil, func(yield func(*Event) bool) {
			yield(&Event{Seq: 1, At: 1, Source: "a", MessageID: "m", Outcome: SoftBounce})
		})
	}
	if b.Suppressed != 0 {
		t.Errorf("%d suppressed", b.Suppressed)
	}
}
