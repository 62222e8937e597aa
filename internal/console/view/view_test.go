package view

import (
	"encoding/json"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
)

// at is an instant that many seconds after midnight of 2026-11-23.
func at(seconds int) hygiene.Instant {
	return hygiene.InstantOf(time.Date(2026, 11, 23, 0, 0, seconds, 0, time.UTC))
}

func ptr[T any](v T) *T { return &v }

var (
	event    = Event{At: at(1), Seq: 2, Outcome: "hard_bounce", Code: json.Number("1400"), MessageID: "m1"}
	textCode = Event{At: at(1), Seq: 2, Outcome: "hard_bounce", Code: "E7", MessageID: "m1"}
	run      = Run{Export: "nightly", Name: "2026-11-23T020000Z", Status: segments.Held, ScheduledAt: at(1), AsOf: at(2), FinishedAt: at(3), ThroughSeq: 4, Policy: "p", Error: "e"}
	export   = Export{Name: "nightly", Schedule: "0 2 * * *", Segments: []string{"staff"}, Formats: []segments.Format{"csv"}, To: []string{"exports"}, LastRun: &run}
)

const (
	eventJSON    = `{"at":"2026-11-23T00:00:01Z","seq":2,"outcome":"hard_bounce","code":1400,"message_id":"m1"}`
	runJSON      = `{"export":"nightly","run":"2026-11-23T020000Z","status":"held","scheduled_at":"2026-11-23T00:00:01Z","as_of":"2026-11-23T00:00:02Z","finished_at":"2026-11-23T00:00:03Z","through_seq":4,"policy":"p","error":"e"}`
	emptyRunJSON = `"export":"","run":"","status":"","scheduled_at":null,"as_of":null,"finished_at":null,"through_seq":0,"policy":"","error":""`
	exportJSON   = `"name":"nightly","schedule":"0 2 * * *","segments":["staff"],"formats":["csv"],"to":["exports"],"last_run":` + runJSON
)

