package command

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
)

// act is what jobs do on a schedule and commands do by hand: the same, under
// the config it was made with.
type act struct {
	config   *config.Config
	store    *store.Store
	version  string
	progress func(int64)          // nil for nobody
	tripped  func([]*store.Trip)  // told when breakers trip; nil for nobody
	sent     func(bytes int64)    // told how much more is on its way to a remote; nil for nobody
	tried    func(store.Delivery) // told how deliveries went; nil for nobody
	busy     func(holder int)     // told when another process delivers, and is waited for; nil for nobody

	// await waits for the act's turn: the lock of whoever sweeps, reviews or makes
	// a run. Nil waits for as long as it takes and tells nobody.
	await func(ctx context.Context, turn *store.Lock) error
}

// alone runs do while nobody else sweeps, reviews or makes a run of this store,
// in whichever process: a run reads one snapshot, and what is overwritten
// meanwhile would pile up behind it.
func (a *act) alone(ctx context.Context, do func() error) (err error) {
	turn := turnLock(a.store)
	if err := a.wait(ctx, turn); err != nil {
		return err
	}
	// Also when do panics: the schedule goes on, and would wait for itself.
	defer func() { err = errors.Join(err, turn.Unlock()) }()
	return do()
}

// sweep applies the rules to new events.
func (a *act) sweep(ctx context.Context, now hygiene.Instant) (did store.Swept, err error) {
	err = a.alone(ctx, func() (err error) {
		did, err = a.sweepNow(ctx, now)
		return err
	})
	return did, err
}

func (a *act) sweepNow(ctx context.Context, now hygiene.Instant) (store.Swept, error) {
	if err := a.store.KeepPolicy(a.config.Hash, a.config.Text, now); err != nil {
		return store.Swept{}, err
	}
	did, err := a.store.Sweep(ctx, store.SweepOptions{Policy: a.config.Policy, Breakers: a.config.Breakers, Now: now, Progress: a.progress})
	if a.tripped != nil && len(did.Tripped) > 0 {
		a.tripped(did.Tripped)
	}
	return did, err
}

// review applies the rules that look at the time alone to everyone, after all
// that has happened has been swept.
func (a *act) review(ctx context.Context, now hygiene.Instant) (did store.Reviewed, err error) {
	err = a.alone(ctx, func() (err error) {
		if _, err := a.sweepNow(ctx, now); err != nil {
			return err
		}
		did, err = a.store.Review(ctx, a.config.Policy, now, a.progress)
		return err
	})
	return did, err
}

// reasonName is how a reason is written, here as in the config.
var reasonName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// checkInstruction tells what is wrong with what someone wants to tell.
func checkInstruction(in hygiene.Instruction, now hygiene.Instant) error {
	switch {
	case in.Reason != "" && !reasonName.MatchString(in.Reason), in.Reason == "" && in.Kind == hygiene.Suppress:
		return fmt.Errorf("%q is not a reason: write it like opted_out, with small letters, digits, _ and -", in.Reason)
	case in.Until != 0 && in.Until <= now:
		return fmt.Errorf("a suppression until %s would be over already", in.Until)
	}
	return nil
}

// instruct tells contacts something by hand, and which of them are not known.
func (a *act) instruct(keys []string, in hygiene.Instruction, now hygiene.Instant) (changes int64, unknown []string, err error) {
	did, err := a.tell(keys, in, now)
	return did.Changes, did.Unknown, err
}

// tell tells contacts something by hand, as one batch. What has happened and is
// not swept yet comes late to it, and is judged in its place.
func (a *act) tell(keys []string, in hygiene.Instruction, now hygiene.Instant) (store.Instructed, error) {
	if err := a.store.KeepPolicy(a.config.Hash, a.config.Text, now); err != nil {
		return store.Instructed{}, err
	}
	b := store.Batch{Kind: store.SuppressBatch, About: in.Reason}
	if in.Kind == hygiene.Allow {
		b = store.Batch{Kind: store.AllowBatch, About: reasonsMeant(in.Reason)}
	}
	return a.store.Instruct(a.config.Policy, keys, in, b, now)
}

// reasonsMeant is which reasons are lifted.
func reasonsMeant(reason string) string {
	if reason == "" {
		return "all reasons but " + hygiene.OptedOut
	}
	return reason
}

// byHand sweeps the log to its end and does something by hand, while nobody else
// sweeps, reviews or makes a run.
func (a *act) byHand(ctx context.Context, now hygiene.Instant, do func() error) error {
	return a.alone(ctx, func() error {
		if _, err := a.sweepNow(ctx, now); err != nil {
			return err
		}
		return do()
	})
}

// strike lifts in bulk: evidence of a range counts no longer.
func (a *act) strike(ctx context.Context, in hygiene.Instruction, b store.Batch, now hygiene.Instant, watch store.Watch) (did store.Batched, err error) {
	err = a.byHand(ctx, now, func() (err error) {
		did, err = a.store.Strike(ctx, a.config.Policy, in, b, now, a.progress, watch)
		return err
	})
	return did, err
}

// takeBack undoes a batch. What that comes to is found out again when nobody
// else can undo it.
func (a *act) takeBack(ctx context.Context, id int64, b store.Batch, now hygiene.Instant, watch store.Watch) (did store.Batched, err error) {
	err = a.byHand(ctx, now, func() error {
		t, err := a.store.TakingBack(id)
		if err == nil {
			did, err = a.store.TakeBack(ctx, a.config.Policy, t, b, now, a.progress, watch)
		}
		return err
	})
	return did, err
}

// rejudge gives every contact what the config makes of its history. before is
// called when all is swept and nothing is changed yet.
func (a *act) rejudge(ctx context.Context, b store.Batch, now hygiene.Instant, before func() error) (did store.Batched, err error) {
	err = a.byHand(ctx, now, func() error {
		if err := before(); err != nil {
			return err
		}
		did, err = a.store.Rejudge(ctx, a.config.Policy, b, now, a.progress)
		return err
	})
	return did, err
}

// reclassify gives stored events the outcomes that the config's tables say.
func (a *act) reclassify(ctx context.Context, of store.Outcomes, b store.Batch, now hygiene.Instant) (did *store.Reclassification, err error) {
	err = a.byHand(ctx, now, func() (err error) {
		did, err = a.store.Reclassify(ctx, a.config.Policy, of, b, now, a.progress)
		return err
	})
	return did, err
}
