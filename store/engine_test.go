package store_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/segments"
	"winnow/store/engine"
	"winnow/store/storetest"
)

// What any engine must do, and what databases do in different ways.

func TestKeysAreInByteOrderWhateverTheLanguage(t *testing.T) {
	s := storetest.Open(t)
	keys := []string{"z", "Z", "a", "B", "b", "é", "e", "ı", "i", "İ", "I", "zz", "~", "+905551234567", "+90", "crm-10", "crm-9", "crm 9", "crm_9", "ǆ", "ß", "ss", "日本", "😀", "\uffff", "a\u0301", "ā"}
	var pins []segments.Pin
	for _, key := range keys {
		pins = append(pins, segments.Pin{Segment: "some", Contact: key})
	}
	if _, err := s.AddToList("staff", keys); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pin(pins...); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ä", "a", "B", "é"} {
		if _, err := s.AddToList(name, keys[:1]); err != nil {
			t.Fatal(err)
		}
	}
	want := slices.Sorted(slices.Values(keys))
	check := func(what string, got []string, err error) {
		t.Helper()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", what, got, err, want)
		}
	}

	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	var contacts, onList, pinned, asked []string
	err = snapshot.Contacts(t.Context(), false, func(c *hygiene.Contact) error { contacts = append(contacts, c.Key); return nil })
	check("contacts of a snapshot", contacts, err)
	err = s.OnList(t.Context(), "staff", func(key string) error { onList = append(onList, key); return nil })
	check("members of a list", onList, err)
	err = s.Pins(t.Context(), "", func(p segments.Pin) error { pinned = append(pinned, p.Contact); return nil })
	check("pins", pinned, err)
	for _, key := range want {
		on, err := snapshot.InList("staff", key)
		pins, failed := snapshot.PinsOf(key)
		if err != nil || failed != nil || !on || len(pins) != 1 {
			t.Errorf("%q: on the list %t, pins %v; %v %v", key, on, pins, err, failed)
		}
		asked = append(asked, key)
	}
	check("asked one after the other", asked, nil)

	names, err := s.ListNames()
	if want := []string{"B", "a", "staff", "Ä", "é"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("lists %q, %v; want %q", names, err, want)
	}
}

func TestKeysThatALanguageTakesForOneAreTwo(t *testing.T) {
	s := storetest.Open(t)
	keys := []string{"ann", "Ann", "ann ", "a\u0301", "\u00e1", "straße", "strasse"}
	p := storetest.Policy(t, s)
	for i, key := range keys {
		storetest.Append(t, s, storetest.Event(storetest.Start, key, "m"+key, []hygiene.Outcome{hygiene.HardBounce, hygiene.Sent}[i%2]))
	}
	storetest.Sweep(t, s, p, 0)
	var found []string
	if err := s.FindContacts(keys, func(_ int, c *hygiene.Contact) { found = append(found, c.Key) }); err != nil || !slices.Equal(found, keys) {
		t.Errorf("found %q, %v; want %q", found, err, keys)
	}
	for i, key := range keys {
		c, ok, err := s.Contact(key)
		if err != nil || !ok || c.Key != key || (len(c.Suppressions) == 1) != (i%2 == 0) {
			t.Errorf("%q: %t %+v, %v", key, ok, c, err)
		}
	}
}

func TestAnEventThatCanNotBeStoredAsTextGoesToQuarantine(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	event := func(change func(e *hygiene.Event)) hygiene.Event {
		e := storetest.Event(storetest.Start, "ann", "m1", hygiene.HardBounce)
		change(&e)
		return e
	}
	none := event(func(*hygiene.Event) {})
	storetest.Append(t, s,
		event(func(e *hygiene.Event) { e.MessageID = "m\x001" }), none,
		event(func(e *hygiene.Event) { e.Name = "hard\x00" }),
		event(func(e *hygiene.Event) { e.Code = "\x001400" }),
		event(func(e *hygiene.Event) { e.Contact = "an\x00n" }),
		event(func(e *hygiene.Event) { e.MessageID = "m\xff1" }),
		event(func(e *hygiene.Event) { e.Name = "hard\xc3" }))
	totals, err := s.Totals()
	if err != nil || totals.Events != 1 || totals.Quarantined != 6 {
		t.Fatalf("%d events and %d quarantined, %v", totals.Events, totals.Quarantined, err)
	}
	list, err := s.Quarantine(10)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range list {
		if q.Source != "insider" || q.ReceivedAt != storetest.Start || !strings.Contains(q.Why, "U+0000") || !bytes.Equal(q.Body, none.Body) {
			t.Errorf("quarantined %+v", q)
		}
	}
	if did := storetest.Sweep(t, s, p, 0); did.Events != 1 || did.Changes != 1 {
		t.Errorf("swept %+v", did)
	}
}

