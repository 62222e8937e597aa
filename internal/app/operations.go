package app

import (
	"context"
	"fmt"
	"io"
	"os/user"
	"regexp"
	"slices"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
)

// Operations are what jobs do on a schedule and commands do manually: the same,
// under the config they were made with.
type Operations struct {
	Config   *config.Config
	Store    *store.Store
	Version  string              // of winnow, for manifests
	Progress func(int64)         // reports how far long work is; may be nil
	Tripped  func([]*store.Trip) // reports breakers that tripped; may be nil
	Wait     WaitFunc            // nil waits for as long as it takes and reports nothing
}

// Sweep applies the rules to new events.
func (o *Operations) Sweep(ctx context.Context, now hygiene.Instant) (did store.Swept, err error) {
	err = o.Exclusive(ctx, func() (err error) {
		did, err = o.SweepLocked(ctx, now)
		return err
	})
	return did, err
}

// SweepLocked is Sweep for a caller that holds the store lock.
func (o *Operations) SweepLocked(ctx context.Context, now hygiene.Instant) (store.Swept, error) {
	if err := o.SavePolicy(now); err != nil {
		return store.Swept{}, err
	}
	did, err := o.Store.Sweep(ctx, store.SweepOptions{Policy: o.Config.Policy, Breakers: o.Config.Breakers, Now: now, Progress: o.Progress})
	if o.Tripped != nil && len(did.Tripped) > 0 {
		o.Tripped(did.Tripped)
	}
	return did, err
}

// SavePolicy keeps the policy in the store, before it judges.
func (o *Operations) SavePolicy(now hygiene.Instant) error {
	return o.Store.KeepPolicy(o.Config.Hash, o.Config.Text, now)
}

// AfterSweep sweeps the log to its end and runs do, while nobody else sweeps,
// reviews or makes a run: what has happened does not come late to it.
func (o *Operations) AfterSweep(ctx context.Context, now hygiene.Instant, do func() error) error {
	return o.Exclusive(ctx, func() error {
		if _, err := o.SweepLocked(ctx, now); err != nil {
			return err
		}
		return do()
	})
}

// Review applies the time-based rules to all contacts, after all that has happened
// has been swept.
func (o *Operations) Review(ctx context.Context, now hygiene.Instant) (did store.Reviewed, err error) {
	err = o.AfterSweep(ctx, now, func() (err error) {
		did, err = o.Store.Review(ctx, o.Config.Policy, now, o.Progress)
		return err
	})
	return did, err
}

// reasonName is how a reason or a list is named, here as in the config.
var reasonName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// IsName reports whether a text can be the name of a reason or a list.
func IsName(text string) bool { return reasonName.MatchString(text) }

// CheckInstruction is an error when an instruction can't be meant.
func CheckInstruction(in hygiene.Instruction, now hygiene.Instant) error {
	switch {
	case in.Reason != "" && !IsName(in.Reason), in.Reason == "" && in.Kind == hygiene.Suppress:
		return fmt.Errorf("%q is not a reason: write it like opted_out, with small letters, digits, _ and -", in.Reason)
	case in.Until != 0 && in.Until <= now:
		return fmt.Errorf("a suppression until %s would be over already", in.Until)
	}
	return nil
}

// Instruct suppresses or allows contacts, as one batch. What has happened and is
// not swept yet comes late to it, and is judged in its place.
func (o *Operations) Instruct(keys []string, in hygiene.Instruction, now hygiene.Instant) (store.Instructed, error) {
	if err := o.SavePolicy(now); err != nil {
		return store.Instructed{}, err
	}
	b := store.Batch{Kind: store.SuppressBatch, About: in.Reason}
	if in.Kind == hygiene.Allow {
		b = store.Batch{Kind: store.AllowBatch, About: ReasonsLifted(in.Reason)}
	}
	return o.Store.Instruct(o.Config.Policy, keys, in, b, now)
}

// ReasonsLifted says which reasons are lifted when this one is named; empty for
// none named.
func ReasonsLifted(reason string) string {
	if reason == "" {
		return "all reasons but " + hygiene.OptedOut
	}
	return reason
}

// SuppressingRules names the rules that suppress, and their reasons.
func SuppressingRules(p *hygiene.Policy) (rules, reasons []string) {
	for i := range p.Rules {
		if s := p.Rules[i].Then.Suppress; s != nil {
			rules, reasons = append(rules, p.Rules[i].Name), append(reasons, s.Reason)
		}
	}
	slices.Sort(reasons)
	return rules, slices.Compact(reasons)
}

// Strike lifts in bulk: evidence of a range counts no longer.
func (o *Operations) Strike(ctx context.Context, in hygiene.Instruction, b store.Batch, now hygiene.Instant, watch store.Watch) (did store.Batched, err error) {
	err = o.AfterSweep(ctx, now, func() (err error) {
		did, err = o.Store.Strike(ctx, o.Config.Policy, in, b, now, o.Progress, watch)
		return err
	})
	return did, err
}

// Undo undoes a batch. What that comes to is found out again when nobody else can
// undo it.
func (o *Operations) Undo(ctx context.Context, id int64, b store.Batch, now hygiene.Instant, watch store.Watch) (did store.Batched, err error) {
	err = o.AfterSweep(ctx, now, func() error {
		t, err := o.Store.TakingBack(id)
		if err == nil {
			did, err = o.Store.TakeBack(ctx, o.Config.Policy, t, b, now, o.Progress, watch)
		}
		return err
	})
	return did, err
}

// Rejudge gives every contact what the config makes of its history. before is
// called when all is swept and nothing is changed yet.
func (o *Operations) Rejudge(ctx context.Context, b store.Batch, now hygiene.Instant, before func() error) (did store.Batched, err error) {
	err = o.AfterSweep(ctx, now, func() error {
		if err := before(); err != nil {
			return err
		}
		did, err = o.Store.Rejudge(ctx, o.Config.Policy, b, now, o.Progress)
		return err
	})
	return did, err
}

// Reclassify gives stored events the outcomes that the config's tables say.
func (o *Operations) Reclassify(ctx context.Context, of store.Outcomes, b store.Batch, now hygiene.Instant) (did *store.Reclassification, err error) {
	err = o.AfterSweep(ctx, now, func() (err error) {
		did, err = o.Store.Reclassify(ctx, o.Config.Policy, of, b, now, o.Progress)
		return err
	})
	return did, err
}

// PriorSuppressions is who was suppressed before the surge of that number tripped.
func (o *Operations) PriorSuppressions(ctx context.Context, trip int64, now hygiene.Instant) (store.Before, error) {
	t, err := o.Store.WaitingTrip(trip)
	if err != nil {
		return store.Before{}, err
	}
	list, err := o.Store.SuppressedBefore(ctx, []store.Trip{t}, now, o.Progress)
	if err != nil {
		return store.Before{}, err
	}
	return list[0], nil
}

// Operator is the operating system's user, who signs what commands do.
func Operator() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}

// PrintBatch says how what was done is undone; nothing for no batch.
func PrintBatch(w io.Writer, batch int64, path string) error {
	if batch == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "batch %d: winnow undo --batch %d%s takes it back\n", batch, batch, ConfigFlag(path))
	return err
}
