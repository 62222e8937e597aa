package quarantine

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/storetest"
)

// quarantined opens a store with these bodies in quarantine, a second apart.
func quarantined(t *testing.T, bodies ...string) *app.App {
	t.Helper()
	ops := apptest.Operations(t)
	for i, b := range bodies {
		source, body, _ := strings.Cut(b, " ")
		u := hygiene.Unreadable{ReceivedAt: storetest.Start + hygiene.Instant(i)*1e6, Source: source, Why: "read by an earlier version", Body: []byte(body)}
		if err := ops.Store.Append(t.Context(), nil, []hygiene.Unreadable{u}); err != nil {
			t.Fatal(err)
		}
	}
	return &app.App{Config: ops.Config, Store: ops.Store}
}

func retryAll(t *testing.T, a *app.App, o RetryOptions) Retried {
	t.Helper()
	did, err := Retry(t.Context(), ui.NewPrinter(io.Discard, io.Discard, false), a, o)
	if err != nil {
		t.Fatal(err)
	}
	return *did
}

func TestBodiesThatCanBeReadNowBecomeEvents(t *testing.T) {
	a := quarantined(t,
		`insider {"id":"m1","event":"undelivered","reason":{"code":1400}}`,
		`insider [{"id":"m2","event":"sent"},{"id":"m3"}]`,
		`insider ?`,
		`gone {"id":"m4","event":"sent"}`,
		"insider {\"id\":\"m5\",\"event\":\"\xfd\"}")
	want := Retried{Bodies: 5, Read: 2, Events: 2, Left: 4}
	for _, apply := range []bool{false, true} {
		did := retryAll(t, a, RetryOptions{Apply: apply})
		if did.Applied != apply || did.Bodies != want.Bodies || did.Read != want.Read || did.Events != want.Events || did.Left != want.Left || len(did.Reasons) != 4 || len(did.Kinds) != 2 {
			t.Errorf("with Apply %v: %+v", apply, did)
		}
		totals, err := a.Store.Totals()
		if events, left := map[bool]int64{true: 2}[apply], map[bool]int64{false: 5, true: 4}[apply]; err != nil || totals.Events != events || totals.Quarantined != left {
			t.Errorf("with Apply %v: %d events, %d bodies, %v", apply, totals.Events, totals.Quarantined, err)
		}
	}
	// The event has the time at which its body was received, and the part that could not
	// be read keeps it.
	e, _, err := a.Store.Event(2)
	list, err2 := a.Store.Quarantine(1)
	if err != nil || err2 != nil || e.MessageID != "m2" || e.At != storetest.Start+1e6 || list[0].ReceivedAt != storetest.Start+1e6 || string(list[0].Body) != `{"id":"m3"}` {
		t.Errorf("%+v, %+v, %v, %v", e, list, err, err2)
	}
	if did := retryAll(t, a, RetryOptions{Apply: true}); did.Read != 0 || did.Left != 4 {
		t.Errorf("again: %+v", did)
	}
}

func TestARetryIsNarrowedBySourceAndTime(t *testing.T) {
	var bodies []string
	for i := range 600 {
		bodies = append(bodies, fmt.Sprintf(`%s {"id":"m%d","event":"sent"}`, []string{"insider", "other"}[i%2], i))
	}
	a := quarantined(t, bodies...)
	if did := retryAll(t, a, RetryOptions{Source: "insider", Since: storetest.Start + 300*1e6, Apply: true}); did.Bodies != 150 || did.Events != 150 || did.Left != 0 {
		t.Errorf("%+v", did)
	}
	var left []string
	err := a.Store.EachQuarantined(t.Context(), "", 0, func(page []store.Quarantined) error {
		for _, q := range page {
			left = append(left, q.Source)
		}
		return nil
	})
	if err != nil || len(left) != 450 || slices.Contains(left[300:], "insider") {
		t.Errorf("%d are left, %v", len(left), err)
	}
}
