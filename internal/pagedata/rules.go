package pagedata

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/wording"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/regret"
	"winnow/internal/ui"
	"winnow/store"
)

// Rules returns the policy in force.
func (s *Source) Rules(context.Context) (view.PolicyRules, error) {
	cfg := s.Config()
	r := view.PolicyRules{AsOf: hygiene.InstantOf(time.Now()), Hash: cfg.Hash, File: s.Path}
	policies, err := s.Store.Policies()
	if err != nil {
		return r, err
	}
	for _, p := range policies {
		if p.Hash == cfg.Hash {
			r.Since = p.FirstUsed
		}
	}
	did, err := regret.Of(s.Store, cfg.Policy, r.AsOf)
	if err != nil {
		return r, err
	}
	if did.Since != nil {
		r.CountedSince = *did.Since
	}
	trips, err := s.Store.BreakerTrips()
	for i := range cfg.Policy.Rules {
		rule := &cfg.Policy.Rules[i]
		v := view.Rule{Name: rule.Name, Words: wording.Rule(rule), Held: heldBy(rule, trips)}
		if act := rule.Then.Suppress; act != nil {
			v.Reason, v.Protected, v.Figures = act.Reason, cfg.Policy.Protects(act.Reason), figuresOf(did.Rules, rule.Name)
		}
		r.Rules = append(r.Rules, v)
	}
	return r, err
}

// figuresOf are those of the rule as it reads now; nil if it is not counted.
func figuresOf(did []view.RuleRegret, name string) *view.RuleFigures {
	at := slices.IndexFunc(did, func(r view.RuleRegret) bool { return r.Rule == name && !r.Former })
	if at < 0 {
		return nil
	}
	of := did[at]
	f := &view.RuleFigures{Acted: of.Acted, Right: of.Right, Regretted: of.Regretted, Unmeasured: of.Unmeasured}
	if of.Share != nil {
		f.Share = *of.Share
	}
	if of.Acted > 0 {
		f.Coverage = float64(of.Acted-of.Unmeasured) / float64(of.Acted)
	}
	return f
}

// heldBy says which surges hold verdicts of the rule.
func heldBy(r *hygiene.Rule, trips []store.BreakerTrip) (list []view.RuleHold) {
	for i := range trips {
		t := &trips[i]
		if t.State != store.TripHeld {
			return list // those that wait come first
		}
		if t.Rule == r.Name {
			why := "what it said before it was changed waits for a verdict"
			if t.Digest == r.Digest() {
				why = fmt.Sprintf("it only proposes, because %s of what it suppressed was followed by a delivery", ui.Percent(t.Share))
			}
			list = append(list, view.RuleHold{Surge: t.ID, Why: why})
		}
		if t.Rule == "" && r.When != nil && r.When.Outcomes.Has(t.Outcome) && (r.When.Source == "" || r.When.Source == t.Source) {
			list = append(list, view.RuleHold{Surge: t.ID, Why: fmt.Sprintf("what it says of a surge of %s at %s waits for a verdict", t.Outcome, t.Source)})
		}
	}
	return list
}

// maxPolicies is how many policies are listed.
const maxPolicies = 200

// Policies returns the policies that were applied.
func (s *Source) Policies(context.Context) (view.Policies, error) {
	list := view.Policies{AsOf: hygiene.InstantOf(time.Now())}
	all, err := s.Store.Policies()
	for i, p := range all[:min(len(all), maxPolicies)] {
		v := view.Policy{Hash: p.Hash, Since: p.FirstUsed, InForce: p.InForce}
		if i+1 < len(all) {
			v.Before = all[i+1].Hash
		}
		list.Policies = append(list.Policies, v)
	}
	list.More = int64(len(all) - len(list.Policies))
	return list, err
}

// Policy returns the policy whose hash begins so, with its text.
func (s *Source) Policy(_ context.Context, hash string) (view.PolicyText, error) {
	p, text, err := s.findPolicy(hash)
	return view.PolicyText{AsOf: hygiene.InstantOf(time.Now()), Policy: view.Policy{Hash: p.Hash, Since: p.FirstUsed, InForce: p.InForce}, Text: text}, err
}

func (s *Source) findPolicy(hash string) (p store.SavedPolicy, text string, err error) {
	hash = strings.ToLower(strings.TrimSpace(hash))
	if hash == "" || len(hash) > 64 || strings.Trim(hash, "0123456789abcdef") != "" {
		return p, "", console.NewAPIError(http.StatusBadRequest, fmt.Errorf("%q is not a policy hash", hash))
	}
	p, text, err = (&app.App{Config: s.Config(), Store: s.Store}).FindPolicy(hash)
	switch {
	case errors.Is(err, store.ErrNoPolicy):
		err = console.NewAPIError(http.StatusNotFound, fmt.Errorf("no policy %s was applied in this store", hash))
	case errors.Is(err, store.ErrPolicies):
		err = console.NewAPIError(http.StatusNotFound, err)
	}
	return p, text, err
}

// Diff returns the difference of two policies.
func (s *Source) Diff(_ context.Context, from, to string) (view.Diff, error) {
	a, before, err := s.findPolicy(from)
	if err != nil {
		return view.Diff{}, err
	}
	b, after, err := s.findPolicy(to)
	if err != nil {
		return view.Diff{}, err
	}
	d := diffOf(before, after)
	d.AsOf, d.From, d.To = hygiene.InstantOf(time.Now()), a.Hash, b.Hash
	was, is := s.rulesOf(before), s.rulesOf(after)
	d.Rules = ruleEdits(was, is)
	for hash, policy := range map[string]*hygiene.Policy{a.Hash: was, b.Hash: is} {
		if policy == nil {
			d.Unreadable = append(d.Unreadable, hash)
		}
	}
	slices.Sort(d.Unreadable)
	return d, nil
}

// rulesOf are the rules of a policy that the store keeps; nil if this version can't read it.
func (s *Source) rulesOf(text string) *hygiene.Policy {
	cfg, err := config.Parse(s.Path, []byte(text), config.Options{Sealed: true, WasInForce: true})
	if err != nil {
		return nil
	}
	return cfg.Policy
}
