package store_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// numberLives is how many random histories the law of numbers is checked with, and
// numberSeed the first of them. To search for a counterexample:
//
//	TMPDIR=/dev/shm go test ./store -run TestNumbersAreTheSame -number-lives 20000 -number-seed 1000 -timeout 0
var (
	numberLives = flag.Int("number-lives", 4, "random histories for the law of numbers")
	numberSeed  = flag.Uint64("number-seed", 0, "the first random history for the law of numbers")
)

// numberPolicy is a policy under which numbers are subjects of their own.
func numberPolicy(t testing.TB, s *store.Store) *hygiene.Policy {
	t.Helper()
	p := numberRules()
	p.UseNumbers([]string{"hard_bounce", "blocked", "silent"})
	storetest.SavePolicy(t, s, p)
	return p
}

// numberRules are rules whose reasons are words, faults of numbers and neither.
func numberRules() *hygiene.Policy {
	when := func(n int, o ...hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o...), Count: n}}
	}
	suppress := func(reason string) hygiene.Action {
		return hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: reason}}
	}
	return hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, hygiene.HardBounce), Then: suppress("hard_bounce")},
		{Name: "blocked", When: when(2, hygiene.Blocked), Then: suppress("blocked")},
		{Name: "unblock", When: when(1, hygiene.Delivered), Then: hygiene.Action{Release: []string{"blocked", "silent"}}},
		{Name: "retry", When: when(1, hygiene.SoftBounce), Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * time.Hour, hygiene.Day}, Lapse: 30 * hygiene.Day}}},
		{Name: "rest", When: when(3, hygiene.SoftBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: 40 * hygiene.Day}}},
		{Name: "out", When: when(1, hygiene.Unsubscribed), Then: suppress(hygiene.OptedOut)},
		{Name: "in", When: when(1, hygiene.Resubscribed), Then: hygiene.Action{Release: []string{hygiene.OptedOut}}},
		{Name: "silent", Where: hygiene.OutcomeTest{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Sent), Count: 2}}, Then: suppress("silent")},
		{Name: "quiet", Where: hygiene.SeenTest{OlderThan: 5 * hygiene.Day}, Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "quiet", For: 30 * hygiene.Day}}},
	}, "numbers")
}

// knowledge is something that becomes known to a store. What it says of time is fixed, so
// that it may become known at any time, but for this.
type knowledge struct {
	text string
	line string // pieces of one line keep their order; empty for none
	at   hygiene.Instant
	// parts says that it is done to all that is known by then, once: it parts the others
	// into those that are known before and those that are known after.
	parts bool
	// present says that an operator does it, who knows nothing of what comes later.
	present bool
	sweep   int // how many events a sweep after it takes at a time; 0 for none
	tell    func(t *testing.T, k *knower)
}

// knower is a store that learns of a life.
type knower struct {
	*store.Store
	p       *hygiene.Policy
	batches map[string]int64 // of the acts, by their texts
}

// life draws what becomes known of some contacts and their numbers.
type life struct {
	*rand.Rand
	contacts, phones []string
	shared           []string // of the phones, those that others have from the beginning
	phoneKeys        bool     // the contacts are their numbers
	messages         []struct{ id, of string }
	list             []knowledge
	at               hygiene.Instant
}

func (l *life) one(in int) bool { return l.IntN(in) == 0 }

func (l *life) contact() string { return l.contacts[l.IntN(len(l.contacts))] }

func (l *life) phone() string { return l.phones[l.IntN(len(l.phones))] }

// add adds a piece, whose text is unique.
func (l *life) add(k knowledge) {
	k.at, k.text = l.at, fmt.Sprintf("%3d %s", len(l.list), k.text)
	tell := k.tell
	k.tell = func(t *testing.T, to *knower) {
		t.Helper()
		defer func() {
			if t.Failed() {
				t.Logf("told %s", k.text)
			}
		}()
		tell(t, to)
	}
	l.list = append(l.list, k)
}

