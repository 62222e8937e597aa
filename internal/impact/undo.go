package impact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/suggest"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// UndoRange is a range of events that are to count as evidence no longer, as the
// operator wrote it. [UndoRange.Parse] comes first.
type UndoRange struct {
	Rule, Reason, Since, Until, Code, Source string // empty means any
	Note                                     string
	Unregistered                             bool // only events whose message the send log does not have

	strike hygiene.Instruction
}

// Parse reads the times. An empty Until means now.
func (r *UndoRange) Parse(now hygiene.Instant) (err error) {
	in := hygiene.Instruction{Kind: hygiene.Strike, Rule: r.Rule, Reason: r.Reason, Source: r.Source, Code: r.Code, To: now}
	if in.From, err = instant.ParseDate(r.Since); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	if r.Until != "" {
		if in.To, err = instant.ParseDate(r.Until); err != nil {
			return fmt.Errorf("--until: %w", err)
		}
	}
	if in.To < in.From {
		return fmt.Errorf("--until %s is before --since %s", in.To, in.From)
	}
	if in.To == in.From && len(r.Until) == len(time.DateOnly) {
		return fmt.Errorf("the range from %s to %s is empty: a date is its first instant; write the next day as --until", in.From, in.To)
	}
	r.strike = in
	return nil
}

// checkNames refuses a rule or a reason that the config does not have: a typing
// error would find nothing, and look as if there was nothing to undo.
func (r *UndoRange) checkNames(out *ui.Printer, a *app.App) error {
	rules, reasons := app.SuppressingRules(a.Config.Policy)
	if r.Rule == "" {
		if r.Reason != "" && !slices.Contains(reasons, r.Reason) {
			return fmt.Errorf("no rule in %s suppresses for %q; manual changes are undone with --batch; %s", a.Config.Path, r.Reason, suggest.Hint(r.Reason, reasons))
		}
		return nil
	}
	i := slices.IndexFunc(a.Config.Policy.Rules, func(rule hygiene.Rule) bool { return rule.Name == r.Rule })
	if i < 0 {
		return r.unknownRule(out, a, rules)
	}
	suppress := a.Config.Policy.Rules[i].Then.Suppress
	switch {
	case suppress == nil:
		return fmt.Errorf("rule %q suppresses nobody, so there is nothing to undo; rules that suppress: %s", r.Rule, strings.Join(rules, ", "))
	case r.Reason == "" && a.Config.Policy.Protects(suppress.Reason):
		return fmt.Errorf("rule %q suppresses for %s, which is lifted only when it is named; add --reason %s", r.Rule, suppress.Reason, suppress.Reason)
	case r.Reason != "" && r.Reason != suppress.Reason:
		return fmt.Errorf("rule %q suppresses for %s, not for %s", r.Rule, suppress.Reason, r.Reason)
	}
	return nil
}

// unknownRule says that the config had the rule before, or suggests another name.
func (r *UndoRange) unknownRule(out *ui.Printer, a *app.App, rules []string) error {
	base, err := readBaseline(out, a)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(base.judged, func(p *hygiene.Policy) bool { return hasRule(p, r.Rule) }) {
		return fmt.Errorf("rule %q is no longer in %s; winnow rejudge shows and lifts its suppressions", r.Rule, a.Config.Path)
	}
	return fmt.Errorf("there is no rule %q in %s; %s", r.Rule, a.Config.Path, suggest.Hint(r.Rule, rules))
}

// warnUnknownSource warns of a source that the config does not have. That is not
// an error: the log may have events of a source that was removed.
func (r *UndoRange) warnUnknownSource(out *ui.Printer, cfg *config.Config) {
	var names []string
	for _, s := range cfg.Sources {
		names = append(names, s.Name)
	}
	if r.Source != "" && !slices.Contains(names, r.Source) {
		out.Warn("there is no source %q in %s; %s", r.Source, cfg.Path, suggest.Hint(r.Source, names))
	}
}

// describe is the range as the batch and the result name it.
func (r *UndoRange) describe(p *hygiene.Policy) string {
	text := app.ReasonsLifted(p, r.Reason)
	for _, part := range [][2]string{{"rule", r.Rule}, {"code", r.Code}, {"source", r.Source}} {
		if part[1] != "" {
			text += ", " + part[0] + " " + part[1]
		}
	}
	if r.Unregistered {
		text += ", messages that the send log does not have"
	}
	return fmt.Sprintf("%s, events from %s to %s", text, r.strike.From, r.strike.To)
}

// commandLine is the command that undoes what was shown. Without --until it would
// end later than the preview did, so it names the time.
func (r *UndoRange) commandLine(path string) string {
	text := "winnow undo"
	for _, f := range [][2]string{{"rule", r.Rule}, {"reason", r.Reason}, {"since", r.Since}, {"until", cmp.Or(r.Until, r.strike.To.String())},
		{"code", r.Code}, {"source", r.Source}, {"note", r.Note}} {
		if f[1] != "" {
			text += " --" + f[0] + " " + ui.ShellQuote(f[1])
		}
	}
	if r.Unregistered {
		text += " --unregistered"
	}
	return text + app.ConfigFlag(path)
}

