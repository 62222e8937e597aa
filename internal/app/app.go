// Package app opens the config and its store, and does to the store what jobs do
// on a schedule and people do manually: sweep, review, and acts on many contacts.
//
// Whoever sweeps, reviews, makes a run or acts in bulk holds the store lock: a run
// reads one snapshot, and what is overwritten meanwhile would pile up behind it.
// [Operations.Exclusive] is the one place that takes it.
//
// How a config is found when the file is broken is decided in [Open]. A new act on
// contacts is one method of [Operations].
package app

import (
	"errors"
	"fmt"
	"time"

	"winnow/internal/config"
	"winnow/store"
)

// App is a config with its open store.
type App struct {
	Config *config.Config
	Store  *store.Store
	// Broken is what is wrong with the config file when Config is the last good one
	// instead.
	Broken error
}

// Fallback says when the last good config, which the store keeps, takes the place
// of the file.
type Fallback int

// The fallbacks. A command that changes who is texted on purpose demands the file;
// one that only reads, or that records what an operator decided, must not wait for
// somebody to mend it; and the daemon goes on whatever the file says.
const (
	Never        Fallback = iota // the file must be right
	WhenBroken                   // the file has problems
	WhenUnusable                 // also when the file would find none of the store's contacts
)

// Options say how to read a config, and how to open its store.
type Options struct {
	Path    string                      // of the config file
	Now     func() time.Time            // nil: time.Now
	Env     func(string) (string, bool) // looks up a variable of the environment; nil: the process's own
	Secrets config.Secrets              // which of the config's secrets must be there
	Adjust  func(*config.Config)        // changes a config that was read; nil changes nothing

	Create   bool // make the store when it is not there
	Fallback Fallback
}

// Open reads the config and opens its store. The caller closes it.
func Open(o Options) (*App, error) {
	cfg, err := o.Load()
	if err == nil {
		s, err := o.openStore(cfg.Store)
		if err != nil {
			return nil, err
		}
		a := &App{Config: cfg, Store: s}
		mismatch := CheckKeys(cfg, s)
		if mismatch == nil {
			return a, nil
		}
		if o.Fallback == WhenUnusable && a.fallBack(o, mismatch) {
			return a, nil
		}
		return nil, errors.Join(mismatch, s.Close())
	}
	if o.Fallback == Never || !IsProblems(err) {
		return nil, err
	}
	s, storeErr := store.OpenExisting(config.FindStore(o.Path))
	if storeErr != nil {
		return nil, err
	}
	a := &App{Store: s}
	if a.fallBack(o, err) {
		return a, nil
	}
	return nil, errors.Join(err, s.Close())
}

func (o Options) openStore(path string) (*store.Store, error) {
	if o.Create {
		return store.Open(path)
	}
	return store.OpenExisting(path)
}

// fallBack takes the last good config that the store keeps, and reports whether
// there is one that fits.
func (a *App) fallBack(o Options, broken error) bool {
	_, text, err := a.Store.LastPolicy()
	if err != nil || text == "" {
		return false
	}
	options := o.config()
	if options.Secrets == config.SecretsRequired {
		options.Secrets = config.SecretsRequiredToListen
	}
	last, err := o.adjusted(config.Parse(o.Path, []byte(text), options))
	if err != nil || CheckKeys(last, a.Store) != nil {
		return false
	}
	a.Config, a.Broken = last, broken
	return true
}

// Close closes the store.
func (a *App) Close() error { return a.Store.Close() }

// CheckKeys is an error when the config would find none of the store's contacts.
func CheckKeys(cfg *config.Config, s *store.Store) error {
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