func randomLife(r *rand.Rand, phoneKeys bool, n int) *life {
	l := &life{Rand: r, phoneKeys: phoneKeys, contacts: []string{"ann", "bob", "cem"}, phones: []string{"+905550000001", "+905550000002"}, at: storetest.Start}
	l.shared = l.phones
	if phoneKeys {
		l.contacts = []string{"+905550000011", "+905550000012", "+905550000013"}
	}
	l.draw(n)
	return l
}

// draw draws so many pieces.
func (l *life) draw(n int) {
	r := l.Rand
	merges, bulk := r.IntN(3) == 0, r.IntN(2) == 0
	for range n {
		l.at = l.at.Add(time.Duration(1+r.IntN(20)) * time.Hour)
		switch x := r.IntN(28); {
		case x < 4:
			l.importContact()
		case x < 6:
			l.sendLog()
		case x < 10:
			l.act()
		case x < 12:
			l.suppressionList()
		case x < 14:
			l.takeBack()
		case x == 14 && bulk:
			l.review()
		case x == 15 && bulk:
			l.strike()
		case x == 16 && bulk:
			l.rejudge()
		case x == 17 && merges:
			l.merge()
		default:
			l.event()
		}
	}
}

// importContact imports a contact, which gets a number, at times earlier than the import before.
func (l *life) importContact() {
	profile, at := store.Profile{Key: l.contact(), HasPhone: !l.phoneKeys, Phone: l.phone()}, l.at
	if l.phoneKeys {
		profile.Phone = ""
	}
	if l.one(5) {
		at = at.Add(-time.Duration(l.IntN(100)) * time.Hour)
	}
	profile.Attributes = hygiene.Attributes{{Name: "city", Value: hygiene.ParseValue([]string{"x", "y"}[l.IntN(2)])}}
	l.add(knowledge{text: fmt.Sprint(profile.Key, " has ", profile.Phone, " from ", at), line: "imports", tell: func(t *testing.T, k *knower) {
		if _, err := k.SaveProfiles([]store.Profile{profile}, at); err != nil {
			t.Fatal(err)
		}
	}})
}

func (l *life) sendLog() {
	if len(l.messages) == 0 {
		return
	}
	m, said := l.messages[l.IntN(len(l.messages))], l.phone()
	switch {
	case m.of == "" && (l.phoneKeys || l.one(3)):
		m.of = l.contact()
	case m.of != "" && l.one(2) || l.phoneKeys:
		said = ""
	}
	if l.phoneKeys {
		said = ""
	}
	sent := l.at.Add(-time.Duration(l.IntN(60)) * time.Hour)
	if l.one(4) {
		sent = 0
	}
	l.add(knowledge{text: fmt.Sprintf("send log: %s to %s %q at %s", m.id, m.of, said, sent), line: "send log " + m.id, tell: func(t *testing.T, k *knower) {
		storetest.Register(t, k.Store, store.Registration{Source: "insider", MessageID: m.id, Contact: m.of, Phone: said, SentAt: sent})
	}})
}

// act is an operator's suppress or allow, of a contact or of a number.
func (l *life) act() {
	reason := []string{"", "hard_bounce", hygiene.OptedOut, "manual", "blocked", "quiet"}[l.IntN(6)]
	in := hygiene.Instruction{Kind: hygiene.Allow, Reason: reason, Origin: hygiene.ByOperator, By: "ann", Note: fmt.Sprint("act ", len(l.list))}
	if reason != "" && !l.one(3) {
		in.Kind = hygiene.Suppress
	}
	of, text := store.Subjects{Keys: []string{l.contact()}}, ""
	if text = of.Keys[0]; !l.phoneKeys && l.one(3) {
		of = store.Subjects{Phones: []string{l.phone()}}
		text = of.Phones[0]
	}
	at, name := l.at, fmt.Sprint(len(l.list))
	text = fmt.Sprint(map[hygiene.InstructionKind]string{hygiene.Allow: "allow ", hygiene.Suppress: "suppress "}[in.Kind], text, " ", reason)
	l.add(knowledge{text: text, line: "batch " + name, present: in.Kind == hygiene.Allow, tell: func(t *testing.T, k *knower) {
		did, err := k.Instruct(k.p, of, in, store.Batch{Kind: store.SuppressBatch}, at)
		if err != nil {
			t.Fatal(err)
		}
		k.batches[name] = did.Batch
	}})
}

