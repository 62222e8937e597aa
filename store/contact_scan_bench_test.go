package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

// BenchmarkPlan plans three edits for contacts of 32 entries, and compares each
// with a pass that only reads and unpacks everyone: an edit of a rule about soft
// bounces, which one in ten has; a new rule about hard bounces, which one in
// fifty has; and everyone replayed, as when it is not known who judged them.
// -contacts 1000000 gives the size that is promised.
func BenchmarkPlan(b *testing.B) {
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	lived(b, s, p, *contacts)
	edited := func(change func(rules []hygiene.Rule) []hygiene.Rule) *hygiene.Policy {
		return hygiene.NewPolicy(change(append([]hygiene.Rule(nil), p.Rules...)), "edited")
	}
	soft := edited(func(rules []hygiene.Rule) []hygiene.Rule {
		when := *rules[2].When
		when.Count = 2
		rules[2].Then = hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce"}}
		rules[2].When = &when
		return rules
	})
	hard := edited(func(rules []hygiene.Rule) []hygiene.Rule {
		return append(rules, hygiene.Rule{Name: "rest-hard", When: rules[0].When,
			Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "rest"}}})
	})
	now := hygiene.Moment{At: storetest.Start.Add(400 * hygiene.Day), Seq: 1 << 40}
	known := []*hygiene.Policy{p}
	var plain, softly, hardly, all time.Duration
	for b.Loop() {
		plain += planned(b, s, nil, 0)
		softly += planned(b, s, forecast.NewPlanner(soft, p, known, now, ""), *contacts/10)
		hardly += planned(b, s, forecast.NewPlanner(hard, p, known, now, ""), *contacts/50)
		all += planned(b, s, forecast.NewPlanner(soft, p, nil, now, ""), *contacts/10)
	}
	for name, took := range map[string]time.Duration{"plain": plain, "soft": softly, "hard": hardly, "all": all} {
		b.ReportMetric(float64(*contacts)*float64(b.N)/took.Seconds(), "contacts/s-"+name)
		if took != plain {
			b.ReportMetric(took.Seconds()/plain.Seconds(), "of-plain-"+name)
		}
	}
}

// planned is how long a plan takes that finds so many changed contacts; without
// a planner, how long it takes to look at them.
func planned(b *testing.B, s *store.Store, p *forecast.Planner, want int) time.Duration {
	b.Helper()
	began := time.Now()
	var counts []*int
	n, err := s.ScanContacts(context.Background(), func(segments.Lists) store.Visitor {
		changed, next, found := new(int), hygiene.Contact{}, []forecast.Planned{}
		counts = append(counts, changed)
		return func(c *hygiene.Contact) error {
			if p == nil {
				return nil
			}
			if found = p.Plan(c, &next, found[:0]); len(found) > 0 {
				*changed++
			}
			return nil
		}
	}, nil)
	took := time.Since(began)
	changed := 0
	for _, n := range counts {
		changed += *n
	}
	if err != nil || n != int64(*contacts) || changed != want {
		b.Fatalf("of %d contacts %d change, not %d: %v", n, changed, want, err)
	}
	return took
}

// lived makes contacts who lived under the policy and have 32 entries each. Half
// of them were sent to and reached more often than a history keeps.
func lived(b *testing.B, s *store.Store, p *hygiene.Policy, contacts int) {
	for from := 0; from < contacts; from += 10_000 {
		err := s.SaveContacts(p, from, min(from+10_000, contacts), func(i int, c *hygiene.Contact) {
			c.Key = fmt.Sprintf("crm-%08d", i)
			c.Phone = fmt.Sprintf("+9055%08d", i)
			c.Attributes = c.Attributes.With("bucket", hygiene.ParseValue(fmt.Sprint(i%10)))
			for n := range 32 + i%2*8 {
				e := hygiene.Event{Seq: int64(n*contacts + i + 1), Source: "insider", MessageID: fmt.Sprint("old-", i, "-", n/2), Outcome: lifelikeOutcome(i, n)}
				e.At = storetest.Start.Add(time.Duration(n/2*10)*hygiene.Day + time.Duration(n)*time.Minute + time.Duration(i)*time.Millisecond)
				p.Apply(c, &e)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// lifelikeOutcome is what happened n-th to the i-th contact.
func lifelikeOutcome(i, n int) hygiene.Outcome {
	switch {
	case n%2 == 0:
		return hygiene.Sent
	case i%20 == 0 && n > 27, i%20 == 5 && n > 35:
		return hygiene.SoftBounce
	case i%50 == 7 && n == 31:
		return hygiene.HardBounce
	}
	return hygiene.Delivered
}
