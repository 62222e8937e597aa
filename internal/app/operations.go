package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"regexp"
	"slices"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/erasure"
)

// Operations are what jobs do on a schedule and commands do manually, under one
// config.
type Operations struct {
	Config   *config.Config
	Store    *store.Store
	Version  string                     // of winnow, for manifests
	Progress func(int64)                // called with the number of items done; may be nil
	Silence  func(int64)                // called by a review with the events in which it looked for silent messages; may be nil
	Tripped  func([]*store.BreakerTrip) // called when breakers tripped; may be nil
	Behind   func(last hygiene.Instant) // called by a sweep when the clock is behind the log, whose last event was received then; may be nil
	Wait     WaitFunc                   // acquires the store lock; nil waits without reporting
}

// Sweep applies the rules to new events.
func (o *Operations) Sweep(ctx context.Context, now hygiene.Instant) (swept store.Swept, err error) {
	err = o.Exclusive(ctx, func() (err error) {
		swept, err = o.SweepLocked(ctx, now)
		return err
	})
	return swept, err
}

// SweepLocked is Sweep for a caller that holds the store lock.
func (o *Operations) SweepLocked(ctx context.Context, now hygiene.Instant) (store.Swept, error) {
	if _, err := o.eraseBegun(ctx, now); err != nil && !errors.Is(err, erasure.ErrReader) && !errors.Is(err, erasure.ErrFiles) {
		return store.Swept{}, err
	}
	swept, err := o.sweep(ctx, now)
	if err == nil {
		err = o.forgetAsked(ctx, now)
	}
	return swept, err
}

// sweep is SweepLocked when nothing is left of persons who were forgotten.
func (o *Operations) sweep(ctx context.Context, now hygiene.Instant) (store.Swept, error) {
	if err := errors.Join(o.SavePolicy(now), o.PrepareKeys(ctx, now), o.RenameReasons(ctx, now)); err != nil {
		return store.Swept{}, err
	}
	swept, err := o.Store.Sweep(ctx, o.SweepOptions(now))
	if o.Tripped != nil && len(swept.Tripped) > 0 {
		o.Tripped(swept.Tripped)
	}
	return swept, errors.Join(err, o.CheckClock(now))
}

// SweepOptions are what a sweep needs to know.
func (o *Operations) SweepOptions(now hygiene.Instant) store.SweepOptions {
	return store.SweepOptions{Policy: o.Config.Policy, Breakers: o.Config.Policy.ActingBreakers(o.Config.Breakers), Regret: o.Config.Regret,
		RequireSendLog: o.Config.RequiringSendLog(), Now: now, Progress: o.Progress}
}

// CheckClock calls Behind if the time now is behind the log.
func (o *Operations) CheckClock(now hygiene.Instant) error {
	if o.Behind == nil {
		return nil
	}
	last, err := o.Store.LastReceipt()
	if last > now {
		o.Behind(last)
	}
	return err
}

// ClockAdvice says what a clock that is behind the log means, and what to do.
const ClockAdvice = "what the log knows to suppress stays suppressed, but retries and periods count from the later time; check the clock, and an imported archive for times in the future"

// SavePolicy stores the text of the policy before it is applied, so that every ledger
// entry leads back to it.
func (o *Operations) SavePolicy(now hygiene.Instant) error {
	return o.Store.SavePolicy(o.Config.Hash, o.Config.Redacted(), now)
}

// AfterSweep sweeps the log to its end and then runs do, both under the store lock, so
// that no event that was received before arrives late to what do changes.
func (o *Operations) AfterSweep(ctx context.Context, now hygiene.Instant, do func() error) error {
	return o.Exclusive(ctx, func() error {
		if _, err := o.SweepLocked(ctx, now); err != nil {
			return err
		}
		return do()
	})
}

// Review applies the time-based rules to all contacts, after a sweep, and compares older
// events with what the send log has by now.
func (o *Operations) Review(ctx context.Context, now hygiene.Instant) (reviewed store.Reviewed, err error) {
	err = o.AfterSweep(ctx, now, func() (err error) {
		reviewed, err = o.Store.Review(ctx, o.Config.Policy, now, o.Progress)
		if err != nil {
			return err
		}
		return o.Store.CompareLate(ctx, now)
	})
	if err == nil {
		err = o.Store.CountSilent(ctx, o.Config.Silence, now, o.Silence)
	}
	return reviewed, err
}

// validName matches the names of reasons and lists, as the config does.
var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// IsName reports whether text is a valid name of a reason or a list.
func IsName(text string) bool { return validName.MatchString(text) }

// CheckInstruction is an error if the reason is not a valid name or the suppression
// would have expired already.
func CheckInstruction(in hygiene.Instruction, now hygiene.Instant) error {
	switch {
	case in.Reason != "" && !IsName(in.Reason), in.Reason == "" && in.Kind == hygiene.Suppress:
		return fmt.Errorf("%q is not a reason: use lower-case letters, digits, _ and -, as in opted_out", in.Reason)
	case in.Until != 0 && in.Until <= now:
		return fmt.Errorf("a suppression until %s would be over already", in.Until)
	}
	return nil
}

// ReadExcept reads the reasons for which a suppression is not to count. Contacts that opted
// out of everything, or complained, want no message at all.
func ReadExcept(p *hygiene.Policy, words []string) (except []string, err error) {
	for _, word := range words {
		is, _ := p.ReasonOf(word)
		switch {
		case !IsName(is):
			return nil, fmt.Errorf("except: %q is not a reason: use lower-case letters, digits, _ and -, as in marketing_opt_out", is)
		case is == hygiene.OptedOut || is == hygiene.Complaint:
			return nil, fmt.Errorf("except: %s is about every message, whatever it is for; a purpose has a reason of its own, like marketing_opt_out under hygiene.protected", is)
		}
		except = append(except, is)
	}
	return except, nil
}

