package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// Lines are looked up together. A line may change what a later one finds: contacts share
// numbers, and lines name contacts and numbers again.
func TestLinesThatAreLookedUpTogetherDoWhatEachWouldDoAlone(t *testing.T) {
	const people, numbers = 10, 4
	phone := func(n int) string { return fmt.Sprintf("+90555000%04d", n) }
	person := func(n int) string { return fmt.Sprint("contact-", n) }
	at := storetest.Start.Add(10 * hygiene.Day)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		var events []hygiene.Event
		for i := range 30 {
			e := storetest.Event(storetest.Start+hygiene.Instant(i+1), person(r.IntN(people)), fmt.Sprint("m", i), []hygiene.Outcome{hygiene.Delivered, hygiene.HardBounce, hygiene.Unsubscribed}[r.IntN(3)])
			if r.IntN(4) == 0 {
				e = nobodys(storetest.Start+hygiene.Instant(i+1), e.MessageID, e.Outcome)
				e.To = phone(r.IntN(numbers))
			}
			events = append(events, e)
		}
		var lines []store.ImportedSuppression
		for range 30 {
			line := store.ImportedSuppression{Reason: []string{"opted_out", "hard_bounce", "vip"}[r.IntN(3)]}
			if line.Key = person(r.IntN(people + 2)); r.IntN(2) == 0 {
				line.Key, line.Phone = "", phone(r.IntN(numbers+1))
			}
			if r.IntN(3) == 0 && line.Reason == "vip" {
				line.Until = at.Add(hygiene.Day * 30)
			}
			lines = append(lines, line)
		}
		who := r.Perm(people)
		outcome := func(together bool) string {
			s := storetest.Open(t)
			p := numberPolicy(t, s)
			for i, n := range who {
				give(t, s, person(n), phone(i%numbers), storetest.Start)
			}
			storetest.Append(t, s, events...)
			sweepAll(t, s, p, 0)
			if seed%2 == 0 {
				if _, err := s.Merge(t.Context(), p, []store.MergePair{{Old: person(0), New: person(1)}}, store.Batch{By: "crm"}, at-1, nil); err != nil {
					t.Fatal(err)
				}
			}
			im, err := s.ImportSuppressions(p, "ann", "list", at)
			if err != nil {
				t.Fatal(err)
			}
			defer im.Close()
			var sum store.SuppressionResult
			for n := range lines {
				part := lines[n : n+1]
				if together {
					if n > 0 {
						break
					}
					part = lines
				}
				did, err := im.Save(part)
				if err != nil {
					t.Fatal(err)
				}
				sum.Add(did)
			}
			text := fmt.Sprintf("%+v\n%s", sum, storetest.Dump(t, s))
			for n := range numbers + 1 {
				on, err := s.StandingOn(phone(n), at+1)
				if err != nil {
					t.Fatal(err)
				}
				text += fmt.Sprintf("%s %+v\n", phone(n), on)
			}
			checkCounts(t, s, p, at+1)
			return text
		}
		if a, b := outcome(true), outcome(false); a != b {
			t.Fatalf("seed %d: together\n%s\neach alone\n%s", seed, a, b)
		}
	}
}
