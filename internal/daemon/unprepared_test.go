package daemon

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/status"
)

func TestADaemonThatCanNotJoinAllKeysAtStartSaysSo(t *testing.T) {
	path := apptest.Config(t, t.TempDir(), "1h")
	a, err := app.Open(app.Options{Path: path, Access: app.Creates})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Bounce(t, a.Store, 1, "ann")
	lock := app.StoreLock(a.Store)
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	apptest.Edit(t, path, "hygiene:", "contacts: {fold: true}\nhygiene:")
	var log bytes.Buffer
	d := testDaemonAt(t, path, slog.New(slog.NewTextHandler(&log, nil)))
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	const says = "Not all contacts of the store are prepared"
	if text := log.String(); !strings.Contains(text, says) || !strings.Contains(text, "another process is at work on the store") {
		t.Errorf("the log has\n%s", text)
	}
	shown := func() (page, command string, field bool) {
		st, err := status.Collect(d.current.Load(), d.store, hygiene.InstantOf(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		status.Print(&text, st, hygiene.InstantOf(time.Now()))
		return alerts(pageOf(t, d)), text.String(), st.Unprepared
	}
	if page, command, field := shown(); !strings.Contains(page, says) || !strings.Contains(command, says) || !field {
		t.Errorf("the page says\n%s\nwinnow status\n%s\nand %v in JSON", page, command, field)
	}
	ops := &app.Operations{Config: d.current.Load(), Store: d.store}
	if _, err := ops.Sweep(t.Context(), hygiene.InstantOf(time.Now())); err != nil {
		t.Fatal(err)
	}
	if page, command, field := shown(); strings.Contains(page+command, says) || field {
		t.Errorf("after a sweep the page says\n%s\nwinnow status\n%s", page, command)
	}
	if err := a.Store.Close(); err != nil {
		t.Error(err)
	}
}
