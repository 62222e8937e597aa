package ruletest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

const hour = time.Hour

func counting(n int, of ...hygiene.Outcome) *hygiene.When {
	return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(of...), Count: n}}
}

// bench has a rule of each kind.
func bench(t *testing.T) *Runner {
	t.Helper()
	quiet := hygiene.SeenTest{OlderThan: 3 * hygiene.Day}
	woken := hygiene.OutcomeTest{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Opened), Count: 1}}
	suppress := func(reason string, d time.Duration) hygiene.Action {
		return hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: reason, For: d}}
	}
	policy := hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: counting(1, hygiene.HardBounce), Then: suppress("hard_bounce", 0)},
		{Name: "retry", When: counting(1, hygiene.SoftBounce), Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * hour, 8 * hour}, Lapse: hygiene.Day}}},
		{Name: "rest", When: counting(3, hygiene.SoftBounce), Then: suppress("soft_bounce", 2*hygiene.Day)},
		{Name: "longer", When: counting(4, hygiene.SoftBounce), Then: suppress("soft_bounce", 9*hygiene.Day)},
		{Name: "forgive", When: counting(1, hygiene.Delivered), Then: hygiene.Action{Release: []string{"soft_bounce"}}},
		{Name: "watch", When: counting(1, hygiene.CarrierViolation), Then: hygiene.Action{Tag: "content"}},
		{Name: "quiet", Where: quiet, Then: suppress("dormant", 0)},
		{Name: "wake", Where: woken, Then: hygiene.Action{Release: []string{"dormant", "hard_bounce"}}},
	}, "")
	lines := []provider.Line{{Event: "Lost", Code: "7", Outcome: hygiene.SoftBounce}, {Event: "gone", Code: "8", Outcome: hygiene.HardBounce}}
	format := &provider.Format{Shapes: []provider.Shape{{Each: "[]", ID: []string{"id"}, Event: "event", Code: []string{"reason.code"}}}}
	reader, err := provider.New(provider.Config{Source: "a", Format: format, Contact: "to", Outcomes: lines})
	if err != nil {
		t.Fatal(err)
	}
	return &Runner{
		Policy:  policy,
		Sources: []Source{{Name: "a", Reader: reader, Lines: lines}},
		Membership: func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) (bool, error) {
			return slices.Contains(lists, segment), nil
		},
		ExplainMembership: func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) hygiene.Phrase {
			return hygiene.Phrase{"asked at ", at}
		},
	}
}

func happens(at time.Duration, o hygiene.Outcome) Step {
	return Step{At: at, Event: &hygiene.Event{Source: "a", Outcome: o}, Repeat: 1}
}

func sent(at time.Duration, body string) Step {
	return Step{At: at, Callback: &Callback{"a", []byte(body)}, Repeat: 1}
}

func instruct(at time.Duration, in hygiene.Instruction) Step {
	return Step{At: at, Instruction: &in, Repeat: 1}
}

// passes demands that the case passes.
func passes(t *testing.T, c Case) Result {
	t.Helper()
	r := bench(t).run(&c, true)
	if !r.Passed() {
		t.Errorf("%+v\n%s", r.Failures, timeline(r))
	}
	return r
}

// fails demands one failure that says all of the words.
func fails(t *testing.T, c Case, words ...string) Result {
	t.Helper()
	r := bench(t).Run(&c)
	said := fmt.Sprintf("%+v", r.Failures)
	for _, w := range words {
		if len(r.Failures) != 1 || !strings.Contains(said, w) {
			t.Errorf("expected one failure that says %q: %s\n%s", w, said, timeline(r))
		}
	}
	return r
}

func timeline(r Result) string {
	var b strings.Builder
	for i := range r.Timeline {
		fmt.Fprintf(&b, "%s %s\n", &r.Timeline[i], r.Timeline[i].What)
		for _, n := range r.Timeline[i].Notes {
			fmt.Fprintf(&b, "  %s: %s\n", n.Rule, n.Text)
		}
	}
	return b.String()
}

func TestEventsComeBeforeTheReviewAndThatBeforeWhatIsExpected(t *testing.T) {
	passes(t, Case{
		Steps: []Step{happens(96*hour, hygiene.Sent), happens(0, hygiene.Sent)},
		Expect: []Expectation{
			{At: 96 * hour, Reasons: []string{}}, // the sending at 96h was seen by the review of that instant
			{At: 168 * hour, Reasons: []string{}},
			{At: 192 * hour, Reasons: []string{"dormant"}, Rule: "quiet", Permanent: true},
		},
	})
}

