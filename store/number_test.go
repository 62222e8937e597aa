package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// numberPolicy is a policy under which numbers are subjects of their own.
func numberPolicy(t testing.TB, s *store.Store) *hygiene.Policy {
	t.Helper()
	when := func(n int, o ...hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o...), Count: n}}
	}
	suppress := func(reason string) hygiene.Action {
		return hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: reason}}
	}
	p := hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, hygiene.HardBounce), Then: suppress("hard_bounce")},
		{Name: "blocked", When: when(2, hygiene.Blocked), Then: suppress("blocked")},
		{Name: "unblock", When: when(1, hygiene.Delivered), Then: hygiene.Action{Release: []string{"blocked"}}},
		{Name: "retry", When: when(1, hygiene.SoftBounce), Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * time.Hour, hygiene.Day}, Lapse: 30 * hygiene.Day}}},
		{Name: "out", When: when(1, hygiene.Unsubscribed), Then: suppress(hygiene.OptedOut)},
		{Name: "in", When: when(1, hygiene.Resubscribed), Then: hygiene.Action{Release: []string{hygiene.OptedOut}}},
	}, "numbers")
	p.UseNumbers([]string{"hard_bounce", "blocked"})
	storetest.SavePolicy(t, s, p)
	return p
}

// knowledge is something that becomes known to a store.
type knowledge struct {
	text string
	line string // pieces of one line keep their order; "" for none
	at   hygiene.Instant
	tell func(t *testing.T, s *store.Store, p *hygiene.Policy)
}

