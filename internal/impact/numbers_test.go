package impact

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/storetest"
)

// undos is how many random stores the laws of numbers are tried on.
var undos = flag.Int("undos", 6, "random stores for the laws of numbers")

var numberPhones = []string{"+905550000001", "+905550000002"}

// numberRules are rules about faults of numbers, words of persons, and neither.
func numberRules(hash string, faults ...string) *hygiene.Policy {
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
		{Name: "out", When: when(1, hygiene.Unsubscribed), Then: suppress(hygiene.OptedOut)},
		{Name: "tired", When: when(2, hygiene.SoftBounce), Then: suppress("soft_bounce")},
	}, hash)
	p.UseNumbers(faults)
	return p
}

// randomNumbers fills a store with contacts that share and change numbers, and with
// events and acts of which some name a number alone.
func randomNumbers(t *testing.T, r *rand.Rand, ops *app.Operations) (now hygiene.Instant) {
	t.Helper()
	contacts := []string{"ann", "bob", "cem"}
	outcomes := []hygiene.Outcome{hygiene.HardBounce, hygiene.Blocked, hygiene.Blocked, hygiene.Delivered, hygiene.Unsubscribed, hygiene.SoftBounce}
	now = storetest.Start
	var profiles []store.Profile
	for _, key := range contacts {
		profiles = append(profiles, store.Profile{Key: key, HasPhone: true, Phone: numberPhones[0]})
	}
	if _, err := ops.Store.SaveProfiles(profiles[:1+r.IntN(3)], now); err != nil {
		t.Fatal(err)
	}
	for i := range 4 + r.IntN(16) {
		now = now.Add(time.Duration(1+r.IntN(40)) * time.Hour)
		contact, phone := contacts[r.IntN(len(contacts))], numberPhones[r.IntN(len(numberPhones))]
		switch r.IntN(10) {
		case 0:
			if _, err := ops.Store.SaveProfiles([]store.Profile{{Key: contact, HasPhone: true, Phone: phone}}, now); err != nil {
				t.Fatal(err)
			}
		case 1:
			in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: []string{"hard_bounce", hygiene.OptedOut}[r.IntN(2)], By: "ann"}
			of := store.Subjects{Phones: []string{phone}}
			if r.IntN(2) == 0 {
				of = store.Subjects{Keys: []string{contact}}
			}
			if _, err := ops.Instruct(of, in, now); err != nil {
				t.Fatal(err)
			}
		case 2:
			if _, err := ops.Sweep(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		default:
			e := storetest.Event(now, contact, fmt.Sprint("m", i), outcomes[r.IntN(len(outcomes))])
			if e.Source = "a"; r.IntN(2) == 0 {
				e.Source = "b"
			}
			if r.IntN(2) == 0 { // it is about a number alone
				e.Contact = ""
				storetest.Register(t, ops.Store, store.Registration{Source: e.Source, MessageID: e.MessageID, Phone: phone, SentAt: now - 1})
			}
			storetest.Append(t, ops.Store, e)
		}
	}
	now = now.Add(time.Hour)
	if _, err := ops.Sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	return now
}

// everyone is all contacts, with what stands on their numbers, and the numbers that no
// contact has.
func everyone(t *testing.T, s *store.Store) (contacts, unowned map[string]*hygiene.Contact) {
	t.Helper()
	contacts, unowned = map[string]*hygiene.Contact{}, map[string]*hygiene.Contact{}
	for _, key := range []string{"ann", "bob", "cem"} {
		if c, known, err := s.Contact(key); err != nil {
			t.Fatal(err)
		} else if known {
			contacts[key] = c
		}
	}
	if err := s.EachUnownedNumber(context.Background(), func(n *hygiene.Contact) { unowned[n.Key] = copyNumber(n) }); err != nil {
		t.Fatal(err)
	}
	return contacts, unowned
}