// suppressionList is an import of suppressions, by key or by phone.
func (l *life) suppressionList() {
	line := store.ImportedSuppression{Reason: []string{"hard_bounce", hygiene.OptedOut, "manual", "blocked"}[l.IntN(4)]}
	if line.Key = l.contact(); !l.phoneKeys && l.one(2) {
		line.Key, line.Phone = "", l.phone()
	}
	if l.one(4) {
		line.Until = l.at.Add(1000 * hygiene.Day)
	}
	at, name := l.at, fmt.Sprint(len(l.list))
	l.add(knowledge{text: fmt.Sprintf("list %+v", line), line: "batch " + name, tell: func(t *testing.T, k *knower) {
		im, err := k.ImportSuppressions(k.p, "ann", "list "+name, at)
		if err != nil {
			t.Fatal(err)
		}
		defer im.Close()
		_, err = im.Save([]store.ImportedSuppression{line})
		did, endErr := im.End()
		if err = cmp.Or(err, endErr); err != nil {
			t.Fatal(err)
		}
		k.batches[name] = did.Batch
	}})
}

// takeBack undoes a batch, or the batch that undid it.
func (l *life) takeBack() {
	var of []knowledge
	for _, k := range l.list {
		if strings.HasPrefix(k.line, "batch ") {
			of = append(of, k)
		}
	}
	if len(of) == 0 {
		return
	}
	line, at := of[l.IntN(len(of))].line, l.at
	name := strings.TrimPrefix(line, "batch ")
	l.add(knowledge{text: "undo " + line, line: line, tell: func(t *testing.T, k *knower) {
		if k.batches[name] != 0 {
			k.batches[name] = takeBack(t, k.Store, k.p, k.batches[name], at).Batch
		}
	}})
}

func (l *life) sweepAnd(text, line string, do func(t *testing.T, k *knower) error) {
	l.add(knowledge{text: text, line: line, parts: true, present: true, tell: func(t *testing.T, k *knower) {
		sweepTwice(t, k)
		if err := do(t, k); err != nil {
			t.Fatal(err)
		}
	}})
}

func (l *life) review() {
	at := l.at
	l.sweepAnd("review", "", func(t *testing.T, k *knower) error {
		_, err := k.Review(t.Context(), k.p, at, nil)
		return err
	})
}

func (l *life) strike() {
	at, name := l.at, fmt.Sprint(len(l.list))
	in := hygiene.Instruction{Reason: []string{"", "hard_bounce", hygiene.OptedOut, "blocked"}[l.IntN(4)], From: at.Add(-time.Duration(l.IntN(300)) * time.Hour), To: at}
	if l.one(3) {
		in.Source = "insider"
	}
	l.sweepAnd(fmt.Sprintf("undo %q from %s", in.Reason, in.From), "batch "+name, func(t *testing.T, k *knower) error {
		did, err := strikeAll(t, t.Context(), k.Store, k.p, in, at, nil)
		k.batches[name] = did.Batch
		return err
	})
}

func (l *life) rejudge() {
	at, named := l.at, []string{"", hygiene.OptedOut}[l.IntN(2)]
	l.add(knowledge{text: "rejudge " + named, tell: func(t *testing.T, k *knower) {
		if _, err := k.Rejudge(t.Context(), k.p, named, store.Batch{Kind: store.RejudgeBatch, By: "ann"}, at, nil); err != nil {
			t.Fatal(err)
		}
	}})
}

