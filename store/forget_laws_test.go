package store_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/store"
	"winnow/store/storetest"
)

// forgetLives is how many random histories the law of forgetting is checked with, and
// forgetSeed the first of them. To search for a counterexample:
//
//	TMPDIR=/dev/shm go test ./store -run TestForgettingChangesNothingForAnybodyElse -forget-lives 2000 -forget-seed 1000 -timeout 0
var (
	forgetLives = flag.Int("forget-lives", 3, "random histories for the law of forgetting")
	forgetSeed  = flag.Uint64("forget-seed", 0, "the first random history for the law of forgetting")
)

// leaver is a person of a life who is forgotten.
type leaver struct {
	root, phone string // the contact's key, and the number that it has
	keys        []string
	alone       []string // phone numbers of theirs that nobody else has, or had
	messages    []string // ids
	out         map[string][]string
	unjudged    []string // phones that others have too, of which nothing is kept yet
	others      []string // contacts
	shared      []string // phones
}

// choose draws who is forgotten in a store that has learned and swept.
func (l *life) choose(t *testing.T, k *knower, told []knowledge) *leaver {
	t.Helper()
	x := &leaver{out: map[string][]string{}}
	who := l.contact()
	for _, key := range l.contacts {
		if rootOf(t, k, key) == rootOf(t, k, who) {
			x.keys = append(x.keys, key)
		} else {
			x.others = append(x.others, key)
		}
	}
	if !l.phoneKeys {
		for i := range l.shared {
			x.others = append(x.others, fmt.Sprint("other-", i))
		}
	}
	c, _, err := k.Contact(who)
	if err != nil {
		t.Fatal(err)
	}
	x.root, x.phone = strings.Clone(c.Key), strings.Clone(c.Phone)
	x.ownPhones(t, l, k)
	x.ownMessages(t, l, k)
	for _, key := range x.keys { // a hard bounce is the fault of the number that a contact has, once it has one
		x.out[key] = slices.DeleteFunc(lasting(c.Suppressions, l.at), func(reason string) bool { return !l.phoneKeys && reason != hygiene.OptedOut })
	}
	for _, phone := range x.alone {
		number, known, err := k.Number(phone)
		if err != nil {
			t.Fatal(err)
		}
		if known && phone == x.phone {
			x.out[phone] = lasting(number.Suppressions, l.at)
		}
	}
	return x
}

func rootOf(t *testing.T, k *knower, key string) string {
	t.Helper()
	c, _, err := k.Contact(key)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Clone(c.Key)
}

// ownPhones parts the phones into the person's alone, and all others.
func (x *leaver) ownPhones(t *testing.T, l *life, k *knower) {
	t.Helper()
	for _, phone := range l.phones {
		has := func(whose string, keys []string) string {
			return fmt.Sprintf("SELECT c.key FROM contacts c WHERE c.key %s ('%s') AND (c.phone = '%s' OR c.id IN (SELECT contact FROM former_numbers WHERE phone = '%s'))", whose, strings.Join(keys, "', '"), phone, phone)
		}
		others, errOthers := textOf(k.Store, has("NOT IN", x.keys))
		own, errOwn := textOf(k.Store, has("IN", x.keys))
		if errOthers != nil || errOwn != nil {
			t.Fatal(errOthers, errOwn)
		}
		if own != "" && others == "" {
			x.alone = append(x.alone, phone)
		} else {
			x.shared = append(x.shared, phone)
			if _, known, err := k.Number(phone); err != nil || own != "" && !known {
				x.unjudged = append(x.unjudged, phone)
			}
		}
	}
}

// ownMessages are those whose events name the person, or that were sent to the person.
func (x *leaver) ownMessages(t *testing.T, l *life, k *knower) {
	t.Helper()
	phones := x.alone
	list := "'" + strings.Join(slices.Concat(x.keys), "', '") + "'"
	text, err := textOf(k.Store, "SELECT message_id FROM messages WHERE contact IN ("+list+") OR contact = '' AND phone IN ('"+strings.Join(phones, "', '")+"')")
	if err != nil {
		t.Fatal(err)
	}
	x.messages = strings.Fields(text)
	for _, m := range l.messages {
		if slices.Contains(x.keys, m.of) {
			x.messages = append(x.messages, m.id)
		}
	}
	slices.Sort(x.messages)
	x.messages = slices.Compact(x.messages)
}

