package pages

import (
	"crypto/rand"
	"log/slog"
)

// Routes returns the pages and what their forms do.
func Routes(c Config) []Route {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &server{Config: c, notices: notices{made: map[string]sessionNotice{}, name: rand.Text}, turns: newTurns(c.Busy)}
	page := func(path string, h Handler) Route { return Route{Path: path, Handle: s.shown(s.inTurn(h))} }
	download := func(path string, h Handler) Route { return Route{Path: path, Handle: s.shown(h)} }
	act := func(path string, do action) Route { return Route{Path: path, Act: true, Handle: s.act(do)} }
	return []Route{
		page("/", s.showOverview),
		page("/contacts", s.showContacts),
		act("/contacts/allow", s.allow),
		act("/contacts/suppress", s.suppress),
		page("/journal", s.showJournal),
		act("/journal/undo", s.undo),
		page("/journal/{n}", s.showJournalEntry),
		page("/segments", s.showSegments),
		download("/segments/{name}.csv", s.downloadSegment("csv")),
		download("/segments/{name}.json", s.downloadSegment("json")),
		page("/segments/{name}", s.showSegment),
		page("/runs", s.showRuns),
		act("/runs/release", s.releaseRun),
		act("/runs/make", s.makeRun),
		page("/runs/{export}", s.showExport),
		page("/runs/{export}/{run}", s.showRun),
		download("/runs/{export}/{run}/files/{file}", s.downloadFile),
		page("/surges", s.showSurges),
		act("/surges/release", s.releaseSurge),
		act("/surges/discard", s.discardSurge),
		page("/surges/{id}", s.showSurge),
		page("/rules", s.showRules),
		page("/rules/policies", s.showPolicies),
		page("/rules/policies/{hash}", s.showPolicy),
		page("/rules/diff", s.showDiff),
		page("/rules/check", s.showCheck),
		{Path: "/rules/check/pasted", Act: true, MaxForm: maxPastedForm, Handle: s.act(s.check)},
		page("/rules/check/{id}", s.showChecked),
		page("/quarantine", s.showQuarantine),
		act("/quarantine/retry", s.retryQuarantine),
	}
}
