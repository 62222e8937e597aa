package quarantine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/hygiene/provider/signature"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/config"
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

// unverified is a body that a receiver with another secret kept.
func unverified(signature string) hygiene.Unreadable {
	return hygiene.Unreadable{ReceivedAt: storetest.Start, Source: "insider", Why: "unverified: the signature does not match", Body: []byte("Hello, World!"),
		Unverified: &callback.Unverified{Method: "POST", Target: "/{token}", Header: map[string]string{"X-Hub-Signature-256": signature}}}
}

func TestARetryVerifiesWithTheSecretOfToday(t *testing.T) {
	// GitHub's vector of the header X-Hub-Signature-256; the second one is of another body.
	const good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	a := quarantined(t, `insider {"id":"m1","event":"delivered"}`)
	event := unverified(good)
	event.Body = []byte(`{"id":"m2","event":"delivered"}`)
	if err := a.Store.Append(t.Context(), nil, []hygiene.Unreadable{unverified(good), event}); err != nil {
		t.Fatal(err)
	}
	sign := func(secrets ...string) {
		choice, _ := signature.OfPreset("whatsapp")
		a.Config.Sources[0].Signature = &config.Signature{Scheme: choice.Schemes[""], Values: secrets}
	}
	if did := retryAll(t, a, RetryOptions{}); did.Events != 1 || did.Reasons["the config has no signature for its source any more"] != 2 {
		t.Errorf("without signature: %+v", did)
	}
	sign("an old secret")
	if did := retryAll(t, a, RetryOptions{Apply: true}); did.Events != 1 || did.Left != 2 || did.Reasons["the signature does not match"] != 2 {
		t.Errorf("with an old secret: %+v", did)
	}
	sign()
	if did := retryAll(t, a, RetryOptions{}); did.Events != 0 || did.Left != 2 || did.Reasons[signature.ErrBlind.Error()] != 2 {
		t.Errorf("without its variable: %+v", did)
	}
	sign("an old secret", "It's a Secret to Everybody")
	did := retryAll(t, a, RetryOptions{Apply: true})
	if did.Events != 0 || did.Left != 2 || did.Reasons["the signature does not match"] != 1 {
		t.Errorf("with the secret: %+v", did)
	}
	// The one that is verified stays as a body that can't be read; nobody takes the other
	// one for an event.
	list, err := a.Store.Quarantine(10)
	if err != nil || len(list) != 2 || list[0].Unverified != nil || string(list[0].Body) != "Hello, World!" || list[1].Unverified == nil || string(list[1].Body) != string(event.Body) {
		t.Errorf("%+v %v", list, err)
	}
	// With a body of its own it is read.
	mac := hmac.New(sha256.New, []byte("It's a Secret to Everybody"))
	mac.Write(event.Body)
	event.Unverified.Header["X-Hub-Signature-256"] = "sha256=" + hex.EncodeToString(mac.Sum(nil))
	if err := a.Store.Append(t.Context(), nil, []hygiene.Unreadable{event}); err != nil {
		t.Fatal(err)
	}
	if did := retryAll(t, a, RetryOptions{Apply: true}); did.Events != 1 || did.Left != 2 {
		t.Errorf("a body that is signed: %+v", did)
	}
}

func TestAListShowsWhatWasNotVerifiedWithoutPasswords(t *testing.T) {
	a := quarantined(t)
	u := unverified("sha256=00")
	u.Unverified.Target, u.Unverified.Header["Authorization"] = "/{token}?a=\x1b[31m", "Basic c2VjcmV0"
	if err := a.Store.Append(t.Context(), nil, []hygiene.Unreadable{u}); err != nil {
		t.Fatal(err)
	}
	for _, json := range []bool{true, false} {
		var b strings.Builder
		if err := List(ui.NewPrinter(&b, io.Discard, json), a.Store, 10); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if !strings.Contains(text, "/{token}?a=") || !strings.Contains(text, "unverified: ") || strings.Contains(text, "c2VjcmV0") || strings.Contains(text, "\x1b") {
			t.Errorf("JSON %v: %s", json, text)
		}
	}
}
