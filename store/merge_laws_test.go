package store_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

// mergeLives is how many random histories the laws of merging are checked with.
var mergeLives = flag.Int("merge-lives", 8, "random histories for each law of merging")

// lifelike is a policy with rules of every kind that a merge may join.
func lifelike() *hygiene.Policy {
	when := func(n int, since hygiene.Outcomes, o ...hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o...), Count: n, Since: since}}
	}
	delivered := hygiene.OutcomesOf(hygiene.Delivered)
	p := hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, 0, hygiene.HardBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}},
		{Name: "retry", When: when(1, 0, hygiene.SoftBounce), Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * time.Hour, hygiene.Day}, Lapse: hygiene.DefaultLapse}}},
		{Name: "rest", When: when(3, delivered, hygiene.SoftBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: 30 * hygiene.Day}}},
		{Name: "forgive", When: when(1, 0, hygiene.Delivered), Then: hygiene.Action{Release: []string{"soft_bounce"}}},
		{Name: "opt-out", When: when(1, 0, hygiene.Unsubscribed), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: hygiene.OptedOut}}},
		{Name: "opt-in", When: when(1, 0, hygiene.Resubscribed), Then: hygiene.Action{Release: []string{hygiene.OptedOut}}},
		{Name: "quiet", Where: hygiene.SeenTest{OlderThan: 5 * hygiene.Day}, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "quiet", For: 10 * hygiene.Day}}},
		{Name: "watch", When: when(2, 0, hygiene.CarrierViolation), Then: hygiene.Action{Tag: "content-review"}},
	}, "lifelike")
	p.UseNumbers([]string{"hard_bounce"})
	return p
}

// deed is one thing that happens to a store. All that it says of time is fixed, so that
// it may become known at any time.
type deed struct {
	what   string
	keeps  string          // deeds of the same word keep their order among themselves; empty for most
	allows hygiene.Instant // when an operator allowed a contact; 0 for all else
	at     hygiene.Instant
	do     func(t *testing.T, s *store.Store, p *hygiene.Policy)
}

var peopleKeys = []string{"a", "b", "c", "d", "e"}

// deeds is a random life of a few contacts, in order of time. Messages belong to one
// contact each, but for a few of which two contacts have events.
func deeds(r *rand.Rand, n int) (list []deed) {
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.HardBounce,
		hygiene.CarrierViolation, hygiene.Unsubscribed, hygiene.Resubscribed}
	at := storetest.Start
	for i := range n {
		at = at.Add(time.Duration(1+r.IntN(20)) * time.Hour)
		now, key := at, peopleKeys[r.IntN(len(peopleKeys))]
		switch r.IntN(15) {
		case 6:
			profile := store.Profile{Key: key, HasPhone: r.IntN(2) == 0, Phone: fmt.Sprint("+90555111", 1000+r.IntN(4)),
				Attributes: hygiene.Attributes{{Name: fmt.Sprint("attribute-", r.IntN(3)), Value: hygiene.ParseValue([]string{"", "x", "y"}[r.IntN(3)])}}}
			list = append(list, deed{what: fmt.Sprint("import ", key, profile), keeps: "imports", do: func(t *testing.T, s *store.Store, _ *hygiene.Policy) {
				if _, err := s.SaveProfiles([]store.Profile{profile}, now); err != nil {
					t.Fatal(err)
				}
			}})
		case 0, 1:
			in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: []string{"complaint", hygiene.OptedOut, "manual"}[r.IntN(3)], By: "ann"}
			list = append(list, deed{what: fmt.Sprint("suppress ", key, " ", in.Reason), do: instructing(in, now, key)})
		case 2:
			in := hygiene.Instruction{Kind: hygiene.Allow, Reason: []string{"", hygiene.OptedOut, "complaint", "manual"}[r.IntN(4)], By: "ann"}
			list = append(list, deed{what: fmt.Sprint("allow ", key, " ", in.Reason), allows: now, do: instructing(in, now, key)})
		case 3:
			message := fmt.Sprintf("%s-unnamed-%d", key, r.IntN(5))
			list = append(list, deed{what: fmt.Sprint("register ", key), do: func(t *testing.T, s *store.Store, _ *hygiene.Policy) {
				storetest.Register(t, s, store.Registration{Source: "insider", MessageID: message, Contact: key})
			}})
		case 4:
			name := fmt.Sprint("list-", r.IntN(2))
			list = append(list, deed{what: fmt.Sprint("list ", key), do: func(t *testing.T, s *store.Store, _ *hygiene.Policy) {
				if _, err := s.AddToList(name, []string{key}); err != nil {
					t.Fatal(err)
				}
			}})
		case 5:
			pin := segments.Pin{Contact: key, Segment: fmt.Sprint("segment-", r.IntN(2)), Out: true, At: now, By: "ann"}
			list = append(list, deed{what: fmt.Sprint("pin ", key), do: func(t *testing.T, s *store.Store, _ *hygiene.Policy) {
				if _, err := s.Pin(pin); err != nil {
					t.Fatal(err)
				}
			}})
		default:
			e := storetest.Event(now, key, fmt.Sprintf("%s-m%d", key, r.IntN(n)), outcomes[r.IntN(len(outcomes))])
			e.ReceivedAt = now.Add(time.Hour)
			switch r.IntN(6) {
			case 0:
				e.MessageID, e.Contact = fmt.Sprintf("%s-unnamed-%d", key, r.IntN(5)), ""
			case 1:
				e.MessageID = fmt.Sprint("shared-", r.IntN(6))
			}
			list = append(list, deed{what: fmt.Sprint("event ", i, " ", key, " ", e.Outcome), do: func(t *testing.T, s *store.Store, p *hygiene.Policy) {
				storetest.Append(t, s, e)
				if e.At%2 == 0 {
					storetest.Sweep(t, s, p, 0)
				}
			}})
		}
		list[len(list)-1].at = now
	}
	return list
}