// lasting are the reasons that outlast the person.
func lasting(list []hygiene.Suppression, now hygiene.Instant) (reasons []string) {
	for _, s := range list {
		if s.Reason == hygiene.OptedOut || s.Reason == "hard_bounce" && (s.Until == 0 || s.Until > now) {
			reasons = append(reasons, s.Reason)
		}
	}
	return reasons
}

// concerns reports whether a piece names the person, a message or a number of theirs, or
// it lets something lie for the first time on a number of theirs that
// others have too, to which the person's evidence would come.
func (x *leaver) concerns(k knowledge) bool {
	for _, name := range slices.Concat(x.keys, x.alone, x.messages) {
		if strings.Contains(k.text, name) {
			return true
		}
	}
	gives := strings.Contains(k.text, " has +") || strings.Contains(k.text, "send log: ")
	return gives && slices.ContainsFunc(x.unjudged, func(phone string) bool { return strings.Contains(k.text, phone) })
}

// picture is what is known and shown of everybody else.
func (x *leaver) picture(t *testing.T, k *knower) string {
	t.Helper()
	var b strings.Builder
	for _, key := range x.others {
		c, known, err := k.Contact(key)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s is %s, known %t, %s %v\n", key, c.Key, known, c.Phone, c.Reasons(storetest.Start.Add(500*hygiene.Day)))
		describeContact(&b, "  ", c)
		fmt.Fprintf(&b, "  ledger %s\n", netOf(t, k, c))
	}
	for _, phone := range x.shared {
		number, known, err := k.Number(phone)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s known %t\n", phone, known)
		for _, on := range number.Suppressions { // without notes, which may be about the person
			fmt.Fprintln(&b, " ", on.Reason, on.Origin, on.Since.At, on.Until, on.Rule, len(on.Evidence), on.By)
		}
		fmt.Fprintf(&b, "  ledger %s\n", netOf(t, k, number))
	}
	made := files(t, k.Store, k.p)
	delete(made, "manifest.json")
	for _, name := range slices.Sorted(maps.Keys(made)) {
		for line := range strings.Lines(made[name]) {
			line = strings.Trim(line, "[], \n")
			if line != "" && !slices.ContainsFunc(x.keys, func(key string) bool { return strings.Contains(line, key) }) {
				fmt.Fprintln(&b, name, line)
			}
		}
	}
	return b.String()
}

// left is where files of the store name the person, or a message of theirs.
func (x *leaver) left(t *testing.T, s *store.Store) (left []string) {
	t.Helper()
	var names []string
	for _, name := range slices.Concat(x.keys, x.alone, x.messages) {
		names = append(names, regexp.QuoteMeta(strings.TrimPrefix(name, "+90")))
	}
	find := regexp.MustCompile(strings.Join(names, "|"))
	for _, path := range s.Files() {
		text, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, at := range find.FindAllIndex(text, -1) {
			left = append(left, fmt.Sprintf("%s: %q", filepath.Base(path), bytes.TrimSpace(text[max(0, at[0]-20):min(len(text), at[1]+20)])))
		}
	}
	return left
}