func randomKnowledge(r *rand.Rand, contacts []string, phones []string, n int) []knowledge {
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.HardBounce, hygiene.SoftBounce, hygiene.Unsubscribed, hygiene.Resubscribed, hygiene.Blocked, hygiene.Blocked}
	type message struct{ id, of string }
	var messages []message
	var list []knowledge
	at := storetest.Start
	for k := range n {
		at = at.Add(time.Duration(1+r.IntN(20)) * time.Hour)
		now, contact, phone := at, contacts[r.IntN(len(contacts))], phones[r.IntN(len(phones))]
		add := func(line, text string, tell func(t *testing.T, s *store.Store, p *hygiene.Policy)) {
			list = append(list, knowledge{text, line, now, tell})
		}
		act := func(numbers bool, of, reason string, kind hygiene.InstructionKind) func(t *testing.T, s *store.Store, p *hygiene.Policy) {
			return func(t *testing.T, s *store.Store, p *hygiene.Policy) {
				t.Helper()
				in := hygiene.Instruction{Kind: kind, Reason: reason, Origin: hygiene.ByOperator, By: "ann", Note: fmt.Sprint("act ", k)}
				named := store.Subjects{Keys: []string{of}}
				if numbers {
					named = store.Subjects{Phones: []string{of}}
				}
				if _, err := s.Instruct(p, named, in, store.Batch{Kind: store.SuppressBatch}, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		switch r.IntN(12) {
		case 0, 1:
			add("profile "+contact, contact+" has "+phone, func(t *testing.T, s *store.Store, p *hygiene.Policy) {
				if _, err := s.SaveProfiles([]store.Profile{{Key: contact, HasPhone: true, Phone: phone}}, now); err != nil {
					t.Fatal(err)
				}
			})
		case 2:
			if len(messages) == 0 {
				continue
			}
			m, said := messages[r.IntN(len(messages))], phone
			switch {
			case m.of == "" && r.IntN(3) == 0:
				m.of = contact
			case m.of != "" && r.IntN(2) == 0:
				said = ""
			}
			sent := now.Add(-time.Duration(r.IntN(60)) * time.Hour)
			add("send log "+m.id, fmt.Sprintf("send log: %s to %s %q at %s", m.id, m.of, said, sent), func(t *testing.T, s *store.Store, p *hygiene.Policy) {
				storetest.Register(t, s, store.Registration{Source: "insider", MessageID: m.id, Contact: m.of, Phone: said, SentAt: sent})
			})
		case 3:
			reason := []string{"hard_bounce", hygiene.OptedOut, "manual"}[r.IntN(3)]
			add("acts", contact+" suppressed for "+reason, act(false, contact, reason, hygiene.Suppress))
		case 4:
			reason := []string{"", hygiene.OptedOut, "hard_bounce"}[r.IntN(3)]
			add("acts", contact+" allowed "+reason, act(false, contact, reason, hygiene.Allow))
		case 5:
			reason := []string{"hard_bounce", hygiene.OptedOut}[r.IntN(2)]
			if r.IntN(3) == 0 {
				add("acts", phone+" allowed "+reason, act(true, phone, reason, hygiene.Allow))
			} else {
				add("acts", phone+" suppressed for "+reason, act(true, phone, reason, hygiene.Suppress))
			}
		default:
			m := message{fmt.Sprint("m", k), contact}
			if len(messages) > 0 && r.IntN(3) == 0 {
				m = messages[r.IntN(len(messages))]
			} else {
				if r.IntN(4) == 0 {
					m.of = "" // the body names nobody
				}
				messages = append(messages, m)
			}
			e := storetest.Event(now, m.of, m.id, outcomes[r.IntN(len(outcomes))])
			e.ReceivedAt = storetest.Start.Add(1000 * hygiene.Day)
			add("", fmt.Sprint(m.of, " ", e.Outcome, " of ", m.id), func(t *testing.T, s *store.Store, p *hygiene.Policy) {
				storetest.Append(t, s, e)
			})
		}
	}
	return list
}

// reordered is the pieces in another order, in which those of one line keep theirs.
func reordered(r *rand.Rand, list []knowledge) []knowledge {
	list = slices.Clone(list)
	r.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
	lines := map[string][]int{}
	for i := range list {
		if list[i].line != "" {
			lines[list[i].line] = append(lines[list[i].line], i)
		}
	}
	for _, places := range lines {
		var of []knowledge
		for _, i := range places {
			of = append(of, list[i])
		}
		slices.SortFunc(of, func(a, b knowledge) int { return int((a.at - b.at) / 1_000_000) })
		for k, i := range places {
			list[i] = of[k]
		}
	}
	return actsInTime(list)
}

// actsInTime moves acts before all that happened after them: people act in the present,
// and only what is older comes late.
func actsInTime(list []knowledge) []knowledge {
	var acts, sorted []knowledge
	for _, k := range list {
		if k.line == "acts" {
			acts = append(acts, k)
		}
	}
	slices.SortFunc(acts, func(a, b knowledge) int { return int((a.at - b.at) / 1_000_000) })
	for _, k := range list {
		for len(acts) > 0 && acts[0].at <= k.at {
			sorted, acts = append(sorted, acts[0]), acts[1:]
		}
		if k.line != "acts" {
			sorted = append(sorted, k)
		}
	}
	return append(sorted, acts...)
}

// onWhom is all that is judged, without the places in the log.
func onWhom(t *testing.T, s *store.Store, contacts, phones []string) string {
	t.Helper()
	var b strings.Builder
	write := func(list []hygiene.Suppression) {
		for _, x := range list {
			fmt.Fprintf(&b, "  %s %s since %s until %d rule %s %d by %s %s\n", x.Reason, x.Origin, x.Since.At, x.Until, x.Rule, len(x.Evidence), x.By, x.Note)
		}
	}
	for _, key := range contacts {
		c, _, err := s.Contact(key)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s %v\n", key, c.Phone, c.Reasons(storetest.Start.Add(500*hygiene.Day)))
		write(c.Suppressions)
		if c.Retry != nil {
			fmt.Fprintf(&b, "  retry %d %s %s\n", c.Retry.Attempt, c.Retry.DueAt, c.Retry.MessageID)
		}
	}
	for _, phone := range phones {
		number, _, err := s.Number(phone)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", phone)
		write(number.Suppressions)
	}
	return b.String()
}

func checkCounts(t *testing.T, s *store.Store, p *hygiene.Policy, now hygiene.Instant) {
	t.Helper()
	want := map[string]int64{"active": 0, "cooling": 0, "retry": 0, "suppressed": 0}
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	err = snapshot.Contacts(context.Background(), false, func(c *hygiene.Contact) error {
		want[c.Status(now).String()]++
		return nil
	})
	snapshot.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(context.Background(), options(p, now)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Totals()
	if err != nil || fmt.Sprint(got.Statuses) != fmt.Sprint(want) {
		t.Errorf("counted %v, %v; want %v", got.Statuses, err, want)
	}
}

func TestNumbersAreTheSameInWhicheverOrderAStoreLearns(t *testing.T) {
	contacts, phones := []string{"ann", "bob", "cem"}, []string{"+905550000001", "+905550000002"}
	opened := 0
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 31))
		list := randomKnowledge(r, contacts, phones, 5+r.IntN(40))
		var want string
		var wanted map[string]string
		for order := range 3 {
			s := storetest.Open(t)
			p := numberPolicy(t, s)
			profiles := []store.Profile{{Key: "x", HasPhone: true, Phone: phones[0]}, {Key: "y", HasPhone: true, Phone: phones[1]}}
			for _, key := range contacts {
				profiles = append(profiles, store.Profile{Key: key})
			}
			if _, err := s.SaveProfiles(profiles, storetest.Start); err != nil {
				t.Fatal(err)
			}
			if order > 0 {
				list = reordered(r, list)
			}
			for _, k := range list {
				if k.tell(t, s, p); r.IntN(4) == 0 {
					sweepAll(t, s, p, 1+r.IntN(5))
				}
			}
			sweepAll(t, s, p, 0)
			got := onWhom(t, s, contacts, phones)
			made := files(t, s, p)
			if order == 0 {
				want, wanted = got, made
				opened += strings.Count(want, "hard_bounce rule")
			}
			delete(made, "manifest.json")
			if got != want {
				var told strings.Builder
				for _, k := range list {
					fmt.Fprintln(&told, k.at, k.text)
				}
				t.Fatalf("seed %d:\n%s\nfirst\n%s\nnow\n%s", seed, told.String(), want, got)
			}
			if delete(wanted, "manifest.json"); !reflect.DeepEqual(made, wanted) {
				t.Fatalf("seed %d: files first %q, now %q", seed, wanted, made)
			}
			checkCounts(t, s, p, storetest.Start.Add(60*hygiene.Day))
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
	if opened < 5 {
		t.Errorf("only %d faults: this tests little", opened)
	}
}