// effectText is what is compared of an effect: evidence that ceases to count without any
// suppression of a number changing is not.
func effectText(e *effect) string {
	e.sortRules()
	text := fmt.Sprintln("released", e.Released, e.Samples.Released, "suppressed", e.NewlySuppressed, e.Samples.NewlySuppressed)
	for _, r := range e.Rules {
		text += fmt.Sprintln(r.Rule, r.Reason, "lifted", r.Lifted, "opened", r.Opened, r.Samples)
	}
	return text
}

func TestTheUndoThatIsShownIsTheOneThatIsApplied(t *testing.T) {
	now, lifted := hygiene.Instant(0), int64(0)
	for seed := range uint64(*undos) {
		r := rand.New(rand.NewPCG(seed, 44))
		ops := apptest.Operations(t)
		p := numberRules("test", "hard_bounce", "blocked")
		ops.Config.Policy, ops.Config.Hash = p, "test"
		insider := ops.Config.Sources[0]
		a, b := insider, insider
		a.Name, b.Name = "a", "b"
		ops.Config.Sources = append(ops.Config.Sources, a, b)
		storetest.SavePolicy(t, ops.Store, p)
		now = randomNumbers(t, r, ops)
		for range 3 {
			undo := &UndoRange{Since: storetest.Start.Add(time.Duration(r.IntN(20)) * hygiene.Day).String(), Reason: []string{"", "hard_bounce", "blocked", hygiene.OptedOut}[r.IntN(4)],
				Source: []string{"", "a", "b"}[r.IntN(3)]}
			now = now.Add(time.Hour)
			if err := undo.Parse(now); err != nil {
				continue // it begins in the future
			}
			out := &ui.Printer{Stdout: t.Output(), Stderr: t.Output()}
			shown, err := UndoEvents(t.Context(), out, ops, undo, false, now)
			if err != nil {
				t.Fatal(err)
			}
			before, numbersBefore := everyone(t, ops.Store)
			did, err := UndoEvents(t.Context(), out, ops, undo, true, now)
			if err != nil {
				t.Fatal(err)
			}
			after, numbersAfter := everyone(t, ops.Store)
			really := newEffect(p, now)
			for _, key := range slices.Sorted(maps.Keys(before)) {
				really.observe(before[key], after[key])
			}
			for _, key := range slices.Sorted(maps.Keys(numbersBefore)) {
				really.observeUnowned(numbersBefore[key], numbersAfter[key])
			}
			if got, want := effectText(shown.effect), effectText(really); got != want {
				t.Fatalf("seed %d, %s: shown\n%sdone\n%s", seed, shown.About, got, want)
			}
			if some := shown.Contacts+shown.Unowned > 0; some != (did.Changes > 0) {
				t.Fatalf("seed %d, %s: %d contacts and %d numbers are shown, and %d changes are made", seed, shown.About, shown.Contacts, shown.Unowned, did.Changes)
			}
			for _, rule := range really.Rules {
				lifted += rule.Lifted
			}
		}
	}
	if lifted < int64(*undos)/3 {
		t.Errorf("only %d suppressions were lifted: this tests little", lifted)
	}
}

// edited is the policy after an edit of the rules that counts no other outcomes than before.
func edited(r *rand.Rand, hash string) *hygiene.Policy {
	p := numberRules(hash, "hard_bounce", "blocked")
	var rules []hygiene.Rule
	for _, rule := range p.Rules {
		switch k := r.IntN(8); {
		case k < 3:
			rule.When.Count = 1 + r.IntN(3)
		case k == 3 && rule.Then.Suppress != nil:
			rule.Then.Suppress = &hygiene.SuppressAction{Reason: rule.Then.Suppress.Reason, For: 5 * hygiene.Day}
		case k == 4:
			continue
		}
		rules = append(rules, rule)
	}
	p = hygiene.NewPolicy(rules, hash)
	p.UseNumbers([]string{"hard_bounce", "blocked"})
	return p
}