func (l *life) merge() {
	pair, at := store.MergePair{Old: l.contact(), New: l.contact()}, l.at
	l.add(knowledge{text: fmt.Sprintf("merge %+v", pair), line: "merges", tell: func(t *testing.T, k *knower) {
		if _, err := k.Merge(t.Context(), k.p, []store.MergePair{pair}, store.Batch{By: "crm"}, at, nil); err != nil {
			t.Fatal(err)
		}
	}})
}

func (l *life) event() {
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Sent, hygiene.Delivered, hygiene.HardBounce, hygiene.SoftBounce, hygiene.Unsubscribed, hygiene.Resubscribed, hygiene.Blocked, hygiene.Blocked}
	m := struct{ id, of string }{fmt.Sprintf("m-%d-id", len(l.list)), l.contact()}
	if len(l.messages) > 0 && l.one(3) {
		m = l.messages[l.IntN(len(l.messages))]
	} else {
		if l.one(4) {
			m.of = "" // the body names nobody
		}
		l.messages = append(l.messages, m)
	}
	e := storetest.Event(l.at, m.of, m.id, outcomes[l.IntN(len(outcomes))])
	e.ReceivedAt = storetest.Start.Add(1000 * hygiene.Day)
	l.add(knowledge{text: fmt.Sprint(m.of, " ", e.Outcome, " of ", m.id), tell: func(t *testing.T, k *knower) {
		storetest.Append(t, k.Store, e)
	}})
}

// parted is the pieces as they may become known: those of each part in order of time, and
// between two parts the one that parts them. Some become known in a later part than that
// of their time.
func (l *life) parted() (parts [][]knowledge) {
	parts = [][]knowledge{nil}
	late := map[string]int{} // of a line, the part of its last piece
	var waiting []knowledge  // with the parts that they wait for
	var until []int
	for _, k := range l.list {
		n := len(parts) - 1
		if k.parts {
			late[k.line] = n + 1
			parts = append(parts, []knowledge{k}, nil)
			continue
		}
		for !k.present && l.one(4) {
			n += 2
		}
		if k.line != "" {
			n = max(n, late[k.line])
			late[k.line] = n
		}
		waiting, until = append(waiting, k), append(until, n)
	}
	for i, k := range waiting {
		n := min(until[i], len(parts)-1)
		if n%2 == 1 {
			n++
		}
		parts[n] = append(parts[n], k)
	}
	return parts
}

// shuffled is one order of the parts' pieces, in which those of a line keep theirs, and
// what an operator does comes before what is later.
func (l *life) shuffled(parts [][]knowledge) (order []knowledge) {
	for _, part := range parts {
		for left := slices.Clone(part); len(left) > 0; {
			i := l.IntN(len(left))
			k := left[i]
			if k.line != "" && slices.ContainsFunc(left[:i], func(other knowledge) bool { return other.line == k.line }) ||
				slices.ContainsFunc(left, func(other knowledge) bool { return other.present && other.at < k.at }) {
				continue
			}
			order, left = append(order, k), slices.Delete(left, i, i+1)
		}
	}
	return order
}

// withSweeps is the order with sweeps in it.
func (l *life) withSweeps(order []knowledge) []knowledge {
	order = slices.Clone(order)
	for i := range order {
		if l.one(4) {
			order[i].sweep = 1 + l.IntN(5)
		}
	}
	return order
}

func sweepTwice(t *testing.T, k *knower) {
	t.Helper()
	sweepAll(t, k.Store, k.p, 0)
	sweepAll(t, k.Store, k.p, 0)
}

// tellAll tells the pieces to a new store, with sweeps between them.
func (l *life) tellAll(t *testing.T, order []knowledge) *knower {
	t.Helper()
	k := l.begin(t)
	k.learn(t, order)
	sweepTwice(t, k)
	return k
}

