package app

import (
	"fmt"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
)

// ConfigAt returns the config whose policy was in force at a time: of those that the store
// keeps, the one that was first used last by then. The store does not know when an older
// one was put in force again, so when all were first used by then it is the one in force
// now. Without any it is the file's.
func (a *App) ConfigAt(at hygiene.Instant) (*config.Config, error) {
	policies, err := a.Store.Policies()
	if err != nil || len(policies) == 0 {
		return a.Config, err
	}
	hash := policyAt(policies, at).Hash
	if hash == a.Config.Hash {
		return a.Config, nil
	}
	_, text, err := a.Store.PolicyText(hash)
	if err != nil {
		return nil, err
	}
	cfg, err := ParseKept(a.Config.Path, text)
	if err != nil {
		return nil, fmt.Errorf("policy %s, which was in force then, can't be read by this version of winnow: %w", hash, err)
	}
	return cfg, nil
}

// policyAt is the policy in force at a time; list has the one first used latest first.
func policyAt(list []store.SavedPolicy, at hygiene.Instant) store.SavedPolicy {
	if list[0].FirstUsed <= at {
		for _, p := range list {
			if p.InForce {
				return p
			}
		}
	}
	for _, p := range list {
		if p.FirstUsed <= at {
			return p
		}
	}
	return list[len(list)-1]
}
