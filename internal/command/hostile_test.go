package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

// forged is what a hostile text makes a line of its own.
const forged = "winnow: all is well"

// hostile is text that would act on a terminal: it sets the clipboard, colors, turns
// the direction of writing, and forges a line.
const hostile = "\x1b]52;c;Zm9v\x07\u009b31m\u202e\u200b\u2028\x7f\n" + forged

// hostileKey is the key of a contact, from which control characters below 0x20 are kept
// away.
const hostileKey = "crm-\u009b31m\u202e\u200b1"

// hostileStore is a folder with a store in which every text from outside is hostile.
func hostileStore(t *testing.T) (config string) {
	t.Helper()
	folder := t.TempDir()
	config = apptest.Config(t, folder, "1h")
	apptest.Edit(t, config, "sources:", "store: sqlite://winnow.db\nsources:", "  rules:\n", `  breaker: [{outcome: invalid_number, share: 10%, window: 1h, min: 2}]
  rules:
    - {name: invalid, when: {outcome: invalid_number}, then: {suppress: {reason: hard_bounce}}}
`)
	a := apptest.Open(t, config)
	now := hygiene.InstantOf(time.Now())
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var events []hygiene.Event
	for i, outcome := range []hygiene.Outcome{hygiene.HardBounce, hygiene.SoftBounce, hygiene.Delivered, hygiene.InvalidNumber, hygiene.InvalidNumber, hygiene.InvalidNumber} {
		at := now - 1_000_000 + hygiene.Instant(i)
		events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: outcome.String() + hostile, Name: "x" + hostile, Code: hostile, Outcome: outcome,
			Contact: hostileKey + string(rune('a'+i)), Body: []byte(`{"uniqueArgs": {"campaign": "\u001b]0;title\u0007\u009b\u202e", "other": "\u009b"}}`)})
	}
	unmatched := events[0]
	unmatched.Contact, unmatched.MessageID = "", "unmatched"+hostile
	check(a.Store.Append(context.Background(), append(events, unmatched), []hygiene.Unreadable{{ReceivedAt: now, Source: "insider", Why: hostile, Body: []byte(hostile)}}))
	if _, err := a.Sweep(context.Background(), now); err != nil {
		t.Fatal(err)
	}
	_, err := a.Store.AddToList("staff", []string{hostileKey + "a"})
	check(err)
	_, err = a.Store.Pin(segments.Pin{Segment: "reachable", Contact: hostileKey + "a", At: now, By: hostile, Note: hostile})
	check(err)
	_, err = a.Instruct(store.Subjects{Keys: []string{hostileKey + "a"}}, hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: "complaint", By: hostile, Note: hostile}, now)
	check(err)
	_, err = a.Store.Register(context.Background(), []store.Registration{{Source: "insider", MessageID: "sent" + hostile, Contact: hostileKey}})
	check(err)
	run := segments.Run{Export: "nightly", ScheduledAt: now - now%1_000_000, Status: segments.Failed, AsOf: now, FinishedAt: now, Error: hostile}
	run.Name = segments.RunName(run.ScheduledAt)
	_, err = a.Store.BeginRun(run)
	check(errors.Join(err, a.Store.EndRun(run)))
	check(a.Store.Close())
	return config
}

