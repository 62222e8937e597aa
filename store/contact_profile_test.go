package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

func attributes(pairs ...string) (a hygiene.Attributes) {
	for i := 0; i < len(pairs); i += 2 {
		a = append(a, hygiene.Attribute{Name: pairs[i], Value: hygiene.ParseValue(pairs[i+1])})
	}
	return a
}

func TestAnImportChangesOnlyWhatItMentions(t *testing.T) {
	s := storetest.Open(t)
	save := func(p store.Profile) store.ProfileChange {
		t.Helper()
		r, err := s.SaveProfiles([]store.Profile{p}, storetest.Start)
		if err != nil {
			t.Fatal(err)
		}
		return r[0]
	}
	for i, step := range []struct {
		say    store.Profile
		effect store.ProfileEffect
		phone  string
		want   hygiene.Attributes
	}{
		{store.Profile{Attributes: attributes("b", "1", "d", "x")}, store.ProfileNew, "", attributes("b", "1", "d", "x")},
		{store.Profile{Attributes: attributes("b", "1", "d", "x")}, store.ProfileUnchanged, "", attributes("b", "1", "d", "x")},
		{store.Profile{HasPhone: true, Phone: "+905551234567"}, store.ProfileUpdated, "+905551234567", attributes("b", "1", "d", "x")},
		{store.Profile{Attributes: attributes("a", "2", "b", "", "c", "3", "e", "")}, store.ProfileUpdated, "+905551234567", attributes("a", "2", "c", "3", "d", "x")},
		{store.Profile{Attributes: attributes("b", "", "d", "true")}, store.ProfileUpdated, "+905551234567", attributes("a", "2", "c", "3", "d", "true")},
		{store.Profile{HasPhone: true}, store.ProfileUnchanged, "+905551234567", attributes("a", "2", "c", "3", "d", "true")}, // an empty number takes none away
		{store.Profile{HasPhone: true, Attributes: attributes("d", "true")}, store.ProfileUnchanged, "+905551234567", attributes("a", "2", "c", "3", "d", "true")},
	} {
		step.say.Key = "ann"
		seen, err := s.PreviewProfiles([]store.Profile{step.say}, storetest.Start)
		if err != nil {
			t.Fatal(err)
		}
		did := save(step.say)
		c, _, err := s.Contact("ann")
		if err != nil || did.ProfileEffect != step.effect || c.Phone != step.phone || !slices.Equal(c.Attributes, step.want) {
			t.Errorf("step %d: %+v, and the contact has %q %v: %v", i, did, c.Phone, c.Attributes, err)
		}
		if seen[0].ProfileEffect != did.ProfileEffect || !slices.Equal(seen[0].After, did.After) {
			t.Errorf("step %d: the preview said %+v", i, seen[0])
		}
	}
}

