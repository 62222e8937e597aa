package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/contactkey/contactkeytest"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/console/view"
	"winnow/internal/explain"
	"winnow/internal/imports"
	"winnow/internal/scrub"
	"winnow/internal/ui"
	"winnow/segments"
)

// doors are all ways in which a contact can be named, each with the key that it made of a
// spelling; empty where only the store shows it.
var doors = map[string]func(t *testing.T, d *Daemon, spelled string, n int) (key string){
	"callback": func(t *testing.T, d *Daemon, spelled string, n int) string {
		cfg := d.current.Load()
		readers, err := app.Readers(cfg, d.store)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := json.Marshal(map[string]any{"id": fmt.Sprint("m", n), "event": "sent", "uniqueArgs": map[string]string{"contact_id": spelled}})
		is, err := readers["insider"].Read(&provider.Request{Body: body, ReceivedAt: hygiene.InstantOf(time.Now())})
		if err != nil || len(is.Unreadable) > 0 {
			t.Fatal(is.Unreadable, err)
		}
		if err := d.store.Append(t.Context(), is.Events, nil); err != nil {
			t.Fatal(err)
		}
		return is.Events[0].Contact
	},
	"send log": func(t *testing.T, d *Daemon, spelled string, n int) string {
		did, err := d.register(t.Context(), []provider.Registration{{MessageID: fmt.Sprint("r", n), Contact: spelled}})
		if err != nil || len(did.Rejected) > 0 {
			t.Fatal(did.Rejected, err)
		}
		return ""
	},
	"import contacts": func(t *testing.T, d *Daemon, spelled string, _ int) string {
		return importList(t, d, spelled, func(out *ui.Printer, a *app.App, o imports.Options) error {
			return imports.Contacts(t.Context(), out, a, o)
		})
	},
	"import suppressions": func(t *testing.T, d *Daemon, spelled string, _ int) string {
		return importList(t, d, spelled, func(out *ui.Printer, a *app.App, o imports.Options) error {
			o.Reason = "complaint"
			return imports.Suppressions(t.Context(), out, a, o)
		})
	},
	"list": func(t *testing.T, d *Daemon, spelled string, _ int) string {
		return importList(t, d, spelled, func(out *ui.Printer, a *app.App, o imports.Options) error {
			return imports.ChangeList(t.Context(), out, a, "staff", true, o)
		})
	},
	"scrub": func(t *testing.T, d *Daemon, spelled string, _ int) string {
		var kept bytes.Buffer
		a := &app.App{Config: d.current.Load(), Store: d.store}
		o := scrub.Options{File: "-", Stdin: strings.NewReader("contact\n" + quotedCell(spelled) + "\n" + quotedCell(spelled) + "\n"), Column: "contact", By: "key", Now: hygiene.InstantOf(time.Now())}
		err := scrub.Run(t.Context(), &ui.Printer{Stdout: &kept, Stderr: io.Discard}, o, func(do func(*app.App) error) error { return do(a) })
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(kept.String(), quotedCell(spelled)); n > 1 {
			t.Errorf("%q was kept %d times", spelled, n)
		}
		return ""
	},
	"command": func(t *testing.T, d *Daemon, spelled string, _ int) string { return named(t, d, spelled) },
	"pin": func(t *testing.T, d *Daemon, spelled string, _ int) string {
		key := named(t, d, spelled)
		if _, err := d.store.Pin(segments.Pin{Segment: "reachable", Contact: key, At: hygiene.InstantOf(time.Now()), By: "ann"}); err != nil {
			t.Fatal(err)
		}
		return key
	},
	"API": func(t *testing.T, d *Daemon, spelled string, _ int) string {
		e, err := d.instruct(t.Context(), view.Instruction{Contact: spelled, Kind: hygiene.Suppress, Reason: "complaint", By: "admin", New: true})
		if err != nil {
			t.Fatal(err)
		}
		checked, err := d.check(t.Context(), []string{spelled}, nil, nil)
		if err != nil || checked[0].Status != "suppressed" {
			t.Errorf("%q is %+v, %v", spelled, checked, err)
		}
		return e.Contact
	},
	"explain": func(t *testing.T, d *Daemon, spelled string, _ int) string {
		a := &app.App{Config: d.current.Load(), Store: d.store}
		found, err := explain.Find(a, spelled, "")
		if err != nil {
			return "" // not known yet
		}
		return found.Keys[0]
	},
}

