package impact

import (
	"context"
	"fmt"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/logscan"
)

// Backtest is what the rules would have done within a span of the past, under the
// policy in force and under that of the given config.
type Backtest struct {
	Since     hygiene.Instant  `json:"since"`
	Until     hygiene.Instant  `json:"until"`
	Events    int64            `json:"events"`               // of the span
	Earlier   int64            `json:"earlier_events"`       // replayed as well, because rules look back
	Contacts  int64            `json:"contacts"`             // replayed
	Unmatched int64            `json:"unmatched"`            // events left out because their contact is unknown
	LogBegins *hygiene.Instant `json:"log_begins,omitempty"` // if that is within the span
	InForce   *policyOutcome   `json:"in_force,omitempty"`   // nil when no policy is in force
	Given     policyOutcome    `json:"given"`
	Pruned    []view.Pruned    `json:"pruned,omitempty"` // what retention deleted and the backtest lacks

	span time.Duration
}

// policyOutcome is what one policy would have done.
type policyOutcome struct {
	Policy     string        `json:"policy"`
	Suppressed int64         `json:"suppressed"` // contacts
	Regretted  int64         `json:"regretted"`  // those of them that were delivered to later
	Rules      []ruleOutcome `json:"rules"`      // those that suppress
}

// ruleOutcome is what one rule would have done, in suppressions.
type ruleOutcome struct {
	Name       string   `json:"name"`
	Acted      int64    `json:"acted"`
	Right      int64    `json:"right"`
	Regretted  int64    `json:"regretted"`
	Unmeasured int64    `json:"unmeasured"`
	Samples    []string `json:"samples"` // contacts with a regretted one
}

// runBacktest replays the log under the policy in force, which may be nil, and
// under that of the config, and counts what they would have done within the span
// that ends now.
func runBacktest(ctx context.Context, out *ui.Printer, a *app.App, inForce *hygiene.Policy, span time.Duration, now hygiene.Instant) (*Backtest, error) {
	if span <= 0 {
		return nil, ui.Usagef("--backtest must be a positive duration, for example 90d")
	}
	b := &Backtest{Since: now.Add(-span), Until: now, span: span}
	tests := []*forecast.Backtest{forecast.NewBacktest(a.Config.Policy, b.Since, b.Until)}
	if inForce != nil && inForce.Hash != a.Config.Policy.Hash {
		tests = append(tests, forecast.NewBacktest(inForce, b.Since, b.Until))
	}
	did, err := replayLog(ctx, out, a.Store, logscan.BacktestOptions{Since: b.Since, Until: b.Until}, tests)
	if err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	b.Events, b.Earlier, b.Contacts, b.Unmatched = did.Events, did.Earlier, did.Contacts, did.Unmatched
	if did.First > b.Since {
		b.LogBegins = &did.First
	}
	if b.Pruned, err = app.Pruned(a.Store, 0, app.PrunedEvents); err != nil {
		return nil, err
	}
	b.Given = newPolicyOutcome(a.Config.Policy, tests[0])
	if inForce != nil { // if both policies are the same, so is the outcome
		outcome := newPolicyOutcome(inForce, tests[len(tests)-1])
		b.InForce = &outcome
	}
	return b, nil
}

// replayLog replays the log, and shows the progress of sorting and of judging.
func replayLog(ctx context.Context, out *ui.Printer, s *store.Store, o logscan.BacktestOptions, tests []*forecast.Backtest) (logscan.BacktestResult, error) {
	show, done := out.Progress("sorted event")
	defer func() { done() }()
	var judging sync.Once
	o.Sorted = show
	o.Judged = func(events int64) {
		judging.Do(func() {
			done()
			show, done = out.Progress("judged event")
		})
		if show != nil {
			show(events)
		}
	}
	return s.Backtest(ctx, o, tests...)
}

func newPolicyOutcome(p *hygiene.Policy, t *forecast.Backtest) policyOutcome {
	outcome := policyOutcome{Policy: p.Hash, Suppressed: t.Suppressed, Regretted: t.Regretted, Rules: []ruleOutcome{}}
	for i := range t.Rules {
		r := &t.Rules[i]
		outcome.Rules = append(outcome.Rules, ruleOutcome{r.Name, r.Acted, r.Right, r.Regretted, r.Unmeasured(), append([]string{}, r.Samples...)})
	}
	return outcome
}