// bulkDeeds are deeds of which each may be about many contacts. They are done when they
// are, so they keep their order.
func bulkDeeds(r *rand.Rand, n int) (list []deed) {
	at := storetest.Start
	for range n {
		at = at.Add(time.Duration(1+r.IntN(400)) * time.Hour)
		now, from := at, at.Add(-time.Duration(1+r.IntN(200))*time.Hour)
		add := func(what string, do func(t *testing.T, s *store.Store, p *hygiene.Policy) error) {
			list = append(list, deed{what: fmt.Sprint(what, " at ", now), do: func(t *testing.T, s *store.Store, p *hygiene.Policy) {
				t.Helper()
				if err := do(t, s, p); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}})
		}
		key, name := peopleKeys[r.IntN(len(peopleKeys))], fmt.Sprint("list-", r.IntN(2))
		reason := []string{"", "soft_bounce", "hard_bounce"}[r.IntN(3)]
		switch r.IntN(6) {
		case 0:
			add("review", func(t *testing.T, s *store.Store, p *hygiene.Policy) error {
				_, err := s.Review(t.Context(), p, now, nil)
				return err
			})
		case 1:
			add("strike "+reason, func(t *testing.T, s *store.Store, p *hygiene.Policy) error {
				storetest.Sweep(t, s, p, 0)
				_, err := strikeAll(t, t.Context(), s, p, hygiene.Instruction{Reason: reason, From: from, To: now}, now, nil)
				return err
			})
		case 2:
			add("import "+key, func(t *testing.T, s *store.Store, p *hygiene.Policy) error {
				im, err := s.ImportSuppressions(p, "ann", "list.csv", now)
				if err != nil {
					return err
				}
				defer im.Close()
				_, err = im.Save([]store.ImportedSuppression{{Key: key, Reason: "manual"}, {Key: "e", Reason: "legal", Until: now.Add(hygiene.Day)}})
				if err == nil {
					_, err = im.End()
				}
				return err
			})
		case 3:
			add("rejudge", func(t *testing.T, s *store.Store, p *hygiene.Policy) error {
				storetest.Sweep(t, s, p, 0)
				_, err := s.Rejudge(t.Context(), p, "", store.Batch{By: "ann"}, now, nil)
				return err
			})
		case 4:
			add("unlist "+key, func(t *testing.T, s *store.Store, _ *hygiene.Policy) error {
				_, err := s.RemoveFromList(name, []string{key})
				return err
			})
		default:
			add("unpin "+key, func(t *testing.T, s *store.Store, _ *hygiene.Policy) error {
				_, err := s.Unpin("segment-0", []string{key})
				return err
			})
		}
	}
	return list
}