func TestAnEventWithoutAnIDIsAboutAMessageOfItsOwn(t *testing.T) {
	three := happens(0, hygiene.SoftBounce)
	three.Repeat, three.Every = 3, hour
	passes(t, Case{Steps: []Step{three}, Expect: []Expectation{{At: hour, Reasons: []string{}}, {At: 2 * hour, Reasons: []string{"soft_bounce"}, Until: 50 * hour}}})
	three.Event.MessageID = "m"
	r := passes(t, Case{Steps: []Step{three}, Expect: []Expectation{{At: 2 * hour, Reasons: []string{}, Retry: &Retry{Attempt: 1}}}})
	if !strings.Contains(timeline(r), "a repeat") {
		t.Errorf("the timeline does not show repeats:\n%s", timeline(r))
	}
}

func TestNeverIsCheckedWheneverTheStatusChangesByItself(t *testing.T) {
	bounce := []Step{happens(0, hygiene.SoftBounce)}
	later := []Expectation{{At: 50 * hour, Status: hygiene.Active}}
	fails(t, Case{Steps: bounce, Expect: later, Never: []Expectation{{Status: hygiene.RetryDue}}}, "never status retry", "at 4h: status retry")
	fails(t, Case{Steps: bounce, Never: []Expectation{{Status: hygiene.Cooling}}}, "at 0h")
	fails(t, Case{Steps: bounce, Expect: later, Never: []Expectation{{Status: hygiene.Active, Retry: &Retry{None: true}}}}, "at 28h") // it lapsed
	passes(t, Case{Steps: bounce, Expect: later, Never: []Expectation{{Status: hygiene.IsSuppressed}, {Status: hygiene.RetryDue, Retry: &Retry{Attempt: 2}}}})
	due := 4 * hour
	fails(t, Case{Steps: bounce, Never: []Expectation{{Retry: &Retry{Due: &due}, Status: hygiene.RetryDue}}}, "at 4h: status retry")
	fails(t, Case{Steps: []Step{happens(hour, hygiene.HardBounce)}, Never: []Expectation{{Status: hygiene.Active}}}, "at 0h")
	fails(t, Case{Steps: []Step{happens(0, hygiene.HardBounce), happens(0, hygiene.Delivered)}, Never: []Expectation{{Permanent: true}}}, "at 0h: suppressed permanently")
}

func TestTheRuleIsOneBehindWhatIsOpen(t *testing.T) {
	four := happens(0, hygiene.SoftBounce)
	four.Repeat, four.Every = 4, hour
	passes(t, Case{
		Steps: []Step{four, happens(5*hour, hygiene.CarrierViolation), happens(6*hour, hygiene.Delivered)},
		Expect: []Expectation{
			{At: hour, Rule: "retry"},
			{At: 3 * hour, Rule: "rest"},
			{At: 3 * hour, Rule: "longer"}, // it set the end
			{At: 5 * hour, Rule: "watch", Tags: []string{"content"}},
		},
	})
	fails(t, Case{Steps: []Step{four}, Expect: []Expectation{{At: 3 * hour, Rule: "retry"}}}, "rules longer, rest")
}

func TestIfNothingIsOpenTheRuleIsThatOfTheLatestChange(t *testing.T) {
	three := happens(0, hygiene.SoftBounce)
	three.Repeat = 3
	passes(t, Case{
		Steps:  []Step{three, happens(hour, hygiene.Delivered)},
		Expect: []Expectation{{At: hour, Status: hygiene.Active, Rule: "forgive"}},
	})
	passes(t, Case{Steps: []Step{three}, Expect: []Expectation{{At: 60 * hour, Status: hygiene.Active, Rule: "rest"}}})
	fails(t, Case{Expect: []Expectation{{Rule: "rest"}}}, "nothing has changed")
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: "legal"}
	fails(t, Case{Steps: []Step{instruct(0, in)}, Expect: []Expectation{{Rule: "rest"}}}, "an operator did it")
	fails(t, Case{Steps: []Step{instruct(0, in), instruct(hour, hygiene.Instruction{Kind: hygiene.Allow})}, Expect: []Expectation{{At: hour, Rule: "rest"}}}, "an operator made the latest change")
}

func TestWhatTheReviewLiftsIsOfItsRule(t *testing.T) {
	b := bench(t)
	c := Case{
		Steps:  []Step{happens(0, hygiene.HardBounce), happens(hour, hygiene.Opened)},
		Expect: []Expectation{{At: 23 * hour, Rule: "hard"}, {At: 24 * hour, Status: hygiene.Active, Rule: "wake"}},
	}
	if r := b.Run(&c); !r.Passed() {
		t.Errorf("%+v\n%s", r.Failures, timeline(r))
	}
	if slices.Contains(b.Coverage().Rules, "wake") {
		t.Error("wake acted")
	}
}

