// Package retention deletes from the log what the config keeps no longer, for `winnow
// retain` and for the daemon, and says what was deleted.
//
// The config says for how long; what the rules may still need stays longer, which [Run]
// works out. The deleting itself is in store/retention.
package retention

import (
	"context"
	"fmt"
	"io"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	pass "winnow/store/retention"
)

// Options say how a pass goes.
type Options struct {
	DryRun  bool          // only count
	Unswept bool          // delete what no sweep has read, too: another host judges it
	Budget  time.Duration // for how long it may delete; 0 for until it is done
}

// IsOn reports whether the config keeps anything for a limited time.
func IsOn(cfg *config.Config) bool { return cfg.Retention != (config.Retention{}) }

// reserve is how much of the log's file a daemon leaves unused for new events, in percent:
// where as much comes in as is deleted, nothing is moved.
const reserve = 5

// Run makes a pass, under the store lock.
func Run(ctx context.Context, ops *app.Operations, o Options, now hygiene.Instant) (*Result, error) {
	cfg := ops.Config
	p := pass.Options{Keep: pass.Keep(cfg.Retention), Now: now, Policy: cfg.Policy, Budget: o.Budget, Unswept: o.Unswept, CountOnly: o.DryRun, Progress: ops.Progress, Bounces: map[string]bool{}}
	if o.Budget > 0 {
		p.Reserve = reserve
	}
	retries := longestRetry(cfg.Policy, p.Bounces)
	p.SparedBounces = now.Add(-retries)
	r := &Result{DryRun: o.DryRun, Keep: cfg.Retention}
	run := func() (err error) {
		if p.Spared, err = sparedByBreakers(ops, now); err != nil {
			return err
		}
		r.Result, err = ops.Store.Retain(ctx, p)
		return err
	}
	if o.DryRun {
		return r, run()
	}
	return r, ops.Exclusive(ctx, run)
}

// longestRetry is how long after a bounce a retry can still be due, and adds the outcomes
// of such bounces: while it can, the event's message and what was attached to it are
// wanted.
func longestRetry(p *hygiene.Policy, outcomes map[string]bool) (longest time.Duration) {
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Then.Retry == nil || r.When == nil {
			continue
		}
		for o := range r.When.Outcomes.All() {
			outcomes[o.String()] = true
		}
		for _, after := range r.Then.Retry.After {
			longest = max(longest, after+r.Then.Retry.Lapse)
		}
	}
	return longest
}

// sparedByBreakers is from when on events are counted again when the breakers change: two
// windows before the last receipt, as the store counts them.
func sparedByBreakers(ops *app.Operations, now hygiene.Instant) (hygiene.Instant, error) {
	window := time.Duration(0)
	for i := range ops.Config.Breakers {
		window = max(window, ops.Config.Breakers[i].Window)
	}
	last, err := ops.Store.LastReceipt()
	return min(now+1, last.Add(-2*window)), err
}

// Result is what a pass did.
type Result struct {
	pass.Result
	DryRun bool
	Keep   config.Retention
}

// JSON is a result for programs.
type JSON struct {
	DryRun     bool  `json:"dry_run,omitempty"`
	Done       bool  `json:"done"`
	Events     int64 `json:"events"`
	Bodies     int64 `json:"bodies"`
	Quarantine int64 `json:"quarantine"`
	Unmatched  int64 `json:"unmatched"`
	Evidence   int64 `json:"kept_as_evidence"`
	Needed     int64 `json:"kept_otherwise"`
	Freed      int64 `json:"freed_bytes"`
	Unused     int64 `json:"unused_bytes"`
	GivesBack  bool  `json:"gives_back"`
}

// JSON is the result for programs.
func (r *Result) JSON() JSON {
	return JSON{r.DryRun, r.Done, r.Events, r.Bodies, r.Quarantine, r.Unmatched, r.Evidence, r.Needed, r.Freed, r.Unused, r.GivesBack}
}

// Print prints the result for people. rebuilt says that the log is written anew after it.
func (r *Result) Print(w io.Writer, rebuilt bool) {
	verb := "deleted"
	if r.DryRun {
		verb = "would delete"
	}
	fmt.Fprintf(w, "%s %s, %s of events, %s in quarantine and %s\n", verb, ui.Count(r.Events, "event"), bodies(r.Bodies), bodies(r.Quarantine), ui.Count(r.Unmatched, "unmatched event"))
	if r.Evidence > 0 {
		fmt.Fprintf(w, "kept %s as evidence of what stands, without the body\n", ui.Count(r.Evidence, "event"))
	}
	if r.Needed > 0 {
		fmt.Fprintf(w, "kept %s that wait for a contact or for a review, or belong to a held run or a hold\n", ui.Count(r.Needed, "event"))
	}
	if r.DryRun {
		return
	}
	if r.Freed > 0 {
		fmt.Fprintf(w, "gave %s back to the disk\n", size(r.Freed))
	}
	if !r.GivesBack && !rebuilt && r.Unused > 0 {
		fmt.Fprintf(w, "%s of the log are unused and will be reused by new events; winnow retain --rebuild gives them back to the disk\n", size(r.Unused))
	}
}

// size is so many bytes in words.
func size(n int64) string { return ui.Number((n+1<<20-1)>>20) + " MiB" }

// bodies is so many bodies in words.
func bodies(n int64) string {
	if n == 1 {
		return "1 body"
	}
	return ui.Number(n) + " bodies"
}