// ReadAs says that a word was read as the reason that it stands for.
func ReadAs(word, reason string) string {
	return fmt.Sprintf("%s is recorded as %s", ui.Printable(word), reason)
}

// Instruct suppresses or allows contacts and phone numbers manually, as one batch. It does
// not sweep first: an event that is not swept yet is applied later, in order of time.
func (o *Operations) Instruct(of store.Subjects, in hygiene.Instruction, now hygiene.Instant) (store.Instructed, error) {
	if err := o.SavePolicy(now); err != nil {
		return store.Instructed{}, err
	}
	b := store.Batch{Kind: store.SuppressBatch, About: in.Reason}
	if in.Kind == hygiene.Allow {
		b = store.Batch{Kind: store.AllowBatch, About: ReasonsLifted(o.Config.Policy, in.Reason)}
	}
	did, err := o.Store.Instruct(o.Config.Policy, of, in, b, now)
	// A text that is a known contact's key has done its work.
	did.Unknown.Phones = slices.DeleteFunc(did.Unknown.Phones, func(phone string) bool { return slices.Contains(of.Keys, phone) })
	return did, err
}

// ReasonsLifted describes the reasons that are lifted when reason is named; an empty
// reason means none was.
func ReasonsLifted(p *hygiene.Policy, reason string) string {
	if reason == "" {
		return "all reasons but " + ui.AndList(p.Protected())
	}
	return reason
}

// SuppressingRules returns the names of the rules that suppress, in the order of the
// file, and their reasons, sorted.
func SuppressingRules(p *hygiene.Policy) (rules, reasons []string) {
	for i := range p.Rules {
		if s := p.Rules[i].Then.Suppress; s != nil {
			rules, reasons = append(rules, p.Rules[i].Name), append(reasons, s.Reason)
		}
	}
	slices.Sort(reasons)
	return rules, slices.Compact(reasons)
}

// UndoEvents invalidates the evidence that in describes, as one batch, after a sweep. It
// calls before, unless that is nil, before the first change.
func (o *Operations) UndoEvents(ctx context.Context, in hygiene.Instruction, b store.Batch, now hygiene.Instant, before func() error) (done store.BatchResult, err error) {
	err = o.AfterSweep(ctx, now, func() (err error) {
		if before != nil {
			err = before()
		}
		if err == nil {
			done, err = o.Store.InvalidateEvidence(ctx, o.Config.Policy, in, b, now, o.Progress)
		}
		return err
	})
	return done, err
}

// UndoBatch reverts the batch of that id, after a sweep. What this means is determined
// under the lock, since another process may have reverted the batch meanwhile. It calls
// before with what it means, before the first change.
func (o *Operations) UndoBatch(ctx context.Context, id int64, b store.Batch, now hygiene.Instant, before func(store.UndoPlan) error, watch store.Observer) (done store.BatchResult, err error) {
	err = o.AfterSweep(ctx, now, func() error {
		t, err := o.Store.PlanUndo(id)
		if err == nil {
			err = before(t)
		}
		if err == nil {
			done, err = o.Store.Undo(ctx, o.Config.Policy, t, b, now, o.Progress, watch)
		}
		return err
	})
	return done, err
}

// Rejudge applies the config to the history of every contact, as one batch. It calls
// before after the sweep and before the first change. named is the protected reason for
// which contacts are judged like for any other; empty for none.
func (o *Operations) Rejudge(ctx context.Context, named string, b store.Batch, now hygiene.Instant, before func() error) (done store.BatchResult, err error) {
	err = o.AfterSweep(ctx, now, func() error {
		if err := before(); err != nil {
			return err
		}
		done, err = o.Store.Rejudge(ctx, o.Config.Policy, named, b, now, o.Progress)
		return err
	})
	return done, err
}

// Reclassify gives stored events the outcomes of the config's tables, as one batch,
// and applies the rules to their contacts again. What the events opened for a protected
// reason stays open unless that is named.
func (o *Operations) Reclassify(ctx context.Context, of store.Outcomes, named string, b store.Batch, now hygiene.Instant) (done *store.Reclassification, err error) {
	err = o.AfterSweep(ctx, now, func() (err error) {
		done, err = o.Store.Reclassify(ctx, o.Config.Policy, of, named, b, now, o.Progress)
		return err
	})
	return done, err
}

// PriorSuppressions returns the contacts that events like those of the trip had
// suppressed before the breaker tripped.
func (o *Operations) PriorSuppressions(ctx context.Context, trip int64, now hygiene.Instant) (store.PriorSuppressions, error) {
	t, err := o.Store.WaitingTrip(trip)
	if err != nil {
		return store.PriorSuppressions{}, err
	}
	list, err := o.Store.PriorSuppressions(ctx, []store.BreakerTrip{t}, now, o.Progress)
	if err != nil {
		return store.PriorSuppressions{}, err
	}
	return list[0], nil
}

// Operator is the name of the operating system's user, recorded with manual changes.
func Operator() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}

// PrintUndoCommand prints the command that undoes a batch; nothing for batch 0.
func PrintUndoCommand(w io.Writer, batch int64, path string) error {
	if batch == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "batch %d: winnow undo --batch %d%s shows what undoing it would change\n", batch, batch, ConfigFlag(path))
	return err
}
