package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/lint"
	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/internal/yamldoc"
	"winnow/store"
)

// DefaultPath is where commands look for the config.
const DefaultPath = "winnow.yaml"

// ConfigFlag returns the flag that names the config on a command line, with a space
// before it; empty for the default path.
func ConfigFlag(path string) string {
	if path == DefaultPath {
		return ""
	}
	return " -c " + ui.ShellQuote(path)
}

func (o Options) adjust(cfg *config.Config, err error) (*config.Config, error) {
	if err == nil && o.Adjust != nil {
		o.Adjust(cfg)
	}
	return cfg, err
}

// configOptions say how to read the config.
func (o Options) configOptions() config.Options {
	return config.Options{Env: o.Env, CheckSchedule: schedule.Check, Secrets: o.Secrets}
}

// Warnings returns what is probably not meant in a config. The present matters:
// whether a schedule falls into a night when the clock changes depends on the year.
func Warnings(cfg *config.Config, now time.Time) []yamldoc.Problem {
	return lint.Check(cfg, func(text string, zone *time.Location) []string { return schedule.Warnings(text, zone, now) })
}

// The warning about folding keys where persons were forgotten, and what to do.
const (
	LosesForgotten     = "contacts.fold is new for this store, where persons were forgotten: what is remembered of a key with capitals is not found for the folded key, so that contact may be texted if it is imported again; phone numbers and other keys are still recognized"
	LosesForgottenHint = "import the opt-outs of such contacts again with winnow import suppressions, or leave fold out: it can't be taken back"
)

// StoreWarnings are warnings about a config beside its store, which is not opened. A store
// that can't be read has none: to open it says why.
func StoreWarnings(cfg *config.Config) (list []yamldoc.Problem) {
	if loses, err := store.LosesForgotten(cfg.Store, cfg.Keys); err == nil && loses {
		list = append(list, yamldoc.Problem{File: cfg.Path, Line: 1, Col: 1, Path: "contacts.fold", Text: LosesForgotten, Hint: LosesForgottenHint})
	}
	return list
}

// IsProblems reports whether err is that of a config file with problems.
func IsProblems(err error) bool {
	var p *yamldoc.Problems
	return errors.As(err, &p)
}

// ConfigInForce returns the config that a daemon last put in force, or that of the latest
// sweep if no daemon ever ran; nil if there is none. [IsProblems] is true for the
// error of a config that this version can no longer read.
func (a *App) ConfigInForce() (*config.Config, error) {
	hash, text, err := a.Store.LastPolicy()
	switch {
	case err != nil || text == "":
		return nil, err
	case hash == a.Config.Hash:
		return a.Config, nil
	}
	cfg, err := ParseKept(a.Config.Path, text)
	if err != nil {
		return nil, fmt.Errorf("policy %s, which is in force, can't be read by this version of winnow: %w", hash, err)
	}
	return cfg, nil
}

// checkProtected is [CheckProtected] against the policy in force, if this version can read
// it.
func (a *App) checkProtected() error {
	inForce, err := a.ConfigInForce()
	switch {
	case IsProblems(err) || inForce == nil && err == nil:
		return nil
	case err != nil:
		return err
	}
	return CheckProtected(inForce.Policy, a.Config)
}

// CheckProtected is an error if the config no longer protects a reason that the policy in
// force does, and does not say so. What contacts said for it could be lifted by what does
// not name it, and the reason may have gone by accident or been renamed.
func CheckProtected(inForce *hygiene.Policy, cfg *config.Config) error {
	gone := slices.DeleteFunc(inForce.Protected(), func(reason string) bool {
		return cfg.Policy.Protects(reason) || slices.Contains(cfg.Unprotected, reason)
	})
	if len(gone) == 0 {
		return nil
	}
	return fmt.Errorf("hygiene.protected in %s no longer has %s, which the policy in force protects: what contacts said could be lifted by what does not name it; add it again or, if this is meant, write hygiene.unprotected: [%s]",
		cfg.Path, ui.AndList(gone), strings.Join(gone, ", "))
}

// AppliedPolicies returns all policies that were ever applied; nil if this version can no
// longer read one of them.
func (a *App) AppliedPolicies() ([]*hygiene.Policy, error) {
	var policies []*hygiene.Policy
	unreadable := false
	err := a.Store.EachPolicyText(func(_, text string) error {
		cfg, err := ParseKept(a.Config.Path, text)
		if err != nil {
			unreadable = true
			return nil
		}
		policies = append(policies, cfg.Policy)
		return nil
	})
	if unreadable {
		return nil, err
	}
	return policies, err
}

// FindPolicy finds the policy whose hash begins with the prefix, and its text. The first
// release kept policies under the hash of their text: they have that hash, and are also
// found by the one that they have now. The error is [store.ErrNoPolicy] if there is none.
func (a *App) FindPolicy(prefix string) (p store.SavedPolicy, text string, err error) {
	if p, text, err = a.Store.PolicyText(prefix); !errors.Is(err, store.ErrNoPolicy) {
		return p, text, err
	}
	found := ""
	search := a.Store.EachPolicyText(func(hash, text string) error {
		if cfg, err := ParseKept(a.Config.Path, text); err == nil && strings.HasPrefix(cfg.Hash, prefix) {
			found = hash
		}
		return nil
	})
	if search != nil || found == "" {
		return p, text, errors.Join(err, search)
	}
	return a.Store.PolicyText(found)
}
