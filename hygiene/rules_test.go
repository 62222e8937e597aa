package hygiene

import (
	"testing"
	"time"
)

// exampleScenario is a contact under the rules of the example config.
func exampleScenario(t *testing.T) *scenario { return &scenario{t: t, p: examplePolicy()} }

// eventOf is an event of the given message.
func (s *scenario) eventOf(message string, d float64, o Outcome) []Change {
	s.seq++
	e := Event{Seq: s.seq, At: day(d), ReceivedAt: day(d), Source: "a", MessageID: message, Outcome: o}
	changes, _ := s.p.Apply(&s.c, &e)
	return changes
}

const hour = 1.0 / 24

func TestAHardBounceSuppressesPermanently(t *testing.T) {
	s := exampleScenario(t)
	s.happens(0, HardBounce, "a")
	s.is(10_000, IsSuppressed, "nothing lifts it")
	s.happens(1, Delivered, "a")
	s.is(2, IsSuppressed, "a delivery forgives soft bounces only")
}

func TestUnknownDeliveryIsNotASoftBounce(t *testing.T) {
	s := exampleScenario(t)
	for i := range 10 {
		s.happens(float64(i), UnknownDelivery, "a")
	}
	s.is(10, Active, "it is neither a success nor a failure")
}

func TestACarrierViolationTagsAndNeverSuppresses(t *testing.T) {
	s := exampleScenario(t)
	s.happens(0, CarrierViolation, "a")
	s.happens(1, CarrierViolation, "a")
	if s.c.HasTag("content-review") {
		t.Error("two are not three")
	}
	s.happens(7, CarrierViolation, "a")
	if !s.c.HasTag("content-review") {
		t.Error("an entry at exactly seven days counts")
	}
	s.is(8, Active, "content is not the contact's fault")
}

func TestASoftBounceIsRetriedAfterFourThenTwentyFourThenSeventyTwoHours(t *testing.T) {
	s := exampleScenario(t)
	for i, after := range []float64{4, 24, 72} {
		at := float64(i * 10)
		s.happens(at, SoftBounce, "a")
		s.is(at+(after-0.001)*hour, Cooling, "not due yet")
		s.is(at+after*hour, RetryDue, "due at the instant")
		s.is(at+after*hour+7, Active, "lapsed a week after it was due")
	}
	changes := s.happens(30, SoftBounce, "a")
	if len(changes) != 1 || changes[0].Act != GaveUp {
		t.Errorf("past the list the ledger says %+v", changes)
	}
	s.is(30.1, Active, "given up")
}

func TestADeliveryEndsTheRetryAndResetsTheCount(t *testing.T) {
	s := exampleScenario(t)
	s.happens(0, SoftBounce, "a")
	s.happens(0.1, Delivered, "a")
	s.is(0.2, Active, "the retry is over")
	s.happens(1, SoftBounce, "a")
	s.is(1+4*hour, RetryDue, "the first since the delivery")
}

func TestSendingAnotherMessageEndsTheRetryAndTheSameDoesNot(t *testing.T) {
	s := exampleScenario(t)
	s.eventOf("m", 0, SoftBounce)
	s.eventOf("m", 0.01, Sent)
	s.is(0.05, Cooling, "it is the bounced message that was sent")
	s.eventOf("n", 0.1, Sent)
	s.is(0.11, Active, "another was sent")
}

func TestASoftBounceOfADeliveredMessageTriggersNothing(t *testing.T) {
	s := exampleScenario(t)
	s.eventOf("m", 0, Delivered)
	s.eventOf("m", 0.1, SoftBounce)
	s.is(0.2, Active, "the message had arrived")
	if n := len(s.c.History.Outcome(SoftBounce).Entries); n != 1 {
		t.Errorf("%d soft bounces are kept", n)
	}
}

func TestFourSoftBouncesInExactlyFourteenDaysRestForThirty(t *testing.T) {
	s := exampleScenario(t)
	for _, d := range []float64{0, 5, 10} {
		s.happens(d, SoftBounce, "a")
	}
	s.happens(14, SoftBounce, "a")
	s.is(43.999, IsSuppressed, "rests")
	s.is(44, Active, "at the instant it is over")

	late := exampleScenario(t)
	for _, d := range []float64{0, 5, 10, 14.00001} {
		late.happens(d, SoftBounce, "a")
	}
	late.is(14.1, Active, "the first lies outside")
}