// UndoResult is what an undo did, or would do.
type UndoResult struct {
	Kind    store.BatchKind `json:"kind"`
	Batch   int64           `json:"batch,omitempty"`  // of this undo
	Undoes  int64           `json:"undoes,omitempty"` // the batch that is undone
	About   string          `json:"about"`
	Applied bool            `json:"applied"`
	*effect
	Changes int64 `json:"changes"` // ledger entries
	Unswept int64 `json:"unswept"` // events that wait for the next sweep and are not in the numbers
	// Pruned is what retention deleted within the range, if only events of messages that
	// the send log lacks are struck: of what is no longer in the log that is not known.
	Pruned []view.Pruned `json:"pruned,omitempty"`

	notSuppressed string   // what changes for contacts that are not suppressed
	command       string   // that applies the preview, without --apply
	named         []string // the protected reasons that were named
	merges        bool     // it is the undo of merges
}

// UndoEvents makes a range of events count as evidence no longer, or shows what
// that would do.
func UndoEvents(ctx context.Context, out *ui.Printer, ops *app.Operations, r *UndoRange, apply bool, now hygiene.Instant) (*UndoResult, error) {
	if err := r.checkNames(out, &app.App{Config: ops.Config, Store: ops.Store}); err != nil {
		return nil, err
	}
	r.strike.Reason = r.Reason
	r.warnUnknownSource(out, ops.Config)
	policy, err := ops.Store.Judging(ops.Config.Policy)
	if err != nil {
		return nil, err
	}
	u := &UndoResult{Kind: store.UndoBatch, About: r.describe(policy), Applied: apply, effect: newEffect(policy, now),
		notSuppressed: "this evidence about them no longer counts", command: r.commandLine(ops.Config.Path)}
	if r.Unregistered {
		var err error
		if u.Pruned, err = app.Pruned(ops.Store, r.strike.From, app.PrunedEvents); err != nil {
			return nil, err
		}
	}
	preview := func() error {
		var mu sync.Mutex
		var failed error
		err := u.preview(ctx, out, ops.Store, now, func(subject *hygiene.Contact, m hygiene.Moment) bool {
			in := r.strike
			in.Moment = m
			if r.Unregistered && policy.Affects(subject, &in) {
				var err error
				if in.Messages, err = ops.Store.UnregisteredMessages(subject, &in); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
			return policy.Affects(subject, &in) && len(policy.Instruct(subject, in)) > 0
		})
		return errors.Join(err, failed)
	}
	if !apply {
		return u, preview()
	}
	b := store.Batch{Kind: store.UndoBatch, By: app.Operator(), Note: r.Note, About: u.About, Unregistered: r.Unregistered}
	did, err := ops.UndoEvents(ctx, r.strike, b, now, preview)
	return u.finish(did, err)
}

// BatchUndo says which batch is undone, and how.
type BatchUndo struct {
	Batch    int64
	Named    []string // the protected reasons that may be lifted
	By, Note string   // signs it
	Apply    bool     // else it is only shown what that would do
}

// UndoBatch undoes a batch, or shows what that would do. Undoing an undo redoes
// what was undone. The error is an [UnnamedError] if it would lift a suppression of a
// protected reason that is not named.
func UndoBatch(ctx context.Context, out *ui.Printer, ops *app.Operations, o BatchUndo, now hygiene.Instant) (*UndoResult, error) {
	plan, err := planUndo(ops.Store, o.Batch)
	if err != nil {
		return nil, err
	}
	policy, err := ops.Store.JudgingUndo(&plan, ops.Config.Policy)
	if err != nil {
		return nil, err
	}
	if err := checkProtected(policy, o.Named); err != nil {
		return nil, err
	}
	u := &UndoResult{Kind: store.UndoBatch, Undoes: o.Batch, About: fmt.Sprintf("batch %d: %s of %s", o.Batch, plan.Batch.Kind, plan.Batch.About), Applied: o.Apply, effect: newEffect(policy, now),
		notSuppressed: "this evidence about them counts again", command: fmt.Sprintf("winnow undo --batch %d%s%s", o.Batch, reasonFlag(o.Named...), app.ConfigFlag(ops.Config.Path)), named: o.Named}
	if !plan.Undone {
		u.notSuppressed = "this evidence about them once more does not count"
	}
	if plan.Root.Kind == store.MergeBatch {
		return undoMerges(ctx, ops, u, &plan, o, now)
	}
	preview := func(plan store.UndoPlan) error {
		return u.preview(ctx, out, ops.Store, now, func(subject *hygiene.Contact, m hygiene.Moment) bool {
			return len(plan.Preview(policy, subject, m)) > 0
		})
	}
	if !o.Apply {
		return u, preview(plan)
	}
	check := func(plan store.UndoPlan) error {
		if err := checkUndoable(plan); err != nil {
			return err
		}
		return cmp.Or(preview(plan), u.checkNamed())
	}
	did, err := ops.UndoBatch(ctx, o.Batch, store.Batch{By: o.By, Note: o.Note, About: u.About}, now, check, nil)
	return u.finish(did, err)
}

// UnnamedError is the error of lifting what someone said for protected reasons that were
// not named.
type UnnamedError struct {
	Reasons  []string // that must be named
	Contacts int64    // of which they would be lifted; one with several reasons counts for each

	command string // that names the others
}

// Error names the reasons, and the command that lifts them.
func (e *UnnamedError) Error() string {
	if len(e.Reasons) == 1 {
		return fmt.Sprintf("this would lift %s of %s, which is lifted only when it is named, so nothing was changed; to lift it: %s%s --apply",
			e.Reasons[0], ui.Count(e.Contacts, "contact"), e.command, reasonFlag(e.Reasons...))
	}
	return fmt.Sprintf("this would lift %s, which are lifted only when they are named, so nothing was changed; to lift them: %s%s --apply",
		ui.AndList(e.Reasons), e.command, reasonFlag(e.Reasons...))
}

// checkNamed refuses to lift what someone said for a protected reason that was not
// named.
func (u *UndoResult) checkNamed() error {
	if reasons, n := u.Unnamed(); n > 0 {
		return &UnnamedError{reasons, n, u.command}
	}
	return nil
}

// Unnamed are the protected reasons that are lifted and were not named, and of how many
// contacts. Undoing merges lifts nothing that was said.
func (u *UndoResult) Unnamed() (reasons []string, contacts int64) {
	if u.merges {
		return nil, 0
	}
	return u.effect.liftedUnnamed(u.named)
}

// checkProtected refuses a name that is not one of a protected reason.
func checkProtected(p *hygiene.Policy, named []string) error {
	for _, reason := range named {
		if !p.Protects(reason) {
			return ui.Usagef("--batch reverts all of a batch; beside it --reason only names reasons that must be named: %s", ui.AndList(p.Protected()))
		}
	}
	return nil
}

// CheckUndoable is an error if the batch can't be undone: there is none, it is not in
// force, or it is undone in another way.
func CheckUndoable(s *store.Store, batch int64) error {
	_, err := planUndo(s, batch)
	return err
}

func planUndo(s *store.Store, batch int64) (store.UndoPlan, error) {
	plan, err := s.PlanUndo(batch)
	if err == nil {
		err = checkUndoable(plan)
	}
	return plan, err
}

// checkUndoable refuses a batch that is not undone by instructions to contacts,
// and says what to do instead.
func checkUndoable(plan store.UndoPlan) error {
	b := plan.Root
	switch b.Kind {
	case store.RejudgeBatch:
		return fmt.Errorf("batch %d judged all contacts again by another config and is reverted the same way: restore the previous config (winnow policy lists them, winnow policy show prints one), then run winnow rejudge --apply", b.ID)
	case store.ReclassifyBatch:
		return fmt.Errorf("batch %d gave stored events the outcomes of the config and is reverted the same way: restore the previous outcomes, then run winnow reclassify --apply", b.ID)
	case store.ReleaseBatch:
		return fmt.Errorf("batch %d released events that a breaker had held; to lift what they did, run winnow undo --since … --until … with the times of the surge", b.ID)
	}
	return nil
}

// preview runs change on copies of all contacts and numbers, and counts what it would do to
// contacts, and to numbers that no contact has. Undoing did the same when it has been
// applied.
func (u *UndoResult) preview(ctx context.Context, out *ui.Printer, s *store.Store, now hygiene.Instant, change func(*hygiene.Contact, hygiene.Moment) bool) error {
	totals, err := s.Totals()
	if err != nil {
		return err
	}
	m := hygiene.Moment{At: now, Seq: totals.LastSeq}
	u.Unswept = totals.Lag
	var parts []*effect // one for each reader
	show, done := out.Progress("of " + ui.Number(totals.Contacts) + " contact")
	_, err = s.ScanContacts(ctx, func(segments.Lists) store.Visitor {
		part := newEffect(u.effect.policy, m.At)
		parts = append(parts, part)
		return func(contact *hygiene.Contact) error {
			before := *contact
			before.Suppressions = slices.Clone(contact.Suppressions)
			numbers, err := s.NumbersOf(contact)
			if err != nil {
				return err
			}
			changed := u.previewContact(contact, numbers, m, change)
			if changed {
				part.observe(&before, contact)
			}
			return nil
		}
	}, show)
	done()
	if err != nil {
		return err
	}
	for _, part := range parts {
		u.effect.add(part)
	}
	return s.EachUnownedNumber(ctx, func(number *hygiene.Contact) {
		before := copyNumber(number)
		if change(number, m) {
			u.effect.observeUnowned(before, number)
		}
	})
}

// finish adds what the batch did.
func (u *UndoResult) finish(did store.BatchResult, err error) (*UndoResult, error) {
	if err != nil {
		return nil, interrupted(err, did)
	}
	u.Batch, u.Changes = did.Batch, did.Changes
	return u, nil
}