func TestWhyABodyCanNotBeReadIsStoredWhateverItQuotes(t *testing.T) {
	s := storetest.Open(t)
	if err := s.Append(t.Context(), nil, []hygiene.Unreadable{{Source: "insider", Why: "not an event: \x00\xff", Body: []byte("\x00\xff")}}); err != nil {
		t.Fatal(err)
	}
	list, err := s.Quarantine(10)
	if err != nil || len(list) != 1 || list[0].Why != "not an event: \uFFFD\uFFFD" || string(list[0].Body) != "\x00\xff" {
		t.Errorf("quarantined %+v, %v", list, err)
	}
}

func TestALineWhoseWriterHasNoNameFailsAlone(t *testing.T) {
	s := storetest.Open(t)
	pulled := []engine.Pulled{{Writer: "w\x00", Receiver: "https://one.example", Through: 1}}
	if err := s.AppendPulled(t.Context(), nil, nil, pulled); err == nil || !strings.Contains(err.Error(), `"w\x00"`) {
		t.Errorf("pulled from a writer of no name: %v", err)
	}
}

func TestWhatCanBeNoKeyNamesNobody(t *testing.T) {
	s := storetest.Open(t)
	for _, key := range []string{"a\x00b", "a\xffb"} {
		if _, ok, err := s.Contact(key); ok || err != nil {
			t.Errorf("%q is a contact: %t, %v", key, ok, err)
		}
		if err := s.FindContacts([]string{key}, func(int, *hygiene.Contact) { t.Errorf("%q was found", key) }); err != nil {
			t.Errorf("%q can't be looked up: %v", key, err)
		}
	}
}

func TestBodiesAreKeptByteForByte(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	bodies := [][]byte{{}, {0}, {0, 0xff, 0}, []byte("\xff\xfe not UTF-8"), []byte(`{"uniqueArgs":{"a":"\u0000"}}`), []byte("{\"uniqueArgs\":{\"a\":\"\x00\"}}")}
	for i, body := range bodies {
		e := storetest.Event(storetest.Start+hygiene.Instant(i), "ann", "m1", hygiene.SoftBounce)
		e.Body = body
		storetest.Append(t, s, e)
		if err := s.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: storetest.Start, Source: "insider", Why: "odd", Body: body}}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.Quarantine(len(bodies))
	if err != nil || len(list) != len(bodies) {
		t.Fatal(len(list), err)
	}
	for i, body := range bodies {
		e, ok, err := s.Event(int64(i + 1))
		if bytes.Equal(body, []byte{0}) {
			body = nil // which is how an erased body reads; no event is read from such a one
		}
		if err != nil || !ok || !bytes.Equal(e.Body, body) {
			t.Errorf("event %d has the body %q, not %q; %v", i+1, e.Body, body, err)
		}
		if got := list[len(bodies)-1-i].Body; !bytes.Equal(got, bodies[i]) {
			t.Errorf("quarantined is %q, not %q", got, bodies[i])
		}
	}
	storetest.Sweep(t, s, p, 0)
}

func TestTheRestOfACallbackThatWasNotVerifiedIsKept(t *testing.T) {
	s := storetest.Open(t)
	want := &callback.Unverified{Method: "GET", Target: "/house/{token}?to=%2B905551234567", Header: map[string]string{"X-Signature": "é\"\x01"}}
	all := []hygiene.Unreadable{
		{ReceivedAt: storetest.Start, Source: "insider", Why: "unverified", Body: []byte("a"), Unverified: want},
		{ReceivedAt: storetest.Start, Source: "insider", Why: "not JSON", Body: []byte("b")},
		{ReceivedAt: storetest.Start, Source: "insider", Why: "unverified", Body: []byte("c"), Unverified: &callback.Unverified{Waits: true}},
	}
	if err := s.Append(t.Context(), nil, all); err != nil {
		t.Fatal(err)
	}
	latest, err := s.Quarantine(3)
	excerpts, _, err2 := s.QuarantineExcerpts(10, 3, 10)
	lines, err3 := s.Lines(0, 10, 1<<20)
	if err := errors.Join(err, err2, err3); err != nil || len(latest) != 3 || len(excerpts) != 3 || len(lines) != 3 {
		t.Fatalf("%+v %+v %+v %v", latest, excerpts, lines, err)
	}
	for i := range all {
		for _, got := range []*callback.Unverified{latest[2-i].Unverified, excerpts[2-i].Unverified, lines[i].Unverified} {
			if !reflect.DeepEqual(got, all[i].Unverified) {
				t.Errorf("%s is read with %+v, not %+v", all[i].Body, got, all[i].Unverified)
			}
		}
	}
	if err := s.AppendRetried(t.Context(), nil, nil, []int64{latest[0].ID, latest[1].ID, latest[2].ID}); err != nil {
		t.Fatal(err)
	}
	if totals, err := s.Totals(); err != nil || totals.Quarantined != 0 {
		t.Errorf("%+v %v", totals, err)
	}
}