func TestSevenSoftBouncesSinceADeliveryGiveUp(t *testing.T) {
	s := exampleScenario(t)
	for i := range 7 {
		s.happens(float64(i*10), SoftBounce, "a")
	}
	s.is(60+179, IsSuppressed, "for 180 days")
	s.is(60+180, Active, "no longer")
	s.happens(100, Delivered, "a")
	s.is(101, Active, "a delivery forgives")
}

func TestTheSameSoftBounceFiftyTimesIsOneAndTwoMessagesAreTwo(t *testing.T) {
	s := exampleScenario(t)
	for i := range 50 {
		s.eventOf("m", float64(i)*0.01, SoftBounce)
	}
	s.eventOf("n", 1, SoftBounce)
	if n := len(s.c.History.Outcome(SoftBounce).Entries); n != 2 {
		t.Errorf("%d soft bounces are kept", n)
	}
	if s.c.Retry.Attempt != 2 {
		t.Errorf("attempt %d", s.c.Retry.Attempt)
	}
}

func TestABounceNeverOverwritesAnOptOutAndLiftingOneLeavesTheOther(t *testing.T) {
	s := exampleScenario(t)
	s.happens(0, Unsubscribed, "a")
	s.happens(1, HardBounce, "a")
	s.p.Instruct(&s.c, Instruction{Moment: Moment{day(2), s.seq}, Kind: Allow})
	if got := s.c.Reasons(day(3)); len(got) != 1 || got[0] != OptedOut {
		t.Errorf("suppressed for %v", got)
	}
	s.happens(4, Resubscribed, "a")
	s.is(5, Active, "the contact came back by itself")
}

func TestNewEvidenceActsAfterAnAllow(t *testing.T) {
	s := exampleScenario(t)
	for i := range 4 {
		s.happens(float64(i), SoftBounce, "a")
	}
	s.p.Instruct(&s.c, Instruction{Moment: Moment{day(5), s.seq}, Kind: Allow})
	s.is(5, Active, "allowed")
	s.happens(6, SoftBounce, "a")
	s.is(6.1, Cooling, "the first that counts")
	for i := range 3 {
		s.happens(float64(7+i), SoftBounce, "a")
	}
	s.is(10, IsSuppressed, "four that count")
}

func TestApartCountsFourOneTimeCodesAsOne(t *testing.T) {
	q := counting(2, 0, 0, SoftBounce)
	q.Apart = 6 * time.Hour
	s := newScenario(t, Rule{Name: "apart", When: q, Then: suppressFor("x", 0)})
	for i := range 4 {
		s.happens(float64(i)*hour, SoftBounce, "a")
	}
	s.is(1, Active, "they are one trial")
	s.happens(9*hour, SoftBounce, "a")
	s.is(1, IsSuppressed, "six hours after the one before it is another")
}

func TestTheReviewSuppressesContactsThatNothingReached(t *testing.T) {
	s := exampleScenario(t)
	for i := range 5 {
		s.happens(float64(i), Sent, "a")
	}
	s.p.Review(&s.c, Moment{day(10), s.seq})
	s.is(11, IsSuppressed, "five sent and none delivered")
	if before := len(s.c.Instructions); s.p.Review(&s.c, Moment{day(11), s.seq}) != nil || len(s.c.Instructions) != before {
		t.Error("a review opens, and does not renew")
	}
	reached := exampleScenario(t)
	for i := range 5 {
		reached.happens(float64(i), Sent, "a")
	}
	reached.happens(5, Delivered, "a")
	reached.p.Review(&reached.c, Moment{day(10), reached.seq})
	reached.is(11, Active, "it was reached")
}

func TestCodesAndSourceNarrowWhatTriggersAndWhatIsCounted(t *testing.T) {
	q := counting(2, 0, 0, SoftBounce)
	q.Source, q.Codes = "b", []string{"1404"}
	s := newScenario(t, Rule{Name: "narrow", When: q, Then: suppressFor("x", 0)})
	put := func(d float64, source, code string) {
		s.seq++
		e := Event{Seq: s.seq, At: day(d), Source: source, Code: code, MessageID: source + code + time.Duration(s.seq).String(), Outcome: SoftBounce}
		s.p.Apply(&s.c, &e)
	}
	put(0, "b", "1404")
	put(1, "a", "1404")
	put(2, "b", "1499")
	s.is(3, Active, "only one is of this source and code")
	put(4, "b", "1404")
	s.is(5, IsSuppressed, "now there are two")
}
