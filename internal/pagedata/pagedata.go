// Package pagedata collects what the console's pages show, and does what their forms ask
// for, as the commands of the same names do.
//
// It reads the store, the files of runs and the config in force. What a page shows of a
// running daemon alone, such as jobs, is added by package daemon.
//
// Where to change what: each page has a file of its name; how it looks is in package pages
// of the console.
package pagedata

import (
	"slices"
	"sync"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console/pages"
	"winnow/internal/console/view"
	"winnow/internal/exports"
	"winnow/store"
)

// Source is where pages get what they show.
type Source struct {
	Path       string                // of the config file
	Config     func() *config.Config // in force
	Store      *store.Store
	Operations func() *app.Operations
	Exporter   func() *exports.Exporter
	Passes     Passes
	Next       func(export string) hygiene.Instant              // when its next run is due; 0 for unknown
	Held       func(cfg *config.Config) ([]view.HeldRun, error) // the exports with held runs

	downloads sync.Mutex // held while one is made
}

// Reasons are those that a person may be suppressed for: the protected ones, and those
// that rules give.
func (s *Source) Reasons() pages.Reasons {
	policy := s.Config().Policy
	r := pages.Reasons{Protected: policy.Protected()}
	r.Known = slices.Clone(r.Protected)
	for i := range policy.Rules {
		if act := policy.Rules[i].Then.Suppress; act != nil && !slices.Contains(r.Known, act.Reason) {
			r.Known = append(r.Known, act.Reason)
		}
	}
	return r
}