func TestAPreviewLeavesNoTrace(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	before := storetest.Dump(t, s)
	if r, err := s.PreviewProfiles([]store.Profile{{Key: "ann"}, {Key: "ann"}}, storetest.Start); err != nil || r[0].ProfileEffect != store.ProfileNew || r[1].ProfileEffect != store.ProfileUnchanged {
		t.Errorf("%+v %v", r, err)
	}
	im, err := s.ImportSuppressions(p, "ann", "file", storetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	did, err := im.Preview([]store.ImportedSuppression{{Key: "ann", Reason: "opted_out"}, {Key: "ann", Reason: "opted_out"}})
	if err != nil || did != (store.SuppressionResult{Added: 1, Repeated: 1, New: 1}) {
		t.Errorf("%+v %v", did, err)
	}
	if b, err := im.End(); err != nil || b != (store.BatchResult{}) || storetest.Dump(t, s) != before {
		t.Errorf("%+v %v, now %s", b, err, storetest.Dump(t, s))
	}
}

func TestAnImportedSuppressionIsOneEntryAndLiftsNothing(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	later := storetest.Start.Add(hygiene.Day)
	take := func(list ...store.ImportedSuppression) (store.SuppressionResult, store.BatchResult) {
		t.Helper()
		im, err := s.ImportSuppressions(p, "ann", "file.csv", storetest.Start)
		if err != nil {
			t.Fatal(err)
		}
		did, err := im.Save(list)
		b, ended := im.End()
		if err := errors.Join(err, ended); err != nil {
			t.Fatal(err)
		}
		return did, b
	}
	first, b := take(store.ImportedSuppression{Key: "bob", Reason: "opted_out"}, store.ImportedSuppression{Key: "bob", Reason: "complaint", Until: later}, store.ImportedSuppression{Key: "carl", Reason: "complaint"})
	if first != (store.SuppressionResult{Added: 3, New: 2}) || b.Batch == 0 || b.Changes != 3 {
		t.Errorf("%+v %+v", first, b)
	}
	if again, b := take(store.ImportedSuppression{Key: "bob", Reason: "opted_out", Until: later}, store.ImportedSuppression{Key: "bob", Reason: "complaint", Until: later - 1}); again != (store.SuppressionResult{Unchanged: 2}) || b.Batch == 0 {
		t.Errorf("a shorter one changed something, or is not kept: %+v %+v", again, b)
	}
	if renewed, _ := take(store.ImportedSuppression{Key: "bob", Reason: "complaint"}); renewed != (store.SuppressionResult{Extended: 1}) {
		t.Errorf("%+v", renewed)
	}
	ledger, err := s.Ledger("bob", 10)
	if err != nil || len(ledger) != 3 || ledger[0].By != "ann" || ledger[0].Note != "file.csv" || ledger[0].Origin != hygiene.ByImport {
		t.Errorf("%+v %v", ledger, err)
	}
}

func TestListsKeepKeysInOrderAndNamesApart(t *testing.T) {
	s := storetest.Open(t)
	add := func(list string, keys ...string) store.ListChange {
		t.Helper()
		did, err := s.AddToList(list, keys)
		if err != nil {
			t.Fatal(err)
		}
		return did
	}
	if did := add("staff", "zoe", "ann", "ann", "Bob"); did != (store.ListChange{Changed: 3, Unchanged: 1, New: 3}) {
		t.Errorf("%+v", did)
	}
	if did := add("crew", "ann"); did != (store.ListChange{Changed: 1}) {
		t.Errorf("%+v", did)
	}
	if did, err := s.RemoveFromList("staff", []string{"ann", "nobody"}); err != nil || did != (store.ListChange{Changed: 1, Unchanged: 1}) {
		t.Errorf("%+v %v", did, err)
	}
	lists, err := s.Lists()
	if err != nil || fmt.Sprint(lists) != "[{crew 1} {staff 2}]" {
		t.Errorf("%v %v", lists, err)
	}
	var on []string
	err = s.OnList(t.Context(), "staff", func(key string) error { on = append(on, key); return nil })
	if err != nil || fmt.Sprint(on) != "[Bob zoe]" {
		t.Errorf("%v %v", on, err)
	}
	if _, known, _ := s.Contact("nobody"); known {
		t.Error("taking someone off a list made a contact")
	}
}

func TestAnUnchangedPinKeepsWhoSetItFirst(t *testing.T) {
	s := storetest.Open(t)
	pin := segments.Pin{Segment: "vip", Contact: "ann", At: storetest.Start, By: "bob"}
	again := pin
	again.At, again.By = storetest.Start+1, "carl"
	other := again
	other.Out = true
	for i, step := range []struct {
		set     segments.Pin
		changed int64
		want    segments.Pin
	}{{pin, 1, pin}, {again, 0, pin}, {other, 1, other}} {
		changed, err := s.Pin(step.set)
		var got []segments.Pin
		listed := s.Pins(t.Context(), "vip", func(p segments.Pin) error { got = append(got, p); return nil })
		if err != nil || listed != nil || changed != step.changed || len(got) != 1 || got[0] != step.want {
			t.Errorf("step %d: changed %d, now %+v: %v %v", i, changed, got, err, listed)
		}
	}
	for want := int64(1); want >= 0; want-- {
		if changed, err := s.Unpin("vip", []string{"ann"}); err != nil || changed != want {
			t.Errorf("cleared %d, not %d: %v", changed, want, err)
		}
	}
}