// learn tells the pieces to the store, with sweeps between them.
func (k *knower) learn(t *testing.T, order []knowledge) {
	t.Helper()
	for _, piece := range order {
		if piece.tell(t, k); piece.sweep > 0 {
			sweepAll(t, k.Store, k.p, piece.sweep)
		}
	}
}

// begin is a store that knows the contacts and nothing of them.
func (l *life) begin(t *testing.T) *knower {
	t.Helper()
	k := &knower{Store: storetest.Open(t), batches: map[string]int64{}}
	var profiles []store.Profile
	for _, key := range l.contacts {
		profiles = append(profiles, store.Profile{Key: key})
	}
	if l.phoneKeys {
		k.p = numberRules()
		storetest.SavePolicy(t, k.Store, k.p)
	} else {
		k.p = numberPolicy(t, k.Store)
		for i, phone := range l.shared {
			profiles = append(profiles, store.Profile{Key: fmt.Sprint("other-", i), HasPhone: true, Phone: phone})
		}
	}
	if _, err := k.SaveProfiles(profiles, storetest.Start); err != nil {
		t.Fatal(err)
	}
	return k
}

// pictureOf is all that is judged and shown, without places in the log and numbers of
// batches. full says that a history dropped entries.
func (l *life) pictureOf(t *testing.T, k *knower) (text string, full bool) {
	t.Helper()
	var b strings.Builder
	write := func(list []hygiene.Suppression) { writeSuppressions(&b, list) }
	for _, key := range l.contacts {
		c, _, err := k.Contact(key)
		if err != nil {
			t.Fatal(err)
		}
		full = full || overflowed(c)
		fmt.Fprintf(&b, "%s is %s %s %v %v\n", key, c.Key, c.Phone, c.Attributes, c.Reasons(storetest.Start.Add(500*hygiene.Day)))
		write(c.Suppressions)
		if c.Retry != nil {
			fmt.Fprintf(&b, "  retry %d %s %s\n", c.Retry.Attempt, c.Retry.DueAt, c.Retry.MessageID)
		}
		fmt.Fprintf(&b, "  ledger %s\n", netOf(t, k, c))
	}
	for _, phone := range l.phones {
		number, _, err := k.Number(phone)
		if err != nil {
			t.Fatal(err)
		}
		full = full || overflowed(number)
		fmt.Fprintf(&b, "%s\n", phone)
		write(number.Suppressions)
		standing, err := k.StandingOn(phone, storetest.Start.Add(500*hygiene.Day))
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range standing {
			fmt.Fprintf(&b, "  stands %s %s of %s named %t\n", on.Reason, on.Origin, on.From, on.Named)
		}
		fmt.Fprintf(&b, "  ledger %s\n", netOf(t, k, number))
	}
	made := files(t, k.Store, k.p)
	delete(made, "manifest.json")
	for _, name := range slices.Sorted(maps.Keys(made)) {
		fmt.Fprintf(&b, "%s\n%s\n", name, made[name])
	}
	return b.String(), full
}

func writeSuppressions(b *strings.Builder, list []hygiene.Suppression) {
	for _, x := range list {
		fmt.Fprintf(b, "  %s %s since %s until %d rule %s %d by %s %s\n", x.Reason, x.Origin, x.Since.At, x.Until, x.Rule, len(x.Evidence), x.By, x.Note)
	}
}

// onWhom is what is judged of contacts and numbers, without the places in the log.
func onWhom(t *testing.T, s *store.Store, contacts, phones []string) string {
	t.Helper()
	var b strings.Builder
	for _, key := range contacts {
		c, _, err := s.Contact(key)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s %v\n", key, c.Phone, c.Reasons(storetest.Start.Add(500*hygiene.Day)))
		writeSuppressions(&b, c.Suppressions)
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
		writeSuppressions(&b, number.Suppressions)
	}
	return b.String()
}

