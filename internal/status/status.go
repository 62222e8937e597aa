// Package status collects the state of the whole store for `winnow status` and the
// API: events, contacts by status, how far the sweep is, the last runs, and what
// waits for a person.
//
// A new figure is a field of [view.Status], a line in [Collect] and a row in [Print];
// one that is also on the page or a metric is a field of [view.Totals] and a line in
// [Totals].
package status

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/exports"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
	"winnow/store/retention"
	"winnow/store/runs"
)

// maxPlaceholders is how many contacts are named whose keys are placeholders.
const maxPlaceholders = 10

// Collect reads the state of the store.
func Collect(cfg *config.Config, s *store.Store, now hygiene.Instant) (*view.Status, error) {
	t, err := s.Totals()
	if err != nil {
		return nil, err
	}
	summaries, err := s.BreakerSummaries()
	if err != nil {
		return nil, err
	}
	waiting, told := int64(0), int64(0)
	for _, of := range summaries {
		waiting += of.Waiting
		if of.Told.IsNews(now) {
			told++
		}
	}
	names, err := heldRunNames(cfg, s)
	if err != nil {
		return nil, err
	}
	held, err := exports.HeldExports(cfg, s)
	if err != nil {
		return nil, err
	}
	deliveries, err := exports.UndeliveredRuns(cfg, s)
	if err != nil {
		return nil, err
	}
	runs, err := s.Runs()
	if runs == nil {
		runs = []segments.Run{}
	}
	policy, policyErr := s.PolicyInForce()
	filePolicy := cfg.Hash
	if policy == "" || policy == filePolicy {
		policy, filePolicy = cfg.Hash, ""
	}
	placeholders, keysErr := s.Keys(cfg.Keys).Placeholders(maxPlaceholders)
	prepared, preparedErr := app.IsPrepared(cfg, s)
	erasures, erasuresErr := s.Erasures()
	err = errors.Join(err, policyErr, keysErr, preparedErr, erasuresErr)
	var joined *view.JoinedKeys
	if t.JoinedKeys > 0 {
		joined = &view.JoinedKeys{Contacts: t.JoinedKeys, Batch: t.JoinedBatch}
	}
	st := &view.Status{
		Unprepared: preparedErr == nil && !prepared, JoinedKeys: joined, Erasures: int64(len(erasures)), RenamedReasons: t.Renamed, PlaceholderContacts: placeholders,
		Totals: Totals(t), ClockBehind: int64((t.ClockBehind(now) + time.Second - 1) / time.Second), Breaker: waiting, Told: told, Policy: policy, FilePolicy: filePolicy, Runs: runs, LockHolder: longLockHolder(s), LogWriter: logWriter(s), HeldRuns: names, Held: held, Deliveries: deliveries,
	}
	return st, errors.Join(err, addSources(st, cfg, s, now), addProcesses(st, s))
}

// Totals are the store's totals for people and programs.
func Totals(t store.Totals) view.Totals {
	return view.Totals{
		Retention: retained(&t.Retention),
		Events:    t.Events, LastSeq: t.LastSeq, Repeats: t.Repeats, Quarantined: t.Quarantined, Unmatched: t.Unmatched, LongArgs: t.LongArgs, Late: t.Late, Conflicts: t.Conflicts,
		Contacts: t.Contacts, Aliases: t.Aliases, Statuses: t.Statuses, CountedAt: t.CountedAt, Sweep: view.SweepProgress{Cursor: t.Cursor, Lag: t.Lag}, BackedUp: t.BackedUp,
		Silent: app.Silent(&t.Silence, 0, t.Silence.At+1),
	}
}

// UnpreparedAlert is about contacts that a new version, or contacts.fold, has not gone
// through yet, see [app.IsPrepared].
var UnpreparedAlert = view.Alert{Command: "winnow sweep",
	Title: "Not all contacts of the store are prepared for this version and config.",
	Why:   "Contacts whose keys are one now may still be two, and what suppresses one does not suppress the other; the next sweep does the rest."}

