package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// collidingLog is a made-up log of two sources that give out the same message ids, of which
// no event names a contact, and the send log of all messages. A contact is of one source,
// and its key says which.
func collidingLog(seed uint64, n int) (events []hygiene.Event, registrations []store.Registration) {
	r := rand.New(rand.NewPCG(seed, 12))
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.HardBounce, hygiene.Unsubscribed}
	for i := range n {
		source := []string{"acme", "globex"}[r.IntN(2)]
		id := fmt.Sprint(r.IntN(n / 4))
		e := storetest.Event(storetest.Start.Add(time.Duration(i)*time.Hour), "", id, outcomes[r.IntN(len(outcomes))])
		e.Source = source
		events = append(events, e)
	}
	for _, source := range []string{"acme", "globex"} {
		for id := range n / 4 {
			whole := store.Registration{Source: source, MessageID: fmt.Sprint(id), Contact: fmt.Sprint(source, "-", id%7), Phone: fmt.Sprintf("+9055500000%d%d", len(source), id%7)}
			contact, phone := whole, whole
			contact.Phone, phone.Contact = "", ""
			registrations = append(registrations, [][]store.Registration{{whole}, {contact}, {contact, phone}}[r.IntN(3)]...)
		}
	}
	return events, registrations
}

// interleaved registers, appends and sweeps in an order that chance chooses.
func interleaved(t *testing.T, p *hygiene.Policy, seed uint64, events []hygiene.Event, registrations []store.Registration) *store.Store {
	t.Helper()
	s := storetest.Open(t)
	storetest.SavePolicy(t, s, p)
	r := rand.New(rand.NewPCG(seed, 13))
	r.Shuffle(len(registrations), func(i, j int) { registrations[i], registrations[j] = registrations[j], registrations[i] })
	for len(events)+len(registrations) > 0 {
		switch n := r.IntN(3); {
		case n == 0:
			k := min(len(events), r.IntN(30))
			storetest.Append(t, s, events[:k]...)
			events = events[k:]
		case n == 1:
			k := min(len(registrations), r.IntN(20))
			storetest.Register(t, s, registrations[:k]...)
			registrations = registrations[k:]
		default:
			storetest.Sweep(t, s, p, 1+r.IntN(50))
		}
	}
	storetest.Sweep(t, s, p, 0)
	return s
}

func TestNoEventReachesAContactOfAnotherSource(t *testing.T) {
	var p *hygiene.Policy
	for seed := range uint64(8) {
		events, registrations := collidingLog(seed, 200)
		first := storetest.Open(t)
		p = storetest.Policy(t, first)
		storetest.Register(t, first, registrations...)
		storetest.Append(t, first, events...)
		storetest.Sweep(t, first, p, 0)
		mixed := interleaved(t, p, seed, events, registrations)
		for _, s := range []*store.Store{first, mixed} {
			if totals, err := s.Totals(); err != nil || totals.Unmatched != 0 {
				t.Errorf("seed %d: %d events are unmatched, %v", seed, totals.Unmatched, err)
			}
			for _, source := range []string{"acme", "globex"} {
				for i := range 7 {
					key := fmt.Sprint(source, "-", i)
					contact, _, err := s.Contact(key)
					must(t, err)
					timeline, err := s.Timeline(contact)
					must(t, err)
					for _, e := range timeline {
						if e.Source != source {
							t.Errorf("seed %d: message %s of %s reached %s", seed, e.MessageID, e.Source, key)
						}
					}
				}
			}
		}
		compareContacts(t, seed, first, mixed, []string{"acme", "globex"})
	}
}

// compareContacts compares the contacts of both stores, except those whose history
// overflowed: there the order may show.
func compareContacts(t *testing.T, seed uint64, a, b *store.Store, prefixes []string) {
	t.Helper()
	compared := 0
	for _, prefix := range prefixes {
		for i := range 7 {
			key := fmt.Sprint(prefix, "-", i)
			x, _, errX := a.Contact(key)
			y, _, errY := b.Contact(key)
			must(t, errX, errY)
			if overflowed(x) {
				continue
			}
			compared++
			x.Sendings, y.Sendings = nil, nil // what is remembered of the send log, which has it anyway
			if !bytes.Equal(x.Pack(nil), y.Pack(nil)) {
				t.Errorf("seed %d, %s: in one order %+v, in another %+v", seed, key, x, y)
			}
		}
	}
	if compared == 0 {
		t.Errorf("seed %d: all histories overflowed", seed)
	}
}

