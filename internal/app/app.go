// Package app opens the config and its store, and does to the store what jobs do on
// a schedule and people do manually: sweep, review, and changes to many contacts.
//
// A sweep, a review, an export run and every bulk change hold the store lock: a run
// reads one snapshot, and all that is overwritten meanwhile would pile up in the
// write-ahead log. [Operations.Exclusive] is the one place that takes the lock.
//
// Where to change what: which config is used when the file is broken is decided in
// [Open] and lastgood.go; what is derived from a config (jobs, readers of callbacks, rule tests) is in
// derive.go; a new change to contacts is one method of [Operations].
package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"winnow/internal/config"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/store"
)

// App is a config with its open store.
type App struct {
	Config *config.Config
	Store  *store.Store
	// Broken is the error of the config file if Config is the last good config in its
	// place; nil otherwise.
	Broken error
}

// Fallback says when the last good config, which the store keeps, replaces the file.
type Fallback int

// The fallbacks. A command that changes on purpose who is texted needs a valid file. A
// command that only reads, or records what an operator decided, must not wait until
// the file is repaired. The daemon runs whatever the file says.
const (
	Never        Fallback = iota // the file must be valid
	WhenBroken                   // the file has problems
	WhenUnusable                 // also when the file identifies contacts in another way than the store
)

// Options say how to read a config and how to open its store.
type Options struct {
	Path    string                      // of the config file
	Now     func() time.Time            // nil: time.Now
	Env     func(string) (string, bool) // looks up an environment variable; nil: the process's environment
	Secrets config.Secrets              // which secrets that the config names must be readable
	Adjust  func(*config.Config)        // changes a config after it was read; may be nil
	// WasInForce reports whether that text was in force last, see [config.Options]; nil
	// asks the store of the config, if there is one.
	WasInForce func(text []byte) bool

	Create   bool // create the store if it does not exist
	New      bool // create it, or its log, even if something shows that there was one
	LookBack bool // contacts are looked at as of another time than the present
	Fallback Fallback
}

// Open reads the config and opens its store. The caller closes it. The error is one
// for which [IsProblems] is true if the file has problems and there is no fallback.
func Open(o Options) (*App, error) {
	a, err := o.open()
	if err == nil && !o.LookBack {
		a.Store.InPresent()
	}
	return a, err
}

func (o Options) open() (*App, error) {
	cfg, err := o.Load()
	if err == nil {
		s, err := o.openStore(cfg)
		if err != nil {
			return nil, err
		}
		a := &App{Config: cfg, Store: s}
		mismatch := CheckKeys(cfg, s)
		if mismatch == nil {
			return a, nil
		}
		if o.Fallback == WhenUnusable && a.useLastGood(o, mismatch) {
			return a, nil
		}
		return nil, errors.Join(mismatch, s.Close())
	}
	if o.Fallback == Never || !IsProblems(err) {
		return nil, err
	}
	s, storeErr := store.OpenExisting(config.FindStorePath(o.Path))
	if storeErr != nil {
		return nil, err
	}
	a := &App{Store: s}
	if a.useLastGood(o, err) {
		return a, nil
	}
	return nil, errors.Join(err, s.Close())
}

func (o Options) openStore(cfg *config.Config) (*store.Store, error) {
	switch {
	case !o.Create:
		return store.OpenExisting(cfg.Store)
	case o.New:
		return store.OpenNew(cfg.Store)
	case !store.Exists(cfg.Store):
		if err := checkNeverWas(cfg); err != nil {
			return nil, err
		}
	}
	return store.Open(cfg.Store)
}

// checkNeverWas is an error if something shows that there was a store: a disk that is
// not mounted, or a backup that was not restored, would be replaced by an empty store.
func checkNeverWas(cfg *config.Config) error {
	remains := store.Remains(cfg.Store)
	for _, e := range cfg.Exports {
		folders, _ := local.Split(e.To)
		for _, f := range folders {
			latest := filepath.Join(f.String(), e.Name, destination.Latest)
			if _, err := os.Lstat(latest); err == nil {
				remains = append(remains, latest)
			}
		}
	}
	if len(remains) == 0 {
		return nil
	}
	return fmt.Errorf("there is no store at %s, but %s shows that there was one: mount its disk or restore it; winnow serve --new begins a new one", cfg.Store, remains[0])
}

// Close closes the store.
func (a *App) Close() error { return a.Store.Close() }

// CheckKeys is an error if the config identifies contacts in another way than the
// store: it would find none of them.
func CheckKeys(cfg *config.Config, s *store.Store) error {
	err := s.UseKeyFormat(cfg.Keys)
	if errors.Is(err, store.ErrKeyFormat) {
		is, was := "text", "phone"
		if cfg.Keys.Phone {
			is, was = was, is
		}
		err = fmt.Errorf("contacts.key is %s in %s, but the store %s identifies contacts by %s: existing suppressions would not match; write key: %[4]s, or use a new store",
			is, cfg.Path, cfg.Store, was)
	}
	return err
}
