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
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"winnow/internal/config"
	"winnow/internal/yamldoc"
	"winnow/store"
	"winnow/store/location"
)

// App is a config with its open store.
type App struct {
	Config *config.Config
	Store  *store.Store
	// Broken is the error of the config file if Config is the last good config in its
	// place; nil otherwise.
	Broken error
	// Unprepared is why a daemon could not prepare all contacts of the store when it opened
	// that, see [Operations.PrepareKeys]; nil if it did.
	Unprepared error
	// Warnings are those about the config beside the store, as it was before it was opened.
	Warnings []yamldoc.Problem

	temporary string // the folder of a store that only a preview has; empty for none
}

// Fallback says when the last good config, which the store keeps, replaces the file.
type Fallback int

// The fallbacks. A command that changes on purpose who is texted needs a valid file. A
// command that only reads, or records what an operator decided, must not wait until
// the file is repaired. The daemon runs whatever the file says.
const (
	Never        Fallback = iota // the file must be valid
	WhenBroken                   // the file has problems, or protects less than the policy in force
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
	// Interrupt ends the reading of the config early, with the error of the context; may be
	// nil. A file that a program wrote may take a while.
	Interrupt context.Context

	Access   Access
	Daemon   bool // the store may be another user's, if the system lets this one, who is not root, write to it
	New      bool // create the store, or its log, even if something shows that there was one
	LookBack bool // contacts are looked at as of another time than the present
	Fallback Fallback
}

// Open reads the config and opens its store. The caller closes it. The error is one
// for which [IsProblems] is true if the file has problems and there is no fallback.
func Open(o Options) (*App, error) {
	a, err := o.open()
	if err != nil {
		return nil, err
	}
	if !o.LookBack {
		a.Store.InPresent()
	}
	args, err := Args(a.Config)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.Store.ReadArgs(args)
	if sources := a.Config.Sources; (o.Access == Writes || o.Access == Creates) && len(sources) == 1 {
		if err := a.Store.OwnUnsourced(sources[0].Name); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

func (o Options) open() (*App, error) {
	cfg, err := o.Load()
	if err == nil {
		a := &App{Config: cfg, Warnings: StoreWarnings(cfg)}
		if err := o.openStore(a); err != nil {
			return nil, err
		}
		mismatch, fallback := CheckKeys(cfg, a.Store), WhenUnusable
		if mismatch == nil {
			mismatch, fallback = a.checkProtected(), WhenBroken
		}
		if mismatch != nil && (o.Fallback < fallback || !a.useLastGood(o, mismatch)) {
			return nil, errors.Join(mismatch, a.Close())
		}
		if mismatch == nil {
			err = o.prepare(a)
		}
		if err != nil {
			return nil, errors.Join(err, a.Close())
		}
		return a, nil
	}
	if o.Fallback == Never || !IsProblems(err) {
		return nil, err
	}
	at := config.FindStore(o.Path)
	if ownerErr := o.checkOwner(location.Files(at)); ownerErr != nil {
		return nil, ownerErr
	}
	s, storeErr := store.OpenExisting(at)
	if storeErr != nil {
		return nil, err
	}
	a := &App{Store: s}
	if a.useLastGood(o, err) {
		return a, nil
	}
	return nil, errors.Join(err, s.Close())
}

// Close closes the store.
func (a *App) Close() error {
	err := a.Store.Close()
	if a.temporary != "" {
		err = errors.Join(err, os.RemoveAll(a.temporary))
	}
	return err
}

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
			is, cfg.Path, location.Shown(cfg.Store), was)
	}
	if errors.Is(err, store.ErrFold) {
		err = fmt.Errorf("contacts.fold is false in %s, but the keys in the store %s are folded: suppressions would not hold for contacts whose keys come in capitals; write fold: true, or use a new store",
			cfg.Path, location.Shown(cfg.Store))
	}
	return err
}