func TestTheRetryIsCheckedByAttemptAndTime(t *testing.T) {
	due, other := 4*hour, 5*hour
	c := Case{Steps: []Step{happens(0, hygiene.SoftBounce)}}
	for _, good := range []Retry{{Attempt: 1}, {Due: &due}, {Attempt: 1, Due: &due}} {
		c.Expect = []Expectation{{At: hour, Retry: &good}}
		passes(t, c)
	}
	for _, bad := range []Retry{{Attempt: 2}, {Due: &other}, {None: true}} {
		c.Expect = []Expectation{{At: hour, Retry: &bad}}
		fails(t, c, "retry 1 due at 4h")
	}
	c.Expect = []Expectation{{At: 28 * hour, Retry: &Retry{Attempt: 1}}}
	fails(t, c, "no retry")
}

func TestSegmentsAreEvaluatedAtTheTimeWithTheListsOfTheCase(t *testing.T) {
	passes(t, Case{Lists: []string{"vip"}, Expect: []Expectation{{At: hour, In: []string{"vip"}, NotIn: []string{"staff"}}}})
	fails(t, Case{Expect: []Expectation{{At: hour, In: []string{"vip"}}}}, "in vip", "not in vip (asked at 1h)")
}

func TestABodyIsReadByItsSourceAndUnreadableOnesAreShown(t *testing.T) {
	r := passes(t, Case{
		Steps: []Step{
			sent(0, `{"id":"1","to":"ann","event":"gone","reason":{"code":9}}`),
			sent(0, `{"probe":true}`),
			sent(0, `[{"id":"2","event":"Lost","reason":{"code":"7"}},{"id":"3","to":"bob","event":"gone","reason":{"code":8}}]`),
			sent(0, `{`),
		},
		Expect: []Expectation{{Status: hygiene.Cooling, Retry: &Retry{Attempt: 1}}},
	})
	for _, want := range []string{"unrecognized (gone 9) of message 1: the outcomes of source a have no line for it", "goes to quarantine: the id is missing",
		"soft_bounce (Lost 7) of message 2", "of another contact: the body names bob, this test is about ann", "not JSON"} {
		if !strings.Contains(timeline(r), want) {
			t.Errorf("the timeline does not say %q:\n%s", want, timeline(r))
		}
	}
}

func TestTheContactOfTheCaseIsTheOneThatBodiesAreAbout(t *testing.T) {
	passes(t, Case{
		Contact: hygiene.Contact{Key: "bob"},
		Steps:   []Step{sent(0, `{"id":"1","to":"ann","event":"gone","reason":{"code":8}}`)},
		Expect:  []Expectation{{Status: hygiene.Active}},
	})
}

func TestAFailureShowsTheTraceOfTheReview(t *testing.T) {
	r := fails(t, Case{Steps: []Step{happens(0, hygiene.Sent)}, Expect: []Expectation{{At: 50 * hour, Rule: "quiet"}}}, "nothing has changed")
	if !strings.Contains(timeline(r), "48h the review\n  quiet: no: last seen 2d ago, at 0h") {
		t.Errorf("the timeline:\n%s", timeline(r))
	}
	r = passes(t, Case{Steps: []Step{happens(0, hygiene.Sent)}, Expect: []Expectation{{At: 50 * hour, Status: hygiene.Active}}})
	if strings.Contains(timeline(r), "review") {
		t.Errorf("a review that did nothing is shown where nothing failed:\n%s", timeline(r))
	}
}

func TestTheTimelineShowsTheValueThatDecidedInTimesOfTheTest(t *testing.T) {
	r := fails(t, Case{
		Steps:  []Step{happens(30*hour, hygiene.SoftBounce), happens(98*hour, hygiene.SoftBounce)},
		Expect: []Expectation{{At: 98 * hour, Status: hygiene.IsSuppressed}},
	}, "status suppressed", "status cooling")
	for _, want := range []string{"retry: retry 2 is due at 4d10h; soft_bounce: 2 counted", "rest: no: soft_bounce: 2 of 3 counted (30h, 98h)"} {
		if !strings.Contains(timeline(r), want) {
			t.Errorf("the timeline does not say %q:\n%s", want, timeline(r))
		}
	}
}

