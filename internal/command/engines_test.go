package command

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/store/engine/enginetest"
	"winnow/store/postgres/pgtest"
	"winnow/store/storetest"
)

// nights are archives of callbacks, one a night, and the times of the exports after them.
// Contacts bounce, come back and opt out, a send log names some of them, and a surge trips
// the breaker.
func nights(n int) (archives, sendLogs []string, exports []time.Time) {
	r := rand.New(rand.NewPCG(17, 4))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	events := []string{`"delivered"`, `"delivered"`, `"undelivered","reason":{"code":1400}`, `"undelivered","reason":{"code":1404}`, `"undelivered","reason":{"code":1399}`}
	message := 0
	for night := range n {
		var archive, sendLog strings.Builder
		for i := range 400 {
			at = at.Add(time.Duration(1+r.IntN(90)) * time.Second)
			contact, event := fmt.Sprintf("crm-%03d", r.IntN(150)), events[r.IntN(len(events))]
			if night == n/2 && i > 300 {
				event = events[2]
			}
			args := fmt.Sprintf(`,"uniqueArgs":{"contact_id":%q}`, contact)
			if r.IntN(4) == 0 { // the send log knows it, or nobody does
				args = ""
				if r.IntN(3) > 0 {
					fmt.Fprintf(&sendLog, "{\"source\":\"insider\",\"message_id\":\"m%d\",\"contact\":%q}\n", message, contact)
				}
			}
			fmt.Fprintf(&archive, "{\"source\":\"insider\",\"received_at\":%q,\"body\":{\"id\":\"m%d\",\"event\":%s%s}}\n", at.Format(time.RFC3339), message, event, args)
			message += r.IntN(3)
		}
		archives, sendLogs = append(archives, archive.String()), append(sendLogs, sendLog.String())
		at = at.Add(4 * time.Hour)
		exports = append(exports, at)
	}
	return archives, sendLogs, exports
}

// exportedBy imports, sweeps and exports each night with a store of that name, and returns
// the files of all runs, and what people read of a contact.
func exportedBy(t *testing.T, location string) map[string]string {
	t.Helper()
	config := apptest.Config(t, t.TempDir(), "24h")
	folder := filepath.Dir(config)
	apptest.Edit(t, config, "\nsources:", fmt.Sprintf("\nstore: %q\nsources:", location), "  rules:\n",
		"  breaker: [{outcome: hard_bounce, share: 70%, window: 1h, min: 20}]\n  rules:\n", "segments: [reachable, do-not-text], formats: [csv, json]",
		"segments: [reachable, do-not-text], formats: [csv, json], delta: [reachable, do-not-text], keep: 100")
	did := func(args ...string) string {
		t.Helper()
		out, errs, status := runWinnow(append(args, "-c", config)...)
		if status != exitOK {
			t.Fatalf("winnow %q: %s%s", args, out, errs)
		}
		return out
	}
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	archives, sendLogs, exports := nights(6)
	for i := range archives {
		did("import", "events", write("archive.ndjson", archives[i]))
		did("import", "messages", write("messages.ndjson", sendLogs[i]))
		did("export", "nightly", "--now", exports[i].Format(time.RFC3339))
	}
	files := filesIn(t, filepath.Join(folder, "exports"))
	now := exports[len(exports)-1].Format(time.RFC3339)
	for _, args := range [][]string{{"explain", "crm-007", "-v"}, {"explain", "crm-123", "--json"}, {"report", "--by", "day,source,outcome"}, {"unmatched", "--json"}, {"breaker", "--json"}, {"regret", "--json"}} {
		files[strings.Join(args, " ")] = did(append(args, "--now", now)...)
	}
	return files
}

func TestBothEnginesWriteTheSameFiles(t *testing.T) {
	enginetest.SQLite(t) // which has both
	storetest.Sequential(t)
	t.Setenv("WINNOW_INSIDER_TOKEN", apptest.Token)
	onFiles, onServer := exportedBy(t, "sqlite://winnow.db"), exportedBy(t, pgtest.Database(t))
	if len(onFiles) < 40 {
		t.Errorf("only %d files were compared", len(onFiles))
	}
	for name, text := range onFiles {
		if onServer[name] != text {
			t.Errorf("%s is\n%s\nand on PostgreSQL\n%s", name, text, onServer[name])
		}
	}
	if !maps.Equal(onFiles, onServer) {
		t.Error("one engine has written more files")
	}
	if held := onFiles["breaker --json"]; !strings.Contains(held, `"state": "held"`) {
		t.Errorf("no breaker tripped: %s", held)
	}
}
