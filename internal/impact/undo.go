package impact

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// UndoRange is a range of events whose effect is undone, as it was written.
type UndoRange struct {
	Rule, Reason, Since, Until, Code, Source string // empty narrows nothing
	Note                                     string

	strike hygiene.Instruction
}

// Parse reads the times. An empty Until is the present.
func (r *UndoRange) Parse(now hygiene.Instant) (err error) {
	in := hygiene.Instruction{Kind: hygiene.Strike, Rule: r.Rule, Reason: r.Reason, Source: r.Source, Code: r.Code, To: now}
	if in.From, err = hygiene.ParseDate(r.Since); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	if r.Until != "" {
		if in.To, err = hygiene.ParseDate(r.Until); err != nil {
			return fmt.Errorf("--until: %w", err)
		}
	}
	if in.To < in.From {
		return fmt.Errorf("--until %s is before --since %s", in.To, in.From)
	}
	if in.To == in.From && len(r.Until) == len("2006-01-02") {
		return fmt.Errorf("from %s to %s is no time at all: a date is its first instant, so name the day after as --until", in.From, in.To)
	}
	r.strike = in
	return nil
}

// checkNames refuses a rule or a reason that the config does not have: nothing
// would be found, and a typing error would look like a clean list.
func (r *UndoRange) checkNames(out *ui.Printer, a *app.App) error {
	path := a.Config.Path
	rules, reasons := app.SuppressingRules(a.Config.Policy)
	i := slices.IndexFunc(a.Config.Policy.Rules, func(rule hygiene.Rule) bool { return rule.Name == r.Rule })
	switch {
	case r.Rule != "" && i < 0:
		return r.noRule(out, a, rules)
	case r.Rule != "" && a.Config.Policy.Rules[i].Then.Suppress == nil:
		return fmt.Errorf("the rule %q suppresses nobody, so there is nothing to lift; those that do: %s", r.Rule, strings.Join(rules, ", "))
	case r.Rule != "":
		reason := a.Config.Policy.Rules[i].Then.Suppress.Reason
		if reason == hygiene.OptedOut && r.Reason == "" {
			return fmt.Errorf("the rule %q suppresses for %s, which is only lifted when it is named: add --reason %s", r.Rule, reason, reason)
		}
		if r.Reason != "" && r.Reason != reason {
			return fmt.Errorf("the rule %q suppresses for %s, not for %s", r.Rule, reason, r.Reason)
		}
	case r.Reason != "" && !slices.Contains(reasons, r.Reason):
		return fmt.Errorf("no rule in %s suppresses for %q, and what was done by hand is taken back with --batch; %s", path, r.Reason, config.Suggest(r.Reason, reasons))
	}
	return nil
}

// warnOfSource warns of a source that the config does not have. Its events may be
// there all the same, from when it had.
func (r *UndoRange) warnOfSource(out *ui.Printer, cfg *config.Config) {
	var names []string
	for _, s := range cfg.Sources {
		names = append(names, s.Name)
	}
	if r.Source != "" && !slices.Contains(names, r.Source) {
		out.Warn("there is no source %q in %s; %s", r.Source, cfg.Path, config.Suggest(r.Source, names))
	}
}

// noRule says whether a rule has been, or which one may be meant.
func (r *UndoRange) noRule(out *ui.Printer, a *app.App, rules []string) error {
	base, err := readBaseline(out, a)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(base.judged, func(p *hygiene.Policy) bool { return has(p, r.Rule) }) {
		return fmt.Errorf("the rule %q is no longer in %s: winnow rejudge shows and lifts what stands on it", r.Rule, a.Config.Path)
	}
	return fmt.Errorf("there is no rule %q in %s; %s", r.Rule, a.Config.Path, config.Suggest(r.Rule, rules))
}

