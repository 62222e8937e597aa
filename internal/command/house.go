package command

import (
	"errors"
	"fmt"

	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/schedule"
	"winnow/store"
)

// house is what most commands work with: the config and the open store.
type house struct {
	config *config.Config
	store  *store.Store
}

// load reads the config. Secrets are only demanded by who opens a door.
func (c *call) load(secrets bool) (*config.Config, error) {
	return config.Load(c.config, configOptions(secrets))
}

func configOptions(secrets bool) config.Options {
	return config.Options{CheckSchedule: schedule.Check, Secrets: secrets}
}

func isProblems(err error) bool {
	var p *config.Problems
	return errors.As(err, &p)
}

// enter reads the config and opens its store.
func (c *call) enter(open func(string) (*store.Store, error)) (*house, error) {
	cfg, err := c.load(false)
	if err != nil {
		return nil, err
	}
	s, err := open(cfg.Store)
	if err != nil {
		return nil, err
	}
	return &house{cfg, s}, nil
}

func (h *house) close() error { return h.store.Close() }

// look is with for commands that only look: a config that is broken now keeps
// nobody from asking why, under the last good one that the store keeps.
func (c *call) look(do func(h *house) error) error {
	cfg, err := c.load(false)
	if isProblems(err) {
		broken := err
		if cfg, err = lastGood(c.config, broken); err == nil {
			fmt.Fprintf(c.Stderr, "winnow: %s is broken, winnow check tells how: this is under the last good config, policy %s\n", c.config, cfg.Hash)
		}
	}
	if err != nil {
		return err
	}
	s, err := store.OpenExisting(cfg.Store)
	if err != nil {
		return err
	}
	return errors.Join(do(&house{cfg, s}), s.Close())
}

// with enters, runs do, and closes the store.
func (c *call) with(open func(string) (*store.Store, error), do func(h *house) error) error {
	h, err := c.enter(open)
	if err != nil {
		return err
	}
	return errors.Join(do(h), h.close())
}

// readers makes the reader of each source.
func readers(cfg *config.Config) (map[string]*provider.Reader, error) {
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

// warnings are what a config asks for and this release does not do yet.
func warnings(cfg *config.Config) []string {
	var list []string
	for _, e := range cfg.Exports {
		if e.Delta != nil {
			list = append(list, fmt.Sprintf("export %q: delta is not written yet, its segments are written whole", e.Name))
		}
		if e.Guard.MaxChange != nil || e.Guard.MinRows != nil {
			list = append(list, fmt.Sprintf("export %q: guard does not hold runs back yet", e.Name))
		}
	}
	return list
}

func (c *call) warn(cfg *config.Config) {
	for _, w := range warnings(cfg) {
		fmt.Fprintf(c.Stderr, "winnow: %s: warning: %s\n", cfg.Path, w)
	}
}