// rejudged is a random store whose contacts were judged again by an edited policy, with
// what was shown before, and how many contacts changed.
func rejudged(t *testing.T, seed uint64, edit func(*rand.Rand, string) *hygiene.Policy) (shown *RejudgeResult, really *effect) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 45))
	ops := apptest.Operations(t)
	p := numberRules("test", "hard_bounce", "blocked")
	ops.Config.Policy, ops.Config.Hash = p, "test"
	storetest.SavePolicy(t, ops.Store, p)
	now := randomNumbers(t, r, ops)
	ops.Config.Policy, ops.Config.Hash = edit(r, "next"), "next"
	storetest.SavePolicy(t, ops.Store, ops.Config.Policy)
	out := &ui.Printer{Stdout: t.Output(), Stderr: t.Output()}
	shown, err := Rejudge(t.Context(), out, ops, RejudgeOptions{}, now)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := everyone(t, ops.Store)
	if _, err := Rejudge(t.Context(), out, ops, RejudgeOptions{Apply: true}, now); err != nil {
		t.Fatal(err)
	}
	after, _ := everyone(t, ops.Store)
	really = newEffect(ops.Config.Policy, now)
	for _, key := range slices.Sorted(maps.Keys(before)) {
		really.observe(before[key], after[key])
	}
	return shown, really
}

func TestWhatAPlanSaysOfNumbersIsWhatRejudgingDoes(t *testing.T) {
	moved := int64(0)
	for seed := uint64(9); seed < uint64(9+2**undos); seed++ {
		shown, really := rejudged(t, seed, edited)
		if p := shown.plan; p.newlySuppressed != really.NewlySuppressed || p.noLongerSuppressed != really.Released {
			t.Fatalf("seed %d: the plan suppresses %d contacts and releases %d, and %d and %d are:\n%s", seed, p.newlySuppressed, p.noLongerSuppressed,
				really.NewlySuppressed, really.Released, effectText(really))
		}
		moved += really.NewlySuppressed + really.Released
	}
	if moved < 2 {
		t.Errorf("only %d contacts changed: this tests little", moved)
	}
}

// Contacts have not given to their number yet what it did not count, so a plan knows of
// each contact alone what that would do.
func TestAPlanSaysOfHowManyNumbersItDoesNotKnowAll(t *testing.T) {
	ops := apptest.Operations(t)
	ops.Config.Policy, ops.Config.Hash = numberRules("test", "hard_bounce"), "test"
	storetest.SavePolicy(t, ops.Store, ops.Config.Policy)
	for i, key := range []string{"ann", "bob", "cem"} {
		if _, err := ops.Store.SaveProfiles([]store.Profile{{Key: key, HasPhone: true, Phone: numberPhones[i/2]}}, storetest.Start); err != nil {
			t.Fatal(err)
		}
		storetest.Append(t, ops.Store, storetest.Event(storetest.Start+1, key, "m-"+key, hygiene.SoftBounce))
	}
	now := storetest.Start.Add(time.Hour)
	if _, err := ops.Sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	p := numberRules("next", "hard_bounce", "soft_bounce")
	ops.Config.Policy, ops.Config.Hash = p, "next"
	storetest.SavePolicy(t, ops.Store, p)
	var text strings.Builder
	out := &ui.Printer{Stdout: &text, Stderr: t.Output()}
	shown, err := Rejudge(t.Context(), out, ops, RejudgeOptions{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := shown.Print(out, "winnow.yaml"); err != nil {
		t.Fatal(err)
	}
	if _, err := Rejudge(t.Context(), out, ops, RejudgeOptions{Apply: true}, now); err != nil {
		t.Fatal(err)
	}
	contacts, _ := everyone(t, ops.Store)
	if shown.Suppressed != 0 || shown.plan.Sharing != 2 || !strings.Contains(text.String(), "2 contacts share phone numbers with others") {
		t.Errorf("it suppresses %d, and does not know of %d:\n%s", shown.Suppressed, shown.plan.Sharing, text.String())
	}
	if is := contacts["ann"].Status(now); is != hygiene.IsSuppressed {
		t.Errorf("ann is %v: this tests nothing", is)
	}
}