// freed is who of the person's keys and numbers may be texted though they were not to be.
func (x *leaver) freed(t *testing.T, s *store.Store, now hygiene.Instant) (freed []string) {
	t.Helper()
	for name, want := range x.out {
		keys, phones := []string{name}, []string(nil)
		if slices.Contains(x.alone, name) {
			keys, phones = nil, []string{name}
		}
		var reasons []string
		found := func(_ int, c *hygiene.Contact) { reasons = append(reasons, c.Reasons(now)...) }
		err := s.FindContacts(keys, found)
		if len(phones) > 0 {
			if number, known, errNumber := s.Number(name); known {
				reasons, err = number.Reasons(now), errNumber
			}
		}
		if err == nil && len(reasons) == 0 {
			err = s.FindForgotten(keys, phones, found, found)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range want {
			if !slices.Contains(reasons, reason) {
				freed = append(freed, fmt.Sprintf("%s of %s: only %q", name, reason, reasons))
			}
		}
	}
	return freed
}

// returns has the person's names come back: by imports, callbacks, and what is done to
// everybody. Nothing of it lifts a reason that outlasts the person.
func (x *leaver) returns(t *testing.T, l *life, k *knower, told []knowledge) {
	t.Helper()
	l.list = nil
	l.at = l.at.Add(hygiene.Day)
	for _, key := range x.keys {
		l.add(knowledge{text: key + " comes again", tell: func(t *testing.T, k *knower) {
			phone := x.phone
			if l.phoneKeys {
				phone = ""
			}
			give(t, k.Store, key, phone, l.at)
		}})
	}
	l.draw(12)
	list := slices.DeleteFunc(l.list, func(k knowledge) bool {
		return strings.Contains(k.text, "allow") || strings.Contains(k.text, "undo") || strings.Contains(k.text, "resubscribed") || strings.Contains(k.text, "rejudge opted_out")
	})
	l.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for _, piece := range l.withSweeps(list) {
		k.learn(t, []knowledge{piece})
		if freed := x.freed(t, k.Store, storetest.Start.Add(60*hygiene.Day)); len(freed) > 0 {
			t.Fatalf("after %s may be texted %q; forgotten %+v after\n%s, and back with\n%s", piece.text, freed, x, texts(told), texts(list))
		}
	}
}

// Two stores learn the same. In one somebody is forgotten: for everybody else it is as in
// the other, at that moment and after all that comes later. Nothing is left of the person,
// and a name of theirs that comes back, however it does, is not one that may be texted.
func TestForgettingChangesNothingForAnybodyElse(t *testing.T) {
	for seed := *forgetSeed; seed < *forgetSeed+uint64(*forgetLives); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { forgetInALife(t, seed) })
	}
}

func forgetInALife(t *testing.T, seed uint64) {
	l := &life{Rand: rand.New(rand.NewPCG(seed, 15)), phoneKeys: seed%5 == 4, contacts: []string{"ann-1042", "bob-1043", "cem-1044"},
		phones: []string{"+905550000001", "+905550000002", "+905550000003"}, at: storetest.Start}
	l.shared = l.phones[:l.IntN(3)]
	if l.phoneKeys {
		l.contacts = []string{"+905550000011", "+905550000012", "+905550000013"}
	}
	l.draw(5 + l.IntN(40))
	told := l.withSweeps(l.list)
	with, without := l.begin(t), l.begin(t)
	for _, k := range []*knower{with, without} {
		k.learn(t, told)
		sweepTwice(t, k)
	}
	x := l.choose(t, with, told)
	if err := with.AskToForget(store.Subjects{Keys: []string{x.root}}, false, l.at); err != nil {
		t.Fatal(err)
	}
	o := store.ForgetOptions{Policy: with.p, Keys: contactkey.Format{Phone: l.phoneKeys, Region: "TR"}, Now: l.at, Wait: 10 * time.Second}
	if _, err := with.Forget(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	check := func(when string, told []knowledge) {
		t.Helper()
		now := storetest.Start.Add(60 * hygiene.Day)
		a, b := x.picture(t, without)+countsOf(t, without.Store, without.p, now), x.picture(t, with)+countsOf(t, with.Store, with.p, now)
		if a != b || strings.Contains(b, "wrong: ") {
			t.Errorf("%s: only without forgetting %q, or only with it:\n%s", when, x.keys, differing(a, b))
		}
		if left := x.left(t, with.Store); len(left) > 0 {
			t.Errorf("%s: left of %q, %q, %q: %s", when, x.keys, x.alone, x.messages, strings.Join(left, "\n"))
		}
		if freed := x.freed(t, with.Store, now); len(freed) > 0 {
			t.Errorf("%s: may be texted %q", when, freed)
		}
		if t.Failed() {
			t.Fatalf("forgotten %+v after\n%s", x, texts(told))
		}
	}
	check("then", told)
	l.draw(l.IntN(25))
	later := slices.DeleteFunc(l.withSweeps(l.list[len(told):]), x.concerns)
	for _, k := range []*knower{with, without} {
		k.learn(t, later)
		sweepTwice(t, k)
	}
	check("later", slices.Concat(told, []knowledge{{text: "forgotten"}}, later))
	x.returns(t, l, with, told)
}
