package daemon

import (
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// registrations reads lines of a send log.
func registrations(t *testing.T, lines ...string) (list []provider.Registration) {
	t.Helper()
	for _, line := range lines {
		some, err := provider.Registrations([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, some...)
	}
	return list
}

func TestARefusalThatIsRegisteredIsAnEventOfItsMessage(t *testing.T) {
	d := testDaemon(t)
	list := registrations(t, `{"message_id":"m1","contact":"ann","error":"no","code":1400,"sent_at":"2026-01-02T03:04:05Z"}`,
		`{"errors":[{"error":"no","contact":"bob"}]}`, `{"message_id":"m1","contact":"eve"}`, `{"message_id":"m2","contact":"carl","code":200}`)
	for range 2 {
		did, err := d.register(t.Context(), list)
		if err != nil || did.Refused != 2 || did.New+did.Known != 3 || !slices.Equal(did.Conflicts, []int{2}) || len(did.Rejected) != 0 {
			t.Errorf("registered %+v, %v", did, err)
		}
		if err := d.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]hygiene.Outcome{"ann": hygiene.HardBounce, "bob": hygiene.SenderFault} {
		contact, _, err := d.store.Contact(key)
		if err != nil {
			t.Fatal(err)
		}
		timeline, err := d.store.Timeline(contact)
		if err != nil || len(timeline) != 1 || timeline[0].Outcome != want || (timeline[0].At.String() == "2026-01-02T03:04:05Z") != (key == "ann") {
			t.Errorf("%s has %+v, %v", key, timeline, err)
		}
	}
	totals, err := d.store.Totals()
	if err != nil || totals.Repeats != 2 || totals.Unmatched != 0 || totals.Events != 4 {
		t.Errorf("%+v, %v", totals, err)
	}
}

func TestALineWithoutASourceIsRefusedWhereThereAreSeveral(t *testing.T) {
	d := testDaemon(t, "hygiene:\n", "  - {name: globex, preset: insider, tokens: [globex-globex-globex-1]}\nhygiene:\n")
	did, err := d.register(t.Context(), registrations(t, `{"message_id":"m1","contact":"ann"}`, `{"source":"globex","message_id":"m1","contact":"ann"}`,
		`{"source":"acme","message_id":"m1","contact":"ann"}`))
	if err != nil || did.New != 1 || len(did.Rejected) != 2 {
		t.Fatalf("registered %+v, %v", did, err)
	}
	for i, want := range []string{"the source is missing, and the config has 2 sources: insider, globex; add one as source", `message "m1": there is no source "acme" in the config; it has insider, globex`} {
		if did.Rejected[i].Why != want {
			t.Errorf("rejected because %q, want %q", did.Rejected[i].Why, want)
		}
	}
}