// TestTheJSONOfEachViewIsThis pins names and order of the members, those that are
// left out, and how absent values are written.
func TestTheJSONOfEachViewIsThis(t *testing.T) {
	for _, c := range []struct {
		view any
		want string
	}{
		{event, eventJSON},
		{textCode, `{"at":"2026-11-23T00:00:01Z","seq":2,"outcome":"hard_bounce","code":"E7","message_id":"m1"}`},
		{Event{}, `{"at":null,"seq":0,"outcome":"","message_id":""}`},
		{Suppression{Reason: "r", Since: at(1), Until: ptr(at(2)), Rule: "u", By: "b", Note: "n", Evidence: []int64{1, 2}, Hand: "rule", Policy: "p", Held: 3, Why: "w", Events: []Event{event}, Summary: "never written"},
			`{"reason":"r","since":"2026-11-23T00:00:01Z","until":"2026-11-23T00:00:02Z","rule":"u","by":"b","note":"n","evidence":[1,2],"hand":"rule","policy":"p","held":3,"why":"w","events":[` + eventJSON + `]}`},
		{Suppression{Reason: "r", Since: at(1), By: "number", Number: "+90", From: "c", Hand: "rule", Why: "w", Whose: "never written"},
			`{"reason":"r","since":"2026-11-23T00:00:01Z","by":"number","number":"+90","from":"c","hand":"rule","why":"w"}`},
		{Suppression{}, `{"reason":"","since":null,"hand":"","why":""}`},
		{Retry{DueAt: at(1), Attempt: 2, MessageID: "m", Attempts: 3, LapsesAt: at(4), Rule: "u", Bounce: &event},
			`{"due_at":"2026-11-23T00:00:01Z","attempt":2,"message_id":"m","attempts":3,"lapses_at":"2026-11-23T00:00:04Z","rule":"u","bounce":` + eventJSON + `}`},
		{Retry{}, `{"due_at":null,"attempt":0,"lapses_at":null,"rule":""}`},
		{Pin{Segment: "s", Pin: "in", At: at(1), By: "b", Note: "n", Acts: true, Why: "w"},
			`{"segment":"s","pin":"in","at":"2026-11-23T00:00:01Z","by":"b","note":"n","acts":true,"why":"w"}`},
		{Pin{}, `{"segment":"","pin":"","at":null,"by":"","acts":false}`},
		{OutcomeHistory{Count: 16, More: true, FirstAt: at(1), LastAt: at(2)}, `{"count":16,"more":true,"first_at":"2026-11-23T00:00:01Z","last_at":"2026-11-23T00:00:02Z"}`},
		{OutcomeHistory{}, `{"count":0,"first_at":null,"last_at":null}`},
		{Explanation{Contact: "c", Phone: "+90", Status: "active", AsOf: at(1), Why: "w", Suppressions: []Suppression{{}}, Retry: &Retry{}, Tags: []string{"t"}, Lists: []string{"l"},
			Pins: []Pin{{}}, History: map[string]OutcomeHistory{"sent": {}}, Segments: map[string]bool{"s": true}, Conditions: map[string]hygiene.Finding{"s": {Test: "x", Holds: true}}, Timeline: []Event{event}},
			`{"contact":"c","phone":"+90","status":"active","as_of":"2026-11-23T00:00:01Z","why":"w","suppressions":[{"reason":"","since":null,"hand":"","why":""}],` +
				`"retry":{"due_at":null,"attempt":0,"lapses_at":null,"rule":""},"tags":["t"],"lists":["l"],"pins":[{"segment":"","pin":"","at":null,"by":"","acts":false}],` +
				`"history":{"sent":{"count":0,"first_at":null,"last_at":null}},"segments":{"s":true},"conditions":{"s":{"test":"x","holds":true}},"timeline":[` + eventJSON + `]}`},
		{Explanation{}, `{"status":"","as_of":null,"why":""}`},
		{Sendable{Contact: "c", Status: "suppressed", Sendable: true, Reasons: []string{"r"}}, `{"contact":"c","status":"suppressed","sendable":true,"reasons":["r"]}`},
		{Sendable{Contact: "+90 5", Phone: "+905", Status: "active", Sendable: true, Nearly: "n"}, `{"contact":"+90 5","phone":"+905","status":"active","sendable":true,"reasons":null,"nearly":"n"}`},
		{StillSuppressed{Contact: "c", Number: "+90", From: "d", Reason: "r", MustBeNamed: true, Command: "x"}, `{"contact":"c","number":"+90","from":"d","reason":"r","must_be_named":true,"command":"x"}`},
		{Sendable{}, `{"contact":"","status":"","sendable":false,"reasons":null}`},
		{run, runJSON},
		{Run{}, `{` + emptyRunJSON + `}`},
		{Released{Run: run, Discarded: []string{"nightly/x"}}, runJSON[:len(runJSON)-1] + `,"discarded":["nightly/x"]}`},
		{Released{}, `{` + emptyRunJSON + `,"discarded":null}`},
		{Segment{Name: "s", Where: "w", List: "l", Suppressed: "only", Columns: []string{"contact"}}, `{"name":"s","where":"w","list":"l","suppressed":"only","columns":["contact"]}`},
		{Segment{}, `{"name":"","suppressed":"","columns":null}`},
		{export, `{` + exportJSON + `}`},
		{Export{}, `{"name":"","schedule":"","segments":null,"formats":null,"to":null}`},
		{ExportRuns{Export: export, Runs: []Run{run}}, `{` + exportJSON + `,"runs":[` + runJSON + `]}`},
		{ExportRuns{}, `{"name":"","schedule":"","segments":null,"formats":null,"to":null,"runs":null}`},
		{Status{Totals: Totals{Events: 1, LastSeq: 2, Repeats: 3, Quarantined: 4, Unmatched: 5, Contacts: 6, Statuses: map[string]int64{"active": 6}, Sweep: SweepProgress{Cursor: 7, Lag: 8}}, Breaker: 9, Policy: "p",
			Runs: []Run{run}, LockHolder: &LockHolder{Process: 10, Since: at(11)}, HeldRuns: []string{"nightly/x"},
			Deliveries: []Delivery{{Export: "nightly", Run: "x", PublishedAt: at(1), Remote: "sftp://crm", Status: "waiting", Tries: 2, NextAt: at(3), DeliveredAt: at(4), Error: "e"}, {}}},
			`{"events":1,"last_seq":2,"repeats":3,"quarantined":4,"unmatched":5,"contacts":6,"statuses":{"active":6},"sweep":{"cursor":7,"lag":8},"breaker":9,"policy":"p","runs":[` + runJSON + `],` +
				`"taken":{"process":10,"since":"2026-11-23T00:00:11Z"},"held_runs":["nightly/x"],"deliveries":[{"export":"nightly","run":"x","published_at":"2026-11-23T00:00:01Z","to":"sftp://crm","status":"waiting",` +
				`"tries":2,"next_at":"2026-11-23T00:00:03Z","delivered_at":"2026-11-23T00:00:04Z","error":"e"},{"export":"","run":"","published_at":null,"to":"","status":"","tries":0}]}`},
		{Status{}, `{"events":0,"last_seq":0,"repeats":0,"quarantined":0,"unmatched":0,"contacts":0,"statuses":null,"sweep":{"cursor":0,"lag":0},"policy":"","runs":null}`},
		{Registered{New: 1, Known: 2, Matched: 3, Conflict: 4, Reject: 5, Conflicts: []Conflict{{Line: 6, MessageID: "m"}}, Rejected: []Rejected{{Line: 7, Error: "e"}}},
			`{"new":1,"known":2,"matched":3,"conflict":4,"reject":5,"conflicts":[{"line":6,"message_id":"m"}],"rejected":[{"line":7,"error":"e"}]}`},
		{Registered{}, `{"new":0,"known":0,"matched":0,"conflict":0,"reject":0,"conflicts":null,"rejected":null}`},
	} {
		got, err := json.Marshal(c.view)
		if err != nil || string(got) != c.want {
			t.Errorf("%T is written as\n%s, %v\nwant\n%s", c.view, got, err, c.want)
		}
	}
}