func TestTimesInQuotesAreValuesAndStay(t *testing.T) {
	at := func(d time.Duration) hygiene.Instant { return Start.Add(d) }
	why := hygiene.Phrase{`born is "2026-01-02T00:00:00Z", seen at `, at(24 * hour), ", (", hygiene.Phrase{at(4*hour + 30*time.Minute), ", ", at(-365 * 24 * hour)}, ")"}
	if got := why.Format(offsetOf); got != `born is "2026-01-02T00:00:00Z", seen at 24h, (4h30m, 2025-01-01T00:00:00Z)` {
		t.Error(got)
	}
}

func TestCoverageNamesWhatNoCaseTried(t *testing.T) {
	b := bench(t)
	b.Run(&Case{Steps: []Step{happens(0, hygiene.HardBounce), sent(0, `{"id":"1","event":" lost","reason":{"code":7.0}}`)}})
	c := b.Coverage()
	if slices.Contains(c.Rules, "hard") || !slices.Contains(c.Rules, "forgive") || !slices.Equal(c.Codes, []Code{{"a", "gone", "8"}}) {
		t.Errorf("%+v", c)
	}
	coded := happens(0, hygiene.HardBounce)
	coded.Event.Code = "8"
	b.Run(&Case{Steps: []Step{coded}})
	if c := b.Coverage(); len(c.Codes) != 0 {
		t.Errorf("the code was sent with its outcome: %+v", c)
	}
	if text, _ := json.Marshal((&Runner{Policy: hygiene.NewPolicy(nil, "")}).Coverage()); string(text) != `{"rules":[],"codes":[]}` {
		t.Errorf("nothing is %s", text)
	}
}

func TestTheEndOfARetryIsNotAnActOfItsRule(t *testing.T) {
	b := bench(t)
	r := b.run(&Case{Steps: []Step{happens(0, hygiene.SoftBounce), happens(hour, hygiene.Delivered)}}, true)
	if !strings.Contains(timeline(r), "1h delivered\n  forgive: holds and changes nothing: no suppression for soft_bounce by a rule is open\n  : retry 1 ends") {
		t.Error(timeline(r))
	}
}

// TestTheOrderOfTheFileDoesNotMatter shuffles what happens at different times.
func TestTheOrderOfTheFileDoesNotMatter(t *testing.T) {
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.HardBounce, hygiene.Opened}
	for seed := range uint64(100) {
		d := rand.New(rand.NewPCG(seed, 1))
		var c Case
		for i := range 12 {
			c.Steps = append(c.Steps, happens(time.Duration(i*9+d.IntN(8))*hour, outcomes[d.IntN(len(outcomes))]))
		}
		c.Steps = append(c.Steps, instruct(120*hour, hygiene.Instruction{Kind: hygiene.Allow}))
		c.Expect = []Expectation{{At: 200 * hour, Status: hygiene.IsSuppressed, Rule: "hard", Reasons: []string{"x"}}}
		first := bench(t).Run(&c)
		d.Shuffle(len(c.Steps), func(i, j int) { c.Steps[i], c.Steps[j] = c.Steps[j], c.Steps[i] })
		if again := bench(t).Run(&c); timeline(first) != timeline(again) || fmt.Sprint(first.Failures) != fmt.Sprint(again.Failures) {
			t.Fatalf("seed %d:\n%s\n%s", seed, timeline(first), timeline(again))
		}
	}
}

// The condition silent is tried as the review asks it: once the time is over, and not for a
// message that was answered, be it before the sending.
func TestARuleOfSilentMessagesIsTried(t *testing.T) {
	b := bench(t)
	silent := hygiene.OutcomeTest{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Sent), Count: 1, Silent: 3 * hygiene.Day}}
	b.Policy = hygiene.NewPolicy([]hygiene.Rule{{Name: "ask", Where: silent, Then: hygiene.Action{Tag: "ask"}}}, "")
	message := func(at time.Duration, o hygiene.Outcome, id string) Step {
		return Step{At: at, Event: &hygiene.Event{Source: "a", Outcome: o, MessageID: id}, Repeat: 1}
	}
	c := Case{Name: "silent", Steps: []Step{
		message(0, hygiene.Delivered, "m1"),
		message(hour, hygiene.Sent, "m1"),
		message(hygiene.Day, hygiene.Sent, "m2"),
	}, Expect: []Expectation{{At: 4*hygiene.Day - hour, Tags: []string{}}, {At: 4 * hygiene.Day, Tags: []string{"ask"}}}}
	if r := b.run(&c, true); !r.Passed() {
		t.Errorf("%+v\n%s", r.Failures, timeline(r))
	}
}