// UndoResult is what undo prints.
type UndoResult struct {
	Kind    store.BatchKind `json:"kind"`
	Batch   int64           `json:"batch,omitempty"`  // of what was done
	Undoes  int64           `json:"undoes,omitempty"` // the batch that is taken back
	About   string          `json:"about"`
	Applied bool            `json:"applied"`
	*effect
	Changes int64 `json:"changes"` // ledger entries
	Unswept int64 `json:"unswept"` // events that wait for the next sweep, and are not in the numbers

	idle  string // what becomes of evidence about contacts that are not suppressed
	again string // the command line that does it
}

// UndoEvents strikes the evidence of a range of events, or shows what that does.
func UndoEvents(ctx context.Context, out *ui.Printer, ops *app.Operations, r *UndoRange, apply bool, now hygiene.Instant) (*UndoResult, error) {
	a := &app.App{Config: ops.Config, Store: ops.Store}
	if err := r.checkNames(out, a); err != nil {
		return nil, err
	}
	r.warnOfSource(out, ops.Config)
	in, policy := r.strike, ops.Config.Policy
	u := &UndoResult{Kind: store.UndoBatch, About: about(in), Applied: apply, effect: newEffect(now), idle: "such evidence about them counts no longer", again: r.commandLine(ops.Config.Path)}
	if apply {
		did, err := ops.Strike(ctx, in, store.Batch{Kind: store.UndoBatch, By: app.Operator(), Note: r.Note, About: u.About}, now, u.effect.observe)
		return u.applied(did, err)
	}
	return u, u.preview(ctx, out, ops.Store, now, func(contact *hygiene.Contact, m hygiene.Moment) bool {
		told := in
		told.Moment = m
		return policy.Concerns(contact, &told) && len(policy.Instruct(contact, told)) > 0
	})
}

// UndoBatch takes a batch back, or shows what that does.
func UndoBatch(ctx context.Context, out *ui.Printer, ops *app.Operations, batch int64, note string, apply bool, now hygiene.Instant) (*UndoResult, error) {
	t, err := ops.Store.TakingBack(batch)
	if err == nil {
		err = canTakeBack(t)
	}
	if err != nil {
		return nil, err
	}
	policy := ops.Config.Policy
	u := &UndoResult{Kind: store.UndoBatch, Undoes: batch, About: fmt.Sprintf("batch %d: %s of %s", batch, t.Batch.Kind, t.Batch.About), Applied: apply, effect: newEffect(now),
		idle: "such evidence about them counts again", again: fmt.Sprintf("winnow undo --batch %d%s", batch, app.ConfigFlag(ops.Config.Path))}
	if !t.Revoked {
		u.idle = "such evidence about them counts no longer, once more"
	}
	if apply {
		did, err := ops.Undo(ctx, batch, store.Batch{By: app.Operator(), Note: note, About: u.About}, now, u.effect.observe)
		return u.applied(did, err)
	}
	return u, u.preview(ctx, out, ops.Store, now, func(contact *hygiene.Contact, m hygiene.Moment) bool {
		return t.Concerns(policy, contact) && len(t.Tell(policy, contact, m)) > 0
	})
}

// canTakeBack tells what to do instead about what is no instruction to contacts.
func canTakeBack(t store.TakingBack) error {
	b := t.Root
	switch b.Kind {
	case store.RejudgeBatch:
		return fmt.Errorf("batch %d judged everyone again by another config and is taken back by judging again: put the config of before back (winnow policy lists them, winnow policy show prints one), then winnow rejudge --apply", b.ID)
	case store.ReclassifyBatch:
		return fmt.Errorf("batch %d gave stored events the outcomes of the config, and is taken back in the same way: put the outcomes of before back, then winnow reclassify --apply", b.ID)
	case store.ReleaseBatch:
		return fmt.Errorf("batch %d let events count that a breaker had held: winnow undo --since … --until … with the times of the surge lifts what they did", b.ID)
	}
	return nil
}