func TestOfAMessageTheFirstContactAndTheFirstPhoneNumberStand(t *testing.T) {
	s := storetest.Open(t)
	of := func(contact, phone string) store.Registration {
		return store.Registration{Source: "insider", MessageID: "m", Contact: contact, Phone: phone}
	}
	for i, step := range []struct {
		add       store.Registration
		new       int64
		known     int64
		conflicts int
		contact   string // after it
	}{
		{of("", "+905551234567"), 1, 0, 0, ""},
		{of("", "+905551234568"), 0, 0, 1, ""},
		{of("ann", ""), 0, 1, 0, "ann"},
		{of("ann", "+905551234567"), 0, 1, 0, "ann"},
		{of("bob", ""), 0, 0, 1, "ann"},
		{of("ann", "+905551234568"), 0, 0, 1, "ann"},
	} {
		did := storetest.Register(t, s, step.add)
		contact, _, err := s.Message([]string{"globex", "insider"}, " m\u200b")
		if err != nil || did.New != step.new || did.Known != step.known || len(did.Conflicts) != step.conflicts || contact != step.contact {
			t.Errorf("step %d: %+v, the contact is %q, %v", i+1, did, contact, err)
		}
	}
	if _, ok, err := s.Contact("bob"); ok || err != nil {
		t.Errorf("a line that does not stand made a contact: %v", err)
	}
	if ann, _, err := s.Contact("ann"); err != nil || ann.Phone != "+905551234567" {
		t.Errorf("ann has the phone number %q, %v", ann.Phone, err)
	}
}

func TestRegistrationsOfOneCallActInTheirOrder(t *testing.T) {
	s := storetest.Open(t)
	did := storetest.Register(t, s,
		store.Registration{Source: "b", MessageID: "1", Contact: "bob"}, store.Registration{Source: "a", MessageID: "2", Contact: "ann"},
		store.Registration{Source: "a", MessageID: "1", Contact: "ann", Phone: "+905551234567"}, store.Registration{Source: "b", MessageID: "1", Contact: "eve"},
		store.Registration{Source: "a", MessageID: "1", Contact: "ann"}, store.Registration{Source: "a", MessageID: "2", Contact: "zoe"},
		store.Registration{Source: "a", MessageID: "3", Contact: "ann", Phone: "+905551234568"})
	if did.New != 4 || did.Known != 1 || !slices.Equal(did.Conflicts, []int{3, 5}) {
		t.Errorf("registered %+v", did)
	}
	if ann, _, err := s.Contact("ann"); err != nil || ann.Phone != "+905551234568" {
		t.Errorf("ann has the phone number %q, %v; want the last one", ann.Phone, err)
	}
}

// beforeSources opens a store whose winnow.db is of the last version that did not tell
// sources apart, with these rows, and whose log has the events.
func beforeSources(t *testing.T, events []hygiene.Event, rows string) (s *store.Store, path string) {
	t.Helper()
	enginetest.SQLite(t)
	path = enginetest.Location(t)
	s, err := store.Open(path)
	must(t, err)
	storetest.Append(t, s, events...)
	must(t, s.Close(), os.Remove(path))
	db := enginetest.File(t, path)
	migrateTo(t, db, "roster", 10)
	_, err = db.Exec(rows)
	must(t, err, db.Close())
	s, err = store.OpenExisting(path)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, path
}

func eventOf(source, id string) hygiene.Event {
	e := storetest.Event(storetest.Start, "", id, hygiene.HardBounce)
	e.Source = source
	return e
}

func TestUnmatchedEventsOfAnEarlierVersionGetTheirSources(t *testing.T) {
	storetest.Sequential(t)
	var events []hygiene.Event
	var rows strings.Builder
	rows.WriteString("INSERT INTO messages VALUES ('old', 'olga', 0); INSERT INTO counters VALUES ('cursor', 4500);")
	for i := range 4500 { // more than one transaction's
		e := eventOf([]string{"acme", "globex"}[i%2], fmt.Sprint(i/2))
		switch i {
		case 4000:
			e.MessageID = "blank "
		case 4002:
			e.MessageID = "old\u200b"
		}
		events = append(events, e)
		fmt.Fprintf(&rows, "INSERT INTO unmatched VALUES ('%s', %d, 0);", e.MessageID, i+1)
	}
	s, _ := beforeSources(t, events, rows.String())
	p := storetest.Policy(t, s)
	did := storetest.Register(t, s, store.Registration{Source: "globex", MessageID: "7", Contact: "bob"}, store.Registration{Source: "acme", MessageID: "8", Contact: "ann"},
		store.Registration{Source: "acme", MessageID: "blank", Contact: "zoe"})
	if did.Matched != 3 {
		t.Errorf("matched %d events, want 3", did.Matched)
	}
	if swept := storetest.Sweep(t, s, p, 0); swept.Events != 4 || swept.Unmatched != 0 {
		t.Errorf("swept %+v", swept)
	}
	for key, source := range map[string]string{"bob": "globex", "ann": "acme", "zoe": "acme", "olga": "acme"} {
		contact, _, err := s.Contact(key)
		must(t, err)
		timeline, err := s.Timeline(contact)
		if err != nil || len(timeline) != 1 || timeline[0].Source != source {
			t.Errorf("%s has %v, %v", key, timeline, err)
		}
	}
	if totals, err := s.Totals(); err != nil || totals.Unmatched != 4496 {
		t.Errorf("%d events are unmatched, %v", totals.Unmatched, err)
	}
}