// retained is what retention did; nil for nothing yet.
func retained(f *retention.Facts) *view.Retention {
	if f.EndedAt == 0 && len(f.Pruned) == 0 {
		return nil
	}
	r := &view.Retention{EndedAt: f.EndedAt, Oldest: f.Oldest, Pruned: []view.Pruned{}}
	for _, p := range f.Pruned {
		r.Pruned = append(r.Pruned, view.Pruned{Kind: string(p.Kind), Source: p.Source, N: p.N, Through: p.Through})
	}
	return r
}

// retentionRows say what retention did; none if it never ran.
func retentionRows(r *view.Retention) [][]string {
	if r == nil {
		return nil
	}
	n, ended := r.ByKind(), "is under way"
	if r.EndedAt != 0 {
		ended = "ran at " + r.EndedAt.String()
	}
	return [][]string{{"deleted", ui.Number(n["events"]), fmt.Sprintf("events: retention %s; deleted %s bodies, %s unmatched and %s in quarantine; the oldest event is of %s", ended,
		ui.Number(n["bodies"]), ui.Number(n["unmatched"]), ui.Number(n["quarantine"]), r.Oldest)}}
}

// ClockAlert describes a clock that is behind the log, whose last event was received
// then.
func ClockAlert(last hygiene.Instant) view.Alert {
	return view.Alert{Title: fmt.Sprintf("The clock is behind the log, whose last event was received at %s.", last.Time().Format(time.RFC3339)), Why: strings.ToUpper(app.ClockAdvice[:1]) + app.ClockAdvice[1:] + "."}
}

// heldRunNames returns the runs waiting for a release, as EXPORT/RUN.
func heldRunNames(cfg *config.Config, s *store.Store) (names []string, err error) {
	for _, e := range cfg.Exports {
		held, runsErr := s.RunsOf(e.Name, runs.AllRuns, segments.Held)
		names, err = append(names, exports.RunNames(held)...), errors.Join(err, runsErr)
	}
	return names, err
}

// backupRows is the row of the last backup, if there was one.
func backupRows(s *view.Status, now hygiene.Instant) [][]string {
	if s.BackedUp == 0 {
		return nil
	}
	return [][]string{{"backup", s.BackedUp.String(), ui.Ago(now.Sub(s.BackedUp))}}
}

// lateRows is the row of events that came after their person was forgotten.
func lateRows(n int64) [][]string {
	if n == 0 {
		return nil
	}
	return [][]string{{"late", ui.Number(n), "events about messages to persons who were forgotten: they were erased"}}
}

// receiverRows say of each receiver whether its log is here.
func receiverRows(list []view.Receiver) (rows [][]string) {
	for _, r := range list {
		text := ui.CountVerb(r.Lag, "line", "waits", "wait") + " to be pulled"
		if r.Error != "" {
			text = "its log can't be pulled, and what it received waits there: " + r.Error
		}
		rows = append(rows, []string{"receiver", ui.Printable(r.URL), text})
	}
	return rows
}