// preview runs change on copies of all contacts, and counts what it would do.
func (u *UndoResult) preview(ctx context.Context, out *ui.Printer, s *store.Store, now hygiene.Instant, change func(*hygiene.Contact, hygiene.Moment) bool) error {
	totals, err := s.Totals()
	if err != nil {
		return err
	}
	m := hygiene.Moment{At: now, Seq: totals.LastSeq}
	u.Unswept = totals.Lag
	var parts []*effect
	show, done := out.Progress("of " + ui.Number(totals.Contacts) + " contact")
	_, err = s.Pass(ctx, func(segments.Lists) store.Visitor {
		part := newEffect(m.At)
		parts = append(parts, part)
		return func(contact *hygiene.Contact) error {
			before := *contact
			before.Suppressions = slices.Clone(contact.Suppressions)
			if change(contact, m) {
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
	return nil
}

// applied takes over what was done.
func (u *UndoResult) applied(did store.Batched, err error) (*UndoResult, error) {
	if err != nil {
		return nil, cutShort(err, did)
	}
	u.Batch, u.Changes = did.Batch, did.Changes
	return u, nil
}

// Print shows what was undone, or would be.
func (u *UndoResult) Print(out *ui.Printer, path string) error {
	u.effect.done()
	if out.JSON {
		return out.PrintJSON(u)
	}
	fmt.Fprintln(out.Stdout, u.sentence())
	if u.Contacts > 0 {
		u.effect.print(out.Stdout, u.idle)
		fmt.Fprintln(out.Stdout)
	}
	if u.Unswept > 0 {
		fmt.Fprintf(out.Stdout, "%s not swept yet and not in these numbers; --apply sweeps them first\n", ui.CountVerb(u.Unswept, "event", "is", "are"))
	}
	if u.Applied {
		return app.PrintBatch(out.Stdout, u.Batch, path)
	}
	if u.Contacts+u.Unswept == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out.Stdout, "nothing was changed; %s --apply does it\n", u.again)
	return err
}

func (u *UndoResult) sentence() string {
	switch {
	case u.Contacts == 0 && u.Applied && u.Batch == 0:
		return "undo of " + u.About + ": nobody is concerned any more, nothing was changed"
	case u.Contacts == 0 && u.Applied && u.Undoes == 0:
		return "undo of " + u.About + ": nobody is concerned yet; such events whose contact is not known yet count no longer once it is"
	case u.Contacts == 0 && !u.Applied:
		return "undo of " + u.About + ": nobody is concerned"
	case u.Applied:
		return fmt.Sprintf("undid %s: %s, %s released, %s in the ledger", u.About, ui.Count(u.Contacts, "contact"), ui.Number(u.Released), ui.Count(u.Changes, "change"))
	}
	return fmt.Sprintf("undo of %s: concerns %s and would release %s", u.About, ui.Count(u.Contacts, "contact"), ui.Number(u.Released))
}

// about is what a strike is about, in words.
func about(in hygiene.Instruction) string {
	text := app.ReasonsLifted(in.Reason)
	for _, part := range [][2]string{{"rule", in.Rule}, {"code", in.Code}, {"source", in.Source}} {
		if part[1] != "" {
			text += ", " + part[0] + " " + part[1]
		}
	}
	return fmt.Sprintf("%s, events from %s to %s", text, in.From, in.To)
}

// commandLine is the command line that does what was shown: up to the same time,
// though that was the present.
func (r *UndoRange) commandLine(path string) string {
	text := "winnow undo"
	for _, f := range [][2]string{{"rule", r.Rule}, {"reason", r.Reason}, {"since", r.Since}, {"until", cmp.Or(r.Until, r.strike.To.String())},
		{"code", r.Code}, {"source", r.Source}, {"note", r.Note}} {
		if f[1] != "" {
			text += " --" + f[0] + " " + ui.ShellQuote(f[1])
		}
	}
	return text + app.ConfigFlag(path)
}
