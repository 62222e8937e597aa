package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
)

const explainedAt = hygiene.Instant(1_768_000_000_000_000) // 2026-01-09T23:06:40Z

// explained returns the explanation of the contact, and its screen.
func explained(t *testing.T, a *app.Operations, key string, verbose bool) (*Explanation, string) {
	t.Helper()
	e, ok, err := Contact(a.Config, a.Store, key, explainedAt)
	if err != nil || !ok {
		t.Fatalf("%t, %v", ok, err)
	}
	var b strings.Builder
	(&textWriter{Writer: &b, verbose: verbose}).print(e, a.Config)
	return e, b.String()
}

// screenLines is how many lines a terminal of that width needs.
func screenLines(text string, columns int) (n int) {
	for line := range strings.Lines(text) {
		n += 1 + (utf8.RuneCountInString(strings.TrimRight(line, "\n"))-1)/columns
	}
	return n
}

// crowdedConfig has thirty segments with long names.
func crowdedConfig(t *testing.T) *config.Config {
	t.Helper()
	var b strings.Builder
	b.WriteString("sources: [{name: insider, preset: insider, tokens: [" + apptest.Token + "]}]\nhygiene:\n  rules:\n" +
		"    - {name: " + strings.Repeat("r", 60) + ", when: {outcome: soft_bounce, count: 16}, then: {suppress: {reason: soft_bounce, for: 300d}, tag: tagged}}\n" +
		"    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}\nsegments:\n")
	for i := range 30 {
		fmt.Fprintf(&b, "  - {name: %s-%d, suppressed: include, where: {all: [{outcome: soft_bounce, count: 9}, {any: [{status: active}, {attribute: a1, is: %s}]}]}}\n",
			strings.Repeat("segment", 5), i, strings.Repeat("x", 500))
	}
	path := filepath.Join(t.TempDir(), "winnow.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := app.Options{Path: path, Secrets: config.SecretsRequired}.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// crowded is a store with a contact at every limit: the most entries of each
// outcome, the longest IDs, forty manual changes with notes.
func crowded(t *testing.T, key string) *app.Operations {
	t.Helper()
	cfg := crowdedConfig(t)
	s, err := store.Open(cfg.Store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	a := &app.Operations{Config: cfg, Store: s}
	var events []hygiene.Event
	for i, name := range hygiene.OutcomeNames() {
		o, err := hygiene.ParseOutcome(name)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 20 {
			at := explainedAt.Add(-hygiene.Day*10) + hygiene.Instant(n*1_000_003+i)
			events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", Name: name, Code: strings.Repeat("9", 200), Outcome: o,
				MessageID: fmt.Sprintf("%d-%s-%s", n, name, strings.Repeat("m", 220)), Contact: key, Body: []byte("{}")})
		}
	}
	if err := s.Append(context.Background(), events, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Sweep(context.Background(), explainedAt); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.Origin(1 + i%2), Reason: fmt.Sprintf("reason-%d", i), By: "operator",
			Note: strings.Repeat("long note ", 40)}
		if did, err := a.Instruct(store.Subjects{Keys: []string{key}}, in, explainedAt.Add(-hygiene.Day)+hygiene.Instant(i)); err != nil || did.Unknown.Keys != nil {
			t.Fatal(did.Unknown, err)
		}
	}
	return a
}

