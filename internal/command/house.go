package command

import (
	"errors"
	"fmt"
	"time"

	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/lint"
	"winnow/internal/schedule"
	"winnow/internal/yamldoc"
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
	o := config.Options{CheckSchedule: schedule.Check}
	if secrets {
		o.Secrets = config.SecretsRequired
	}
	return o
}

// lintOf is the warnings about a config as of a time: whether a schedule falls
// into a night when the clock moves depends on the year.
func lintOf(cfg *config.Config, now func() time.Time) []yamldoc.Problem {
	return lint.Check(cfg, func(text string, zone *time.Location) []string { return schedule.Warn(text, zone, now()) })
}

func isProblems(err error) bool {
	var p *yamldoc.Problems
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
	if err := agree(cfg, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &house{cfg, s}, nil
}

// agree is an error when the config would find none of the store's contacts.
func agree(cfg *config.Config, s *store.Store) error {
	err := s.AgreeOnKeys(cfg.Keys)
	if errors.Is(err, store.ErrOtherKeys) {
		is, was := "text", "phone"
		if cfg.Keys.Phone {
			is, was = was, is
		}
		err = fmt.Errorf("contacts.key is %s in %s, and the contacts of %s are told apart by %s: none would be found, and no suppression would hold; write key: %[4]s, or begin a new store",
			is, cfg.Path, cfg.Store, was)
	}
	return err
}

func (h *house) close() error { return h.store.Close() }

// look is under for commands that only look: at a store that is there.
func (c *call) look(do func(h *house) error) error { return c.under(store.OpenExisting, do) }

// under is with for commands that must not wait for the config: one that is
// broken now keeps nobody from asking why, or from telling something by hand,
// under the last good one that the store keeps.
func (c *call) under(open func(string) (*store.Store, error), do func(h *house) error) error {
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
	s, err := open(cfg.Store)
	if err != nil {
		return err
	}
	if err = agree(cfg, s); err == nil {
		err = do(&house{cfg, s})
	}
	return errors.Join(err, s.Close())
}

// inForce is the config that a daemon put in force last, as the store keeps it,
// or, when none ever did, the one that judged last; nil when there is none. The
// error tells that it can't be read any more.
func (h *house) inForce() (*config.Config, error) {
	hash, text, err := h.store.LastPolicy()
	switch {
	case err != nil || text == "":
		return nil, err
	case hash == h.config.Hash:
		return h.config, nil
	}
	cfg, err := config.Parse(h.config.Path, []byte(text), configOptions(false))
	if err != nil {
		return nil, fmt.Errorf("the config in force, policy %s, can't be read by this winnow: %w", hash, err)
	}
	return cfg, nil
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

// warnings are what a config hardly means, a line each.
func warnings(cfg *config.Config) []string {
	var list []string
	for _, w := range lintOf(cfg, time.Now) {
		list = append(list, w.Sentence())
	}
	return list
}