func named(t *testing.T, d *Daemon, spelled string) string {
	t.Helper()
	key, err := d.store.Keys(d.current.Load().Keys).Named(spelled)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func quotedCell(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// importList imports a list of one contact, as CSV.
func importList(t *testing.T, d *Daemon, spelled string, do func(*ui.Printer, *app.App, imports.Options) error) string {
	t.Helper()
	var out bytes.Buffer
	a := &app.App{Config: d.current.Load(), Store: d.store}
	o := imports.Options{File: "-", Stdin: strings.NewReader("contact\n" + quotedCell(spelled) + "\n"), Key: "contact", New: true, Apply: true, Now: time.Now}
	if err := do(&ui.Printer{Stdout: &out, Stderr: &out}, a, o); err != nil {
		t.Fatalf("%q: %v\n%s", spelled, err, out.String())
	}
	return ""
}

func TestWhatNormalizesAlikeIsTheSameContactEverywhere(t *testing.T) {
	for config, keys := range map[string][]string{
		"contacts: {key: text}":              {"crm-1042", "José Ångström", "Ünal Şahin", "한국어 이름", "ann@example.com"},
		"contacts: {key: text, fold: true}":  {"crm-1042", "josé ångström", "strasse 7", "ann@example.com"},
		"contacts: {key: phone, region: TR}": {"+905551234567", "+4915112345678"},
	} {
		t.Run(config, func(t *testing.T) {
			d := testDaemon(t, "\nsources:", "\n"+config+"\nsources:")
			format, r := d.current.Load().Keys, rand.New(rand.NewPCG(rand.Uint64(), 1))
			names := make([]string, 0, len(doors))
			for name := range doors {
				names = append(names, name)
			}
			for n := range 120 {
				key, err := format.Normalize(keys[r.IntN(len(keys))])
				if err != nil {
					t.Fatal(err)
				}
				door, spelled := names[r.IntN(len(names))], contactkeytest.Spelling(r, format, key)
				if got := doors[door](t, d, spelled, n); got != "" && got != key {
					t.Errorf("%s: %q is %q, want %q", door, spelled, got, key)
				}
			}
			if _, err := d.Operations().Sweep(t.Context(), hygiene.InstantOf(time.Now())); err != nil {
				t.Fatal(err)
			}
			d.wantContacts(t, format, keys)
		})
	}
}

// wantContacts wants the store to have these contacts and no other.
func (d *Daemon) wantContacts(t *testing.T, format contactkey.Format, keys []string, others ...string) {
	t.Helper()
	var got, want []string
	snapshot, err := d.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	if err := snapshot.Contacts(context.Background(), false, func(c *hygiene.Contact) error { got = append(got, strings.Clone(c.Key)); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		key, _ = format.Normalize(key)
		want = append(want, key)
	}
	want = append(want, others...)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the contacts are %q, want %q", got, want)
	}
}

func TestAStoredKeyAlwaysNamesItsContact(t *testing.T) {
	for config, key := range map[string]string{
		"contacts: {key: text}":              "a\u0086b",
		"contacts: {key: phone, region: TR}": "+22997000001", // valid until 2024
	} {
		d := testDaemon(t, "\nsources:", "\n"+config+"\nsources:")
		format := d.current.Load().Keys
		if _, err := format.Normalize(key); err == nil {
			t.Fatalf("%s can be a new key", key)
		}
		if _, err := d.store.AddToList("old", []string{key}); err != nil { // as an earlier version did
			t.Fatal(err)
		}
		n := 0
		for name, door := range doors {
			if n++; name == "scrub" {
				continue
			}
			if got := door(t, d, " "+key+" ", n); got != "" && got != key {
				t.Errorf("%s: %q is %q", name, key, got)
			}
		}
		doors["scrub"](t, d, key, n)
		if _, err := d.Operations().Sweep(t.Context(), hygiene.InstantOf(time.Now())); err != nil {
			t.Fatal(err)
		}
		d.wantContacts(t, contactkey.Format{Phone: format.Phone}, nil, key)
	}
}

func TestAnUnknownContactThatIsNearlyKnownIsSaid(t *testing.T) {
	d := testDaemon(t)
	if _, err := d.store.AddToList("old", []string{"crm-1"}); err != nil {
		t.Fatal(err)
	}
	_, err := d.explain(t.Context(), "CRM-1")
	wantAPIError(t, err, 404, `unknown contact "CRM-1"; crm-1 is nearly the same`)
	_, err = d.instruct(t.Context(), view.Instruction{Contact: "CRM-1", Kind: hygiene.Allow, By: "admin"})
	wantAPIError(t, err, 404, `unknown contact "CRM-1"; crm-1 is nearly the same`)
	_, err = d.instruct(t.Context(), view.Instruction{Contact: "CRM-1", Kind: hygiene.Suppress, Reason: "complaint", By: "admin"})
	wantAPIError(t, err, 409, `"CRM-1" is nearly the key of crm-1; name that contact, or send "new": true to suppress it as written`)
	answers, err := d.check(t.Context(), []string{"CRM-1", "crm-1", "new-1", "undefined"}, nil, nil)
	if err != nil || answers[0].Status != "unknown" || answers[0].Nearly != "crm-1" || answers[1].Nearly != "" || answers[2].Nearly != "" || answers[3].Status != "invalid" || answers[3].Sendable {
		t.Errorf("%+v, %v", answers, err)
	}
	if _, err = d.instruct(t.Context(), view.Instruction{Contact: "CRM-1", Kind: hygiene.Suppress, Reason: "complaint", By: "admin", New: true}); err != nil {
		t.Error(err)
	}
}

func TestTheFirstSweepAfterFoldingBeganJoinsContacts(t *testing.T) {
	d := testDaemon(t)
	apptest.Bounce(t, d.store, 1, "CRM-1")
	apptest.Bounce(t, d.store, 1, "CRM-2")
	sweep := func() {
		t.Helper()
		if _, err := d.Operations().Sweep(t.Context(), hygiene.InstantOf(time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	apptest.Bounce(t, d.store, 2, "crm-2")
	apptest.Bounce(t, d.store, 3, "NEW-3") // received before the reload, and not swept
	apptest.Edit(t, d.options.Path, "\nsources:", "\ncontacts: {fold: true}\nsources:")
	d.reload()
	if !d.current.Load().Keys.Fold {
		t.Fatal("the config is not in force")
	}
	sweep()
	d.wantContacts(t, contactkey.Format{}, nil, "crm-1", "crm-2", "new-3")
	apptest.Edit(t, d.options.Path, "fold: true", "fold: false")
	d.reload()
	if !d.current.Load().Keys.Fold {
		t.Error("folding ended")
	}
}