func TestMessagesOfAnEarlierVersionCountForTheOnlySourceThereWas(t *testing.T) {
	events := []hygiene.Event{eventOf("acme", "1"), eventOf("globex", "1"), eventOf("acme", "2"), eventOf("globex", "2"), eventOf("globex", "3")}
	const rows = "INSERT INTO messages VALUES ('1', 'ann', 0), ('2', 'bob', 0), ('3', 'carl', 0)"
	contacts := func(s *store.Store) (found []string) {
		t.Helper()
		must(t, s.EachEventOf(t.Context(), "ann", nil, func(e *hygiene.Event, waits bool) { found = append(found, "ann "+e.Source) }))
		must(t, s.EachEventOf(t.Context(), "bob", nil, func(e *hygiene.Event, waits bool) { found = append(found, "bob "+e.Source) }))
		must(t, s.EachEventOf(t.Context(), "eve", nil, func(e *hygiene.Event, waits bool) { found = append(found, "eve "+e.Source) }))
		return found
	}

	alone, _ := beforeSources(t, events, rows)
	must(t, alone.OwnUnsourced("acme"), alone.OwnUnsourced("globex"))
	did := storetest.Register(t, alone, store.Registration{Source: "acme", MessageID: "2", Contact: "eve"}, store.Registration{Source: "globex", MessageID: "2", Contact: "eve"})
	if did.New != 1 || len(did.Conflicts) != 1 {
		t.Errorf("with an owner: %+v", did)
	}
	if got := contacts(alone); !slices.Equal(got, []string{"ann acme", "bob acme", "eve globex"}) {
		t.Errorf("with an owner: %v", got)
	}

	several, _ := beforeSources(t, events, rows)
	if got := contacts(several); !slices.Equal(got, []string{"ann acme", "ann globex", "bob acme", "bob globex"}) {
		t.Errorf("without an owner: %v", got)
	}
	did = storetest.Register(t, several, store.Registration{Source: "acme", MessageID: "2", Contact: "eve"}, store.Registration{Source: "globex", MessageID: "2", Phone: "+905551234567"})
	if len(did.Conflicts) != 0 {
		t.Errorf("without an owner: %+v", did)
	}
	if got := contacts(several); !slices.Equal(got, []string{"ann acme", "ann globex", "bob globex", "eve acme"}) {
		t.Errorf("without an owner, after a registration: %v", got)
	}
}

func TestABacktestFindsContactsAsASweepDoes(t *testing.T) {
	events := []hygiene.Event{eventOf("acme", "1"), eventOf("globex", "1 "), eventOf("acme", "2"), eventOf("globex", "2"), eventOf("globex", "4")}
	s, path := beforeSources(t, events, "INSERT INTO messages VALUES ('2', 'bob', 0)")
	must(t, s.OwnUnsourced("acme"))
	storetest.Register(t, s, store.Registration{Source: "acme", MessageID: "1", Contact: "ann"}, store.Registration{Source: "globex", MessageID: "1", Contact: "eve"},
		store.Registration{Source: "globex", MessageID: "4", Phone: "+905551234567"})
	sorted, err := enginetest.Open(t, path).SortLog(t.Context(), engine.SortOptions{Folder: t.TempDir(), Until: storetest.Start + 1})
	must(t, err)
	defer sorted.Close()
	var got []string
	for {
		var e hygiene.Event
		ok, err := sorted.Next(&e)
		must(t, err)
		if !ok {
			break
		}
		got = append(got, e.Contact+" "+e.Source)
	}
	if want := []string{" globex", " globex", "ann acme", "bob acme", "eve globex"}; !slices.Equal(got, want) {
		t.Errorf("sorted %q, want %q", got, want)
	}
}
