package app

import (
	"crypto/x509"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/hygiene/ruletest"
	"winnow/internal/config"
	"winnow/internal/schedule"
	"winnow/segments"
	"winnow/store"
)

// Readers makes the reader of each source, by the source's name. The store, which may be
// nil, knows contacts whose keys no new one could have.
func Readers(cfg *config.Config, s *store.Store) (map[string]*provider.Reader, error) {
	readers := map[string]*provider.Reader{}
	var known func(key string) bool
	if s != nil {
		known = s.HasKey
	}
	for i := range cfg.Sources {
		source := &cfg.Sources[i]
		r, err := cfg.Reader(source, known)
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", source.Name, err)
		}
		readers[source.Name] = r
	}
	return readers, nil
}

// Accounts makes what verifies the callbacks of each source that has something to verify
// them with, by the source's name. certificate is that of [signature.Keys].
func Accounts(cfg *config.Config, certificate func(url string) *x509.Certificate) (map[string]*signature.Account, error) {
	accounts := map[string]*signature.Account{}
	for i := range cfg.Sources {
		source := &cfg.Sources[i]
		a, err := cfg.Account(source, certificate)
		if err != nil {
			return nil, fmt.Errorf("source %s: signature: %w", source.Name, err)
		}
		if a != nil {
			accounts[source.Name] = a
		}
	}
	return accounts, nil
}

// Args reads what senders attached to messages as the sources of a config have it.
func Args(cfg *config.Config) (store.Args, error) {
	readers, err := Readers(cfg, nil)
	if err != nil {
		return nil, err
	}
	for i := range cfg.Sources {
		if cfg.Sources[i].Format.Sender() == insiders {
			delete(readers, cfg.Sources[i].Name)
		}
	}
	return func(source string, body []byte) ([]byte, bool) {
		r := readers[source]
		if r == nil {
			return nil, false
		}
		return r.Args(body), true
	}, nil
}

// insiders is where Insider has what the sender attached.
const insiders = "uniqueArgs"

// Jobs returns the jobs of a config with their schedules. The caller sets Run.
func Jobs(cfg *config.Config) ([]schedule.Job, error) {
	sweep, err := schedule.Parse(cfg.Sweep, cfg.Timezone)
	if err != nil {
		return nil, err
	}
	review, err := schedule.Parse(cfg.Review, cfg.Timezone)
	if err != nil {
		return nil, err
	}
	jobs := []schedule.Job{
		{Kind: schedule.Sweep, Name: "sweep", Schedule: sweep},
		{Kind: schedule.Review, Name: "review", Schedule: review, CatchUp: true},
	}
	for _, e := range cfg.Exports {
		s, err := schedule.Parse(e.Schedule, cfg.Timezone)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, schedule.Job{Kind: schedule.Export, Name: e.Name, Schedule: s, CatchUp: true})
	}
	if cfg.Backup != nil {
		s, err := schedule.Parse(cfg.Backup.Schedule, cfg.Timezone)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, schedule.Job{Kind: schedule.Backup, Name: "backup", Schedule: s, CatchUp: true})
	}
	return jobs, nil
}

// RuleTests returns a runner of rule tests for the config.
func RuleTests(cfg *config.Config) (*ruletest.Runner, error) {
	readers, err := Readers(cfg, nil)
	if err != nil {
		return nil, err
	}
	b := &ruletest.Runner{Policy: cfg.Policy}
	b.Membership = func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) (bool, error) {
		return membership(cfg.Segments, c, lists, at).In(segment)
	}
	b.ExplainMembership = func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) hygiene.Phrase {
		f, err := membership(cfg.Segments, c, lists, at).Explain(segment)
		if err != nil {
			return hygiene.Phrase{err.Error()}
		}
		return f.Why
	}
	for _, s := range cfg.Sources {
		b.Sources = append(b.Sources, ruletest.Source{Name: s.Name, Reader: readers[s.Name], Lines: readers[s.Name].Lines()})
	}
	return b, nil
}

// testLists are the static lists that the contact of a rule test is on.
type testLists []string

// InList implements [segments.Lists].
func (l testLists) InList(list, _ string) (bool, error) { return slices.Contains(l, list), nil }

// PinsOf implements [segments.Lists]: a rule test asks what the rules decide,
// which no pin changes.
func (l testLists) PinsOf(string) ([]segments.Pin, error) { return nil, nil }

// membership evaluates segments for the contact of a rule test.
func membership(all []segments.Segment, c *hygiene.Contact, lists []string, at hygiene.Instant) *segments.Membership {
	m := segments.NewMembership(all, testLists(lists), at)
	m.Reset(c)
	return m
}