func TestAContactAtEveryLimitFitsOneScreen(t *testing.T) {
	key := strings.Repeat("k", contactkey.Max)
	e, text := explained(t, crowded(t, key), key, false)
	if len(e.Suppressions) != 42 || len(e.Timeline) != 16*len(hygiene.OutcomeNames()) {
		t.Fatalf("%d suppressions and %d events are not the limits", len(e.Suppressions), len(e.Timeline))
	}
	if n := screenLines(text, 100); n > 40 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	for _, want := range []string{"and 39 more suppressions", "and 20 more segments: ", "hard_bounce"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestAVerboseScreenLeavesNothingOut(t *testing.T) {
	key := "crowded"
	e, text := explained(t, crowded(t, key), key, true)
	for i := range e.Suppressions {
		if !strings.Contains(text, e.Suppressions[i].Reason+" since ") {
			t.Errorf("%s is not shown", e.Suppressions[i].Reason)
		}
	}
	for name := range e.Segments {
		if !strings.Contains(text, name+": ") {
			t.Errorf("%s is not shown", name)
		}
	}
}

func TestEvidenceIsShownEvenIfTheHistoryDroppedIt(t *testing.T) {
	a := apptest.Operations(t)
	apptest.Bounce(t, a.Store, explainedAt.Add(-100*hygiene.Day), "ann")
	for i := range 20 { // the first bounce is dropped from the history
		e := hygiene.Event{ReceivedAt: explainedAt.Add(-hygiene.Day) + hygiene.Instant(i), At: explainedAt.Add(-hygiene.Day) + hygiene.Instant(i), Source: "insider",
			MessageID: fmt.Sprint("later-", i), Name: "undelivered", Code: "1400", Outcome: hygiene.HardBounce, Contact: "ann", Body: []byte("{}")}
		if err := a.Store.Append(context.Background(), []hygiene.Event{e}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Sweep(context.Background(), explainedAt); err != nil {
		t.Fatal(err)
	}
	e, _ := explained(t, a, "ann", false)
	if slices.ContainsFunc(e.Timeline, func(h view.Event) bool { return h.Seq == 1 }) {
		t.Fatal("the history still has the first bounce")
	}
	s := e.Suppressions[0]
	if len(s.Events) != 1 || s.Events[0].MessageID != "m-ann" || !strings.HasSuffix(s.Why, "on the hard bounce of message m-ann (code 1400), 100 days ago") || s.Policy != a.Config.Hash {
		t.Errorf("explained as %+v", s)
	}
}

func TestEvidenceMissingFromTheLogIsReported(t *testing.T) {
	a := apptest.Operations(t)
	explainedBy := func(evidence ...int64) *Explanation {
		c := &hygiene.Contact{Key: "ann", Suppressions: []hygiene.Suppression{
			{Reason: "hard_bounce", Since: hygiene.Moment{At: explainedAt.Add(-hygiene.Day)}, Cause: hygiene.Cause{Rule: "hard", Evidence: evidence}}}}
		e := &Explanation{policy: hygiene.NewPolicy(nil, ""), Explanation: view.Explanation{Contact: "ann", Status: "suppressed", AsOf: explainedAt}}
		r := &evidenceReader{policy: a.Config.Policy, store: a.Store, subject: subject{Contact: c}, asOf: explainedAt, timeline: []view.Event{{Seq: 9, Outcome: "soft_bounce", MessageID: "m"}}}
		if err := r.addTo(e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, test := range []struct {
		evidence  []int64
		why, gone string
	}{
		{[]int64{4}, ", on event 4, no longer in the log, 1 day ago", "event 4 is no longer in the log"},
		{[]int64{4, 5}, ", on 2 events no longer in the log, 1 day ago", "events 4, 5 are no longer in the log"},
		{[]int64{4, 9}, ", on 2 events, the latest being the soft bounce of message m, 1 day ago", "event 4 is no longer in the log"},
	} {
		e := explainedBy(test.evidence...)
		var b strings.Builder
		ui.Table(&b, (&textWriter{}).facts(e))
		if !strings.HasSuffix(e.Suppressions[0].Why, test.why) || !strings.Contains(b.String(), test.gone) {
			t.Errorf("%v: explained as %s\n%s", test.evidence, e.Suppressions[0].Why, &b)
		}
	}
}

func TestASuppressionNamesThePolicyThatOpenedIt(t *testing.T) {
	a := apptest.Operations(t)
	apptest.Bounce(t, a.Store, explainedAt.Add(-hygiene.Day), "ann")
	if _, err := a.Sweep(context.Background(), explainedAt); err != nil {
		t.Fatal(err)
	}
	opened := a.Config.Hash
	later := *a.Config
	later.Hash, later.Policy = "later", hygiene.NewPolicy(a.Config.Policy.Rules, "later")
	a.Config = &later
	for i := range 30 { // the entry that opened it is far back in the ledger
		in := hygiene.Instruction{Kind: hygiene.Allow, Reason: fmt.Sprint("other-", i), By: "ann"}
		if _, err := a.Instruct(store.Subjects{Keys: []string{"ann"}}, in, explainedAt.Add(-hygiene.Day/2)+hygiene.Instant(i)); err != nil {
			t.Fatal(err)
		}
	}
	if e, _ := explained(t, a, "ann", false); e.Suppressions[0].Policy != opened || len(e.ledger) != 10 {
		t.Errorf("opened under %s, shown %s", opened, e.Suppressions[0].Policy)
	}
}

func TestUntrustedTextCannotControlTheTerminal(t *testing.T) {
	a := apptest.Operations(t)
	e := hygiene.Event{ReceivedAt: explainedAt - 1, At: explainedAt - 1, Source: "insider", MessageID: "m\x1b[2J\n\u202e", Name: "undelivered", Code: "\x07",
		Outcome: hygiene.HardBounce, Contact: "ann", Body: []byte("{}")}
	if err := a.Store.Append(context.Background(), []hygiene.Event{e}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Sweep(context.Background(), explainedAt); err != nil {
		t.Fatal(err)
	}
	for _, verbose := range []bool{false, true} {
		if _, text := explained(t, a, "ann", verbose); strings.ContainsAny(text, "\x1b\x07\u202e") || !strings.Contains(text, `m\u001b[2J\n\u202e`) {
			t.Errorf("printed %q", text)
		}
	}
}

func TestColorsDoNotShiftColumns(t *testing.T) {
	a := apptest.Operations(t)
	apptest.Bounce(t, a.Store, explainedAt-1, "ann")
	if _, err := a.Sweep(context.Background(), explainedAt); err != nil {
		t.Fatal(err)
	}
	e, plain := explained(t, a, "ann", false)
	var b strings.Builder
	(&textWriter{Writer: &b, colored: true}).print(e, a.Config)
	text := b.String()
	if !strings.HasPrefix(text, "ann is \x1b[31msuppressed\x1b[0m as of ") {
		t.Errorf("printed %q", text)
	}
	for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[0m"} {
		text = strings.ReplaceAll(text, code, "")
	}
	if text != plain {
		t.Errorf("without colors\n%sis not\n%s", text, plain)
	}
}

func TestAbsentFactsAreAbsentKeys(t *testing.T) {
	a := apptest.Operations(t)
	if _, err := a.Store.Register(context.Background(), []store.Registration{{Source: "insider", MessageID: "m", Contact: "new"}}); err != nil {
		t.Fatal(err)
	}
	e, _ := explained(t, a, "new", false)
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"phone", "suppressions", "retry", "tags", "lists", "attributes", "history", "timeline"} {
		if _, there := keys[key]; there {
			t.Errorf("%s is there: %s", key, keys[key])
		}
	}
	if string(keys["segments"]) != `{"do-not-text":false,"reachable":true}` || keys["why"] == nil || keys["conditions"] == nil {
		t.Errorf("explained as %s", text)
	}
}

func TestSuggestedCommandsQuoteTheContact(t *testing.T) {
	for contact, want := range map[string]string{
		"crm-7":         "winnow explain crm-7 -v",
		"+905551234567": "winnow explain +905551234567 -v",
		"a b":           "winnow explain 'a b' -v",
		"o'hara":        `winnow explain 'o'\''hara' -v`,
		"-x":            "winnow explain -v -- -x",
		"- $(reboot)":   "winnow explain -v -- '- $(reboot)'",
	} {
		if got := ui.CommandLine("winnow explain", contact, "-v"); got != want {
			t.Errorf("%q: %s, want %s", contact, got, want)
		}
	}
}

func TestASuppressionAheadOfTheClockIsSaidToBeInForce(t *testing.T) {
	s := view.Suppression{Summary: "hard_bounce since T, permanently", Since: explainedAt.Add(2 * hygiene.Day)}
	if got := suppressionSentence(&s, explainedAt); got != "hard_bounce since T, permanently; its time lies ahead of the clock (in 2 days), and it is in force all the same" {
		t.Errorf("it says %q", got)
	}
	s.Held = 1
	if got := suppressionSentence(&s, explainedAt); got != "hard_bounce since T, permanently, in 2 days" {
		t.Errorf("of a held one it says %q", got)
	}
}