func instructing(in hygiene.Instruction, at hygiene.Instant, key string) func(*testing.T, *store.Store, *hygiene.Policy) {
	return func(t *testing.T, s *store.Store, p *hygiene.Policy) {
		t.Helper()
		if in.Kind == hygiene.Allow { // which needs a contact
			if _, err := s.SaveProfiles([]store.Profile{{Key: key}}, storetest.Start); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Instruct(p, store.Subjects{Keys: []string{key}}, in, store.Batch{Kind: store.SuppressBatch, By: in.By}, at); err != nil {
			t.Fatal(err)
		}
	}
}

func merging(at hygiene.Instant, old, new string) deed {
	return deed{what: "merge " + old + " into " + new, keeps: "merges", do: func(t *testing.T, s *store.Store, p *hygiene.Policy) {
		if _, err := s.Merge(t.Context(), p, []store.MergePair{{Old: old, New: new}}, store.Batch{By: "crm"}, at, nil); err != nil {
			t.Fatal(err)
		}
	}}
}

// live does the deeds on a new store, and sweeps.
func live(t *testing.T, list []deed) *store.Store {
	t.Helper()
	s := storetest.Open(t)
	p := lifelike()
	storetest.SavePolicy(t, s, p)
	for _, d := range list {
		d.do(t, s, p)
	}
	storetest.Sweep(t, s, p, 0)
	storetest.Sweep(t, s, p, 0)
	return s
}

// picture writes down what is known of all contacts, without what differs with the order
// in which it became known: places in the log, and numbers of batches.
func picture(t *testing.T, s *store.Store, overflow *bool) string {
	t.Helper()
	var b strings.Builder
	for _, key := range peopleKeys {
		c, ok, err := s.Contact(key)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s is %s, known %v, %s %v\n", key, c.Key, ok, c.Phone, c.Attributes)
		if c.Key != key {
			continue
		}
		*overflow = *overflow || overflowed(c)
		describeContact(&b, "  ", c)
	}
	for i := range 4 {
		number, ok, err := s.Number(fmt.Sprint("+90555111", 1000+i))
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range number.Suppressions {
			if ok { // a number may be a subject of which nothing is left
				fmt.Fprintln(&b, "number", number.Key[1:], on.Reason, on.Origin, on.Since.At, on.Until)
			}
		}
	}
	lists, err := s.Lists()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		err := s.OnList(t.Context(), l.Name, func(key string) error { fmt.Fprintln(&b, l.Name, key); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	err = s.Pins(t.Context(), "", func(p segments.Pin) error { fmt.Fprintln(&b, "pin", p.Contact, p.Segment, p.Out); return nil })
	if err != nil {
		t.Fatal(err)
	}
	totals, err := s.Totals()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%d contacts %v %d aliases\n", totals.Contacts, totals.Statuses, totals.Aliases)
	return b.String()
}

func describeContact(b *strings.Builder, indent string, c *hygiene.Contact) {
	var lines []string
	for _, s := range c.Suppressions {
		lines = append(lines, fmt.Sprint(s.Reason, " ", s.Origin, " since ", s.Since.At, " until ", s.Until, " ", s.Rule, " ", len(s.Evidence)))
	}
	for _, s := range c.OnNumber {
		lines = append(lines, fmt.Sprint("on number: ", s.Reason, " ", s.Origin, " since ", s.Since.At))
	}
	for _, tag := range c.Tags {
		lines = append(lines, fmt.Sprint("tag ", tag.Name, tag.Since.At))
	}
	if c.Retry != nil {
		lines = append(lines, fmt.Sprint("retry ", c.Retry.DueAt, c.Retry.Attempt, c.Retry.MessageID))
	}
	for _, name := range hygiene.OutcomeNames() {
		o, _ := hygiene.ParseOutcome(name)
		for _, e := range c.History.Outcome(o).Entries {
			lines = append(lines, fmt.Sprint(name, " ", e.At, " ", e.Message, c.History.Kind(&e)))
		}
	}
	slices.Sort(lines)
	for _, l := range lines {
		b.WriteString(indent + l + "\n")
	}
}

// differing are the lines that only one of two pictures has.
func differing(a, b string) string {
	var out strings.Builder
	linesA, linesB := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, l := range linesA {
		if !slices.Contains(linesB, l) {
			out.WriteString("- " + l + "\n")
		}
	}
	for _, l := range linesB {
		if !slices.Contains(linesA, l) {
			out.WriteString("+ " + l + "\n")
		}
	}
	return out.String()
}

func whats(list []deed) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(d.what + "\n")
	}
	return b.String()
}

// shuffle is an order in which the deeds may become known. Merges keep their order among
// themselves. An operator who allows a contact knows nothing of what comes later: what
// lies ahead of the clock by then was recorded by a clock that was wrong.
func shuffle(r *rand.Rand, list []deed) (order []deed) {
	left := slices.Clone(list)
	for len(left) > 0 {
		i := r.IntN(len(left))
		d := left[i]
		if slices.ContainsFunc(left[:i], func(other deed) bool { return d.keeps != "" && other.keeps == d.keeps }) ||
			d.keeps != "merges" && slices.ContainsFunc(left, func(other deed) bool { return other.allows != 0 && other.allows < d.at }) {
			continue
		}
		order, left = append(order, d), slices.Delete(left, i, i+1)
	}
	return order
}

// A merge may become known before or after anything else, and so may all else. Merges
// keep their order among themselves.
func TestAnyOrderOfDeedsAndMergesGivesTheSameContacts(t *testing.T) {
	for seed := range uint64(*mergeLives) {
		r := rand.New(rand.NewPCG(seed, 77))
		list := deeds(r, 10+r.IntN(50))
		for n := range 1 + r.IntN(3) {
			old, new := peopleKeys[r.IntN(5)], peopleKeys[r.IntN(5)]
			at := storetest.Start.Add(time.Duration(r.IntN(40*24)) * time.Hour).Add(time.Duration(n+1) * time.Minute)
			list = slices.Insert(list, r.IntN(len(list)+1), merging(at, old, new))
		}
		shuffled := shuffle(r, list)
		full := false
		a := picture(t, live(t, list), &full)
		b := picture(t, live(t, shuffled), &full)
		if a != b && !full {
			t.Fatalf("seed %d\n%s\nshuffled\n%s\nonly in order, or only shuffled:\n%s", seed, whats(list), whats(shuffled), differing(a, b))
		}
	}
}

// What is merged and parted again is as if it had never been merged. Only what is said
// for a protected reason meanwhile stays on both, so there is none here.
func TestAMergeThatIsUndoneIsAsIfItHadNeverBeen(t *testing.T) {
	for seed := range uint64(*mergeLives) {
		r := rand.New(rand.NewPCG(seed, 78))
		before, after := deeds(r, r.IntN(40)), deeds(r, r.IntN(40))
		after = slices.DeleteFunc(after, func(d deed) bool {
			return strings.Contains(d.what, "opted_out") || strings.Contains(d.what, "complaint") || strings.Contains(d.what, "subscribed")
		})
		for _, list := range []*[]deed{&before, &after} {
			for _, d := range bulkDeeds(r, r.IntN(5)) {
				*list = slices.Insert(*list, r.IntN(len(*list)+1), d)
			}
		}
		pairs := [][2]string{{"a", "b"}, {"b", "c"}, {"d", "c"}}[:1+r.IntN(3)]
		never := live(t, slices.Concat(before, after))
		full := false
		want := picture(t, never, &full)
		s := live(t, before)
		p := lifelike()
		var batches []int64
		at := storetest.Start.Add(time.Duration(r.IntN(60*24)) * time.Hour)
		for i, pair := range pairs {
			did, err := s.Merge(t.Context(), p, []store.MergePair{{Old: pair[0], New: pair[1]}}, store.Batch{By: "crm"}, at.Add(time.Duration(i)*time.Hour), nil)
			if err != nil {
				t.Fatal(err)
			}
			batches = append(batches, did.Batch)
		}
		for _, d := range after {
			d.do(t, s, p)
		}
		r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
		for _, id := range batches {
			takeBack(t, s, p, id, at.Add(1000*hygiene.Day))
		}
		storetest.Sweep(t, s, p, 0)
		storetest.Sweep(t, s, p, 0)
		if got := picture(t, s, &full); got != want {
			t.Fatalf("seed %d, %v\n%s--\n%s\nonly never merged, or only merged and undone:\n%s", seed, pairs, whats(before), whats(after), differing(want, got))
		}
	}
}