// netOf is what stands by the ledger of a contact or number once all that ends has ended:
// what was suppressed and not released. It is wrong unless that stands by the contact too.
func netOf(t *testing.T, k *knower, c *hygiene.Contact) string {
	t.Helper()
	entries, err := k.Ledger(c.Key, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	own, err := textOf(k.Store, fmt.Sprintf(`SELECT CAST(id AS text) FROM ledger WHERE contact IN
		(SELECT id FROM contacts WHERE key = '%s' UNION SELECT -id FROM numbers WHERE phone = '%s')`, c.Key, hygiene.NumberIn(c.Key)))
	if err != nil {
		t.Fatal(err)
	}
	end := storetest.Start.Add(500 * hygiene.Day)
	lasts := func(_ string, until hygiene.Instant) bool { return until != 0 && until <= end }
	open, stands := map[string]hygiene.Instant{}, map[string]hygiene.Instant{}
	var said strings.Builder
	for _, e := range slices.Backward(entries) {
		if !slices.Contains(strings.Fields(own), fmt.Sprint(e.ID)) {
			continue // of a contact that was merged into this one
		}
		what := fmt.Sprint(e.Reason, " ", e.Origin, " ", e.Held)
		switch e.Act {
		case hygiene.Suppressed, hygiene.Renewed:
			open[what] = e.Until
		case hygiene.Released:
			delete(open, what)
		}
		fmt.Fprintf(&said, "    %s %d %s %s %s until %d rule %s batch %d %v %s\n", e.At, e.Seq, e.Act, e.Reason, e.Origin, e.Until, e.Rule, e.Batch, e.Evidence, e.Note)
	}
	for _, s := range c.Suppressions {
		stands[fmt.Sprint(s.Reason, " ", s.Origin, " ", s.Held)] = s.Until
	}
	maps.DeleteFunc(open, lasts)
	maps.DeleteFunc(stands, lasts)
	if !maps.Equal(open, stands) {
		return fmt.Sprintf("wrong: by the ledger stands %v, by %q %v\n%s", open, c.Key, stands, said.String())
	}
	return fmt.Sprint(open)
}

// compare tells two orders of a life to a store each, and returns what is wrong; empty for
// nothing.
func (l *life) compare(t *testing.T, orders [2][]knowledge) string {
	t.Helper()
	var pictures [2]string
	full := false
	for i, order := range orders {
		k := l.tellAll(t, order)
		picture, dropped := l.pictureOf(t, k)
		full = full || dropped
		pictures[i] = picture + countsOf(t, k.Store, k.p, storetest.Start.Add(60*hygiene.Day))
	}
	for i, picture := range pictures {
		if _, wrong, found := strings.Cut(picture, "wrong: "); found {
			return fmt.Sprintf("order %d: %s", i+1, wrong)
		}
	}
	if full || pictures[0] == pictures[1] {
		return ""
	}
	return "only in the first order, or only in the second:\n" + differing(pictures[0], pictures[1])
}

// Whatever becomes known sooner or later, and wherever sweeps fall, contacts, numbers,
// what stands by the ledger, the counts by status and the rows of an export are the same.
// Imports of contacts keep their order among themselves, and merges theirs. What is done
// once to all that is known by then, a review or an undo of a range, parts what is known
// before from what is known after.
func TestNumbersAreTheSameInWhicheverOrderAStoreLearns(t *testing.T) {
	for seed := *numberSeed; seed < *numberSeed+uint64(*numberLives); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 31))
			l := randomLife(r, seed%4 == 3, 5+r.IntN(45))
			parts := l.parted()
			orders := [2][]knowledge{l.withSweeps(slices.Concat(parts...)), l.withSweeps(l.shuffled(parts))}
			if wrong := l.compare(t, orders); wrong != "" {
				t.Errorf("%s\nfirst\n%s\nsecond\n%s", wrong, texts(orders[0]), texts(orders[1]))
			}
		})
	}
}

func texts(list []knowledge) string {
	var b strings.Builder
	for _, k := range list {
		fmt.Fprintf(&b, "%s %s, sweep %d\n", k.at, k.text, k.sweep)
	}
	return b.String()
}