// Print prints the status for people, with what to do about what waits for them.
func Print(w io.Writer, s *view.Status, now hygiene.Instant) {
	rows := [][]string{
		{"events", ui.Number(s.Events), fmt.Sprintf("%s repeats, %s unmatched, %s bodies in quarantine", ui.Number(s.Repeats), ui.Number(s.Unmatched), ui.Number(s.Quarantined))},
		{"swept", ui.Number(s.Sweep.Cursor), fmt.Sprintf("%s waiting", ui.Number(s.Sweep.Lag))},
		{"contacts", ui.Number(s.Contacts), "as of the last sweep"},
	}
	for _, name := range hygiene.StatusNames() {
		rows = append(rows, []string{"  " + name, ui.Number(s.Statuses[name])})
	}
	if s.Aliases > 0 {
		rows = append(rows, []string{"aliases", ui.Number(s.Aliases), "keys that were merged into other contacts"})
	}
	rows = append(rows, backupRows(s, now)...)
	if s.Breaker > 0 {
		rows = append(rows, []string{"breaker", ui.Number(s.Breaker), "tripped and waiting for review: winnow breaker lists them"})
	}
	if n := s.ContactConflicts(); n > 0 {
		rows = append(rows, []string{"conflicts", ui.Number(n), "messages have another contact in the body than in the send log: winnow unmatched --conflicts lists them"})
	}
	if s.LongArgs > 0 {
		rows = append(rows, []string{"unique_args", ui.Number(s.LongArgs), "of retries over 8 KiB, so exports leave them out: attach less to a message"})
	}
	rows = slices.Concat(rows, lateRows(s.Late), retentionRows(s.Retention), silentRows(s.Silent, now), quietRows(s), receiverRows(s.Receivers))
	if s.Erasures > 0 {
		rows = append(rows, []string{"to forget", ui.Number(s.Erasures), "contacts or numbers of which something is left: the next sweep erases it, or says what is in the way; now: winnow sweep"})
	}
	if s.JoinedKeys != nil {
		rows = append(rows, []string{"merged", ui.Number(s.JoinedKeys.Contacts), fmt.Sprintf("contacts whose keys are read otherwise now: winnow undo --batch %d shows what undoing it would change", s.JoinedKeys.Batch)})
	}
	if s.RenamedReasons > 0 {
		rows = append(rows, []string{"renamed", ui.Number(s.RenamedReasons), "contacts that were suppressed for words like unsubscribed or spam are so for opted_out or complaint"})
	}
	if s.Told > 0 {
		rows = append(rows, []string{"surges", ui.Number(s.Told), "reported within a day, and not held: winnow breaker shows them"})
	}
	rows = append(rows, processRow(s.Processes)...)
	policy := []string{"policy", s.Policy}
	if s.FilePolicy != "" {
		policy = append(policy, "in force in the daemon; the config file has "+s.FilePolicy+": see the daemon's log, or start it")
	}
	ui.Table(w, append(rows, policy))
	if len(s.PlaceholderContacts) > 0 {
		fmt.Fprintf(w, "contacts have placeholders as keys, which are nobody's in callbacks and imports: %s; commands still take them\n",
			ui.Printable(strings.Join(s.PlaceholderContacts, ", ")))
	}
	if s.Unprepared {
		printAlert(w, UnpreparedAlert, "Now: ")
	}
	if s.ClockBehind > 0 {
		printAlert(w, ClockAlert(now.Add(time.Duration(s.ClockBehind)*time.Second)), "")
	}
	if s.LockHolder != nil {
		printAlert(w, LockAlert(*s.LockHolder), "")
	}
	if s.LogWriter != nil {
		fmt.Fprintln(w, describeLogWriter(*s.LogWriter))
	}
	for _, h := range s.Held {
		fmt.Fprintln(w, exports.HeldLine(h, now))
	}
	if len(s.Held) > 0 && s.Breaker > 0 {
		fmt.Fprintln(w, "a breaker holds verdicts of these days: look at winnow breaker first")
	}
	for _, t := range exports.DeliveryAlerts(s.Deliveries, now) {
		printAlert(w, t, "Now: ")
	}
	printRuns(w, s.Runs)
}

// printAlert prints an alert in one line, with its command if it has one.
func printAlert(w io.Writer, a view.Alert, before string) {
	text := a.Text()
	if a.Command != "" {
		text += " " + before + a.Command
	}
	fmt.Fprintln(w, text)
}

// printRuns prints the last run of each export.
func printRuns(w io.Writer, runs []view.Run) {
	if len(runs) == 0 {
		return
	}
	rows := [][]string{{"LAST RUN", "STATUS", "AS OF", "FINISHED", ""}}
	for _, r := range runs {
		note := r.Error
		if r.NextTryAt != 0 {
			note = fmt.Sprintf("a daemon tries it again at %s: %s", r.NextTryAt, r.Error)
		}
		rows = append(rows, []string{r.Export + "/" + r.Name, string(r.Status), r.AsOf.String(), r.FinishedAt.String(), note})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}
