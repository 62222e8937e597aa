package app

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/lint"
	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/internal/yamldoc"
	"winnow/segments"
	"winnow/store"
)

// Load reads the config file alone.
func (o Options) Load() (*config.Config, error) { return o.adjusted(config.Load(o.Path, o.config())) }

func (o Options) adjusted(cfg *config.Config, err error) (*config.Config, error) {
	if err == nil && o.Adjust != nil {
		o.Adjust(cfg)
	}
	return cfg, err
}

// config is how a config is read.
func (o Options) config() config.Options {
	return config.Options{Env: o.Env, CheckSchedule: schedule.Check, Secrets: o.Secrets}
}

// Warnings are what is probably not meant in a config, as of a time: whether a
// schedule falls into a night when the clock moves depends on the year.
func Warnings(cfg *config.Config, now time.Time) []yamldoc.Problem {
	return lint.Check(cfg, func(text string, zone *time.Location) []string { return schedule.Warn(text, zone, now) })
}

// IsProblems reports whether the error is of a config file with problems.
func IsProblems(err error) bool {
	var p *yamldoc.Problems
	return errors.As(err, &p)
}

// LastGood is the config that the store keeps as the last good one, for a command
// that needs no store; without one, the error of the file.
func LastGood(path string, broken error) (*config.Config, error) {
	a, err := Open(Options{Path: path, Fallback: WhenBroken})
	if err != nil {
		return nil, broken
	}
	return a.Config, a.Close()
}

// InForce is the config that a daemon put in force last, as the store keeps it,
// or, when none ever did, the one that judged last; nil when there is none. A
// config that this version can't read any more is an error for which [IsProblems]
// is true.
func (a *App) InForce() (*config.Config, error) {
	hash, text, err := a.Store.LastPolicy()
	switch {
	case err != nil || text == "":
		return nil, err
	case hash == a.Config.Hash:
		return a.Config, nil
	}
	cfg, err := config.Parse(a.Config.Path, []byte(text), Options{}.config())
	if err != nil {
		return nil, fmt.Errorf("the config in force, policy %s, can't be read by this winnow: %w", hash, err)
	}
	return cfg, nil
}

// Policies are all policies that ever judged; nil when one of them can't be read
// any more.
func (a *App) Policies() ([]*hygiene.Policy, error) {
	var list []*hygiene.Policy
	unreadable := false
	err := a.Store.PoliciesKept(func(text string) error {
		cfg, err := config.Parse(a.Config.Path, []byte(text), Options{}.config())
		if err != nil {
			unreadable = true
			return nil
		}
		list = append(list, cfg.Policy)
		return nil
	})
	if unreadable {
		return nil, err
	}
	return list, err
}

// Readers makes the reader of each source.
func Readers(cfg *config.Config) (map[string]*provider.Reader, error) {
	byName := map[string]*provider.Reader{}
	for _, s := range cfg.Sources {
		r, err := provider.New(provider.Config{Source: s.Name, Preset: s.Preset, Contact: s.Contact, Outcomes: s.Outcomes, Keys: cfg.Keys})
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		byName[s.Name] = r
	}
	return byName, nil
}

// Jobs are the jobs of a config, without what they do.
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
		{Kind: schedule.Review, Name: "review", Schedule: review, MakeUp: true},
	}
	for _, e := range cfg.Exports {
		s, err := schedule.Parse(e.Schedule, cfg.Timezone)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, schedule.Job{Kind: schedule.Export, Name: e.Name, Schedule: s, MakeUp: true})
	}
	return jobs, nil
}

// ConfigFlag is the flag that names the config on a command line, when it is not
// the default; with a space before it.
func ConfigFlag(path string) string {
	if path == DefaultPath {
		return ""
	}
	return " -c " + ui.ShellQuote(path)
}

// DefaultPath is where commands look for the config.
const DefaultPath = "winnow.yaml"

// ListsUsed names the static lists that segments ask for.
func ListsUsed(all []segments.Segment) (names []string) {
	for _, s := range all {
		if s.List != "" {
			names = append(names, s.List)
		}
		names = listsIn(names, s.Where)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func listsIn(names []string, where hygiene.Condition) []string {
	switch where := where.(type) {
	case hygiene.ListTest:
		return append(names, string(where))
	case hygiene.Not:
		return listsIn(names, where.Of)
	case hygiene.All:
		for _, part := range where {
			names = listsIn(names, part)
		}
	case hygiene.Any:
		for _, part := range where {
			names = listsIn(names, part)
		}
	}
	return names
}

// EmptyLists are the lists that segments ask for and nobody is on, a sentence
// each: a misspelled name is one of these.
func EmptyLists(cfg *config.Config, s *store.Store) (sentences []string, err error) {
	names, err := s.ListNames()
	for _, name := range slices.DeleteFunc(ListsUsed(cfg.Segments), func(name string) bool { return slices.Contains(names, name) }) {
		sentences = append(sentences, fmt.Sprintf("a segment asks for the list %q, and nobody is on it; %s", name, config.Suggest(name, names)))
	}
	return sentences, err
}