// TestNoCommandPrintsTextFromOutsideRaw runs every command of the grammar on a store
// full of hostile text, for people and as JSON.
func TestNoCommandPrintsTextFromOutsideRaw(t *testing.T) {
	storetest.Sequential(t)
	t.Setenv("WINNOW_INSIDER_TOKEN", apptest.Token)
	config := hostileStore(t)
	file := func(name, text string) string {
		path := filepath.Join(filepath.Dir(config), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	quoted, _ := json.Marshal(hostile)
	var (
		keys         = file("keys.csv", "contact,note\n"+hostileKey+"a,x\n\u009b31m\x1b[2J,y\n")
		events       = file("events.ndjson", `{"source":`+string(quoted)+`,"received_at":`+string(quoted)+`,"body":{}}`+"\n"+hostile+"\n")
		messages     = file("messages.csv", "message_id,contact\nsent\u009b\u202e,"+hostileKey+"\n\u009b31m,\x1b[2J\n")
		pairs        = file("pairs.csv", "old,new\n"+hostileKey+"f,"+hostileKey+"a\n\u009b31m,\x1b[2J\n"+hostileKey+"a,"+hostileKey+"a\n")
		suppressions = file("suppressions.csv", "contact,reason,\u009b31m\n"+hostileKey+"b,\u009b31m,x\n"+hostileKey+"c,complaint,y\n")
		ruleTest     = file("rules.yaml", "tests:\n  - name: \"\\u009b31m\\u202e\"\n    events: [{at: 0h, outcome: hard_bounce}]\n    expect: [{at: 1h, status: active}]\n")
		sourceTest   = file("source.yaml", "preset: insider\nexamples:\n  - {name: \"\\u009b31m\\u202e\", body: {id: \"\\u009b31m\", event: sent}, events: [{id: x, outcome: delivered}]}\n")
		hostileBody  = file("body.json", `{"id":"\u009b31m\u202e","event":"\u009b31m\u202e","\u009b31m":1,"uniqueArgs":{"contact_id":"\u009b31m"},"reason":{"code":"\u009b31m"}}`)
		badConfig    = file("bad.yaml", "listen: \"\u202e\u200b\"\n\"\u202ekey\": 1\n")
	)
	commands := map[string][][]string{
		"init":                {{}},
		"bench all":           {{"--peer", hostile}, {"--only", hostile}, {"--lasting", hostile}},
		"bench growth":        {{"--results", badConfig}, {"--contacts", hostile}},
		"bench profile":       {{"--lasting", hostile}},
		"bench stage":         {{hostile}, {"idle", "absent" + hostile, "1"}},
		"kit":                 {{"systemd"}, {"prometheus"}},
		"completion":          {{hostile}},
		"check":               {{}, {"-c", badConfig}, {"--schema"}},
		"test":                {{ruleTest}, {"absent" + hostile}},
		"source confirm":      {{}, {"--source", hostile}},
		"source list":         {{}},
		"source show":         {{"insider"}, {hostile}},
		"source test":         {{sourceTest}, {"absent" + hostile}},
		"source try":          {{hostileBody}, {"absent" + hostile}, {keys, "--header", hostile}, {keys, "--source", hostile}, {keys, "--method", hostile, "--query", hostile}},
		"plan":                {{}, {"--backtest", "1d"}, {"--backtest", hostile}},
		"policy list":         {{}},
		"policy show":         {{hostile}},
		"sweep":               {{}},
		"review":              {{}},
		"export":              {{"nightly"}, {hostile}},
		"release":             {{"nightly"}, {hostile}, {"nightly/" + hostile}},
		"explain":             {{hostileKey + "a"}, {hostileKey + "a", "-v"}, {hostileKey + "b", "-v"}, {hostileKey + "d", "-v"}, {hostileKey + "none"}, {"\u009b31m" + hostile}, {hostileKey + "a", "--segment", hostile}, {hostileKey + "a", "--segment", "reachable"}, {hostileKey + "a", "--as-of", time.Now().Add(time.Minute).UTC().Format(time.RFC3339), "--now", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}, {hostileKey + "a", "--as-of", hostile}, {"+905551234567", "--region", hostile}},
		"suppress":            {{hostileKey + "b", "--reason", "complaint", "--note", hostile}, {hostileKey + "b", "--reason", hostile}, {hostile, "--reason", "x"}},
		"allow":               {{hostileKey + "b", "--note", hostile}, {hostileKey + "none"}},
		"merge":               {{hostileKey + "e", "--into", hostileKey + "a", "--note", hostile, "--new", "--apply"}, {hostileKey + "a", "--into", hostileKey + "e"}, {hostile, "--into", hostile}, {"--file", pairs}, {"--file", keys}},
		"undo":                {{"--list"}, {"--since", "1d"}, {"--rule", hostile, "--since", "1d"}, {"--since", hostile}},
		"rejudge":             {{}},
		"reclassify":          {{}},
		"import events":       {{events}, {events, "--from", "insider"}, {events, "--from", hostile}, {events, "--from", "insider", "--received", hostile}},
		"import messages":     {{messages}},
		"import contacts":     {{keys}, {keys, "--key", hostile}, {"absent" + hostile}},
		"import suppressions": {{suppressions}, {suppressions, "--apply"}},
		"list all":            {{}},
		"list add":            {{"staff", keys}, {hostile, keys}},
		"list remove":         {{"staff", keys}, {hostile, keys}},
		"list show":           {{"staff"}, {hostile}},
		"pin":                 {{}, {"reachable"}, {hostile}, {"reachable", hostileKey + "a", "--out", "--note", hostile}, {"reachable", hostile, "--in"}},
		"breaker list":        {{}},
		"breaker release":     {{"99"}, {hostile}},
		"breaker discard":     {{"99"}, {hostile}},
		"scrub":               {{keys, "--column", "contact", "-o", filepath.Join(filepath.Dir(config), "clean.csv")}, {keys, "--column", hostile}},
		"report":              {{"--by", "source,code,unique_args.campaign"}, {"--by", hostile}, {"--since", hostile}},
		"status":              {{}},
		"schedule":            {{}},
		"quarantine list":     {{}},
		"quarantine retry":    {{}, {"--source", hostile}, {"--since", hostile}, {"--apply"}},
		"unmatched":           {{}, {"--send-log"}},
		"retain":              {{}, {"--dry-run"}},
		"hold":                {{hostileKey + "c", "--note", hostile}, {"--list"}, {hostile, "--note", "x"}, {hostileKey + "c", "--end"}},
		"export-person":       {{hostileKey + "a"}, {hostile}, {hostileKey + "a", "-o", "absent" + hostile + "/x"}},
		"reconcile":           {{suppressions, "-o", filepath.Join(filepath.Dir(config), "compared")}, {keys}, {"absent" + hostile}},
		"silent":              {{}, {"--source", hostile}},
		"regret":              {{}},
		"backup":              {{filepath.Join(filepath.Dir(config), "backups")}, {"absent" + hostile + "/x/y", "--verify"}},
		"doctor":              {{}},
		"restore":             {{"absent" + hostile}},
		"simulate":            {{"--live"}, {"--live", "--source", hostile}, {"--to", hostile}, {"--to", "http://127.0.0.1/" + hostile, "--token-file", keys}, {"--preset", hostile}, {"--mix", hostile}, {"--for", hostile}},
		"migrate":             {{"--to", hostile}, {"--to", "postgres://db/x?" + hostile + "=1"}},
		"forget":              {{hostileKey + "d", "--dry-run"}, {hostile, "--dry-run"}},
	}
	without := []string{"serve", "demo", "token", "health", "version"} // print nothing from outside
	walkCommands(newParser(&grammar{}).Model.Node, "", func(name string) {
		if commands[name] == nil && !slices.Contains(without, name) {
			t.Errorf("winnow %s is not run with hostile text: add it here", name)
		}
	})
	printed := 0
	for name, lines := range commands {
		for _, line := range lines {
			for _, args := range [][]string{line, append(slices.Clone(line), "--json")} {
				var stdout, stderr bytes.Buffer
				all := slices.Concat([]string{"-c", config}, strings.Fields(name), args)
				run(t.Context(), all, Process{Stdout: &stdout, Stderr: &stderr, Stdin: strings.NewReader(""), Version: "test"})
				for _, text := range []string{stdout.String(), stderr.String()} {
					checkHarmless(t, all, text)
					printed += strings.Count(text, `\u009b`)
				}
			}
		}
	}
	if printed < 100 {
		t.Errorf("hostile text was printed only %d times: the test proves little", printed)
	}
}

// walkCommands calls visit with the path of every command that can be run.
func walkCommands(n *kong.Node, path string, visit func(name string)) {
	for _, child := range n.Children {
		walkCommands(child, strings.TrimSpace(path+" "+child.Name), visit)
	}
	if n.Leaf() && n.Type == kong.CommandNode {
		visit(path)
	}
}

// checkHarmless fails the test when a text has a control character, or a forged line.
func checkHarmless(t *testing.T, args []string, text string) {
	t.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool { return ui.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
		t.Errorf("winnow %q prints %q", args, text[i:])
	}
	if strings.HasPrefix(text, forged) || strings.Contains(text, "\n"+forged) {
		t.Errorf("winnow %q prints a forged line: %q", args, text)
	}
}
