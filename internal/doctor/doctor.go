// Package doctor looks at everything that winnow needs, and says what is wrong and what to
// do about it. It works beside a daemon and without one, and when the store is damaged: a
// check that can't be made says why, and the others go on. It changes nothing.
//
// Where to change what: a new check is a line in [Examine] and a method in checks.go; what is
// asked of a PostgreSQL server is in server.go.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/location"
	"winnow/store/sqlite"
)

// State is how a check ended.
type State string

// The states. What could not be looked at is not well; what is worth knowing, and may be
// meant so, is a note.
const (
	Well    State = "ok"
	Note    State = "note"
	Wrong   State = "wrong"
	Unknown State = "unknown"
)

// Finding is the result of a check.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Text  string `json:"text"`
}

// examination is what the checks share.
type examination struct {
	ctx    context.Context
	now    time.Time
	cfg    *config.Config // nil if it can't be read
	at     string         // location of the store
	open   *store.Store   // one on a server; nil if that can't be reached
	found  *sqlite.Inspection
	server *engine.ServerState // nil for a store on this host, or if that is unknown
	list   []Finding
}

// Examine makes all checks, for the config at that path.
func Examine(ctx context.Context, path string, now time.Time) []Finding {
	x := &examination{ctx: ctx, now: now, at: config.FindStore(path)}
	cfg, err := app.Options{Path: path, Secrets: config.SecretsRequired, WasInForce: func([]byte) bool { return false }}.Load()
	if err != nil {
		x.wrong("config", "%s has problems: winnow check%s lists them", path, app.ConfigFlag(path))
		if !app.IsProblems(err) {
			x.list[0].Text = err.Error()
		}
	} else {
		x.cfg, x.at = cfg, cfg.Store
		x.well("config", "%s, policy %s", path, cfg.Hash)
	}
	checkStore, checkBackup := x.checkStore, x.checkBackup
	if location.IsServer(x.at) {
		checkStore, checkBackup = x.checkServerStore, x.checkArchiving
	}
	for _, check := range []func(){checkStore, x.checkBacklog, x.checkClock, x.checkLocks, x.checkPermissions, x.checkDisk, checkBackup, x.checkCertificates, x.checkDestinations, x.checkReceivers} {
		check()
	}
	if x.open != nil {
		if err := x.open.Close(); err != nil {
			x.unknown("store", "%v", err)
		}
	}
	return x.list
}

func (x *examination) add(check string, state State, format string, args ...any) {
	x.list = append(x.list, Finding{check, state, fmt.Sprintf(format, args...)})
}

func (x *examination) well(check, format string, args ...any) { x.add(check, Well, format, args...) }

func (x *examination) wrong(check, format string, args ...any) { x.add(check, Wrong, format, args...) }

func (x *examination) unknown(check, format string, args ...any) {
	x.add(check, Unknown, format, args...)
}

// checkStore looks for damage in both files, and at their schema and cursor.
func (x *examination) checkStore() {
	if exists, _ := store.Exists(x.at); !exists {
		x.wrong("store", "there is no store at %s: start winnow serve, mount its disk, or restore a backup", x.at)
		return
	}
	found, err := store.Inspect(x.ctx, x.at)
	if err != nil {
		x.unknown("store", "%v", err)
		return
	}
	advice := ": stop winnow, and restore a backup"
	if found.Newer {
		advice = ""
	}
	for _, text := range found.Problems {
		x.wrong("store", "%s%s", text, advice)
	}
	if len(found.Problems) == 0 {
		x.found = found
		x.well("store", "%s: whole, %s through seq %s, %s", x.at, ui.Count(found.Events, "event"), ui.Number(found.Last), ui.Count(found.Contacts, "contact"))
	}
}

// longBacklog is how many events may wait for a sweep. Tests shorten it.
var longBacklog int64 = 100_000

func (x *examination) checkBacklog() {
	if x.found == nil {
		x.unknown("backlog", "the store could not be read")
		return
	}
	switch lag := max(0, x.found.Last-x.found.Cursor); {
	case lag > longBacklog:
		x.wrong("backlog", "%s wait for a sweep: look whether winnow serve runs, and at its log; winnow sweep does it now", ui.Count(lag, "event"))
	default:
		x.well("backlog", "%s wait for a sweep", ui.Count(lag, "event"))
	}
}

func (x *examination) checkClock() {
	if x.found == nil {
		x.unknown("clock", "the store could not be read")
		return
	}
	if behind := x.found.Received.Sub(hygiene.InstantOf(x.now)); behind > 0 {
		x.wrong("clock", "it is %s behind the log: %s", behind.Round(time.Second), app.ClockAdvice)
		return
	}
	x.well("clock", "not behind the log")
}

// Print prints a line for each finding.
func Print(w io.Writer, list []Finding) {
	var rows [][]string
	for _, f := range list {
		rows = append(rows, []string{string(f.State), f.Check, ui.Printable(f.Text)})
	}
	ui.Table(w, rows)
}

// Err is an error if a check did not end well.
func Err(list []Finding) error {
	n := int64(0)
	for _, f := range list {
		if f.State != Well && f.State != Note {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return errors.New(ui.Count(n, "check") + " did not end well")
}
