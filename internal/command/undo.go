package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
)

// undoCommand lifts in bulk what rules made of a range of events, or takes an
// act by hand back.
type undoCommand struct {
	Rule   string `placeholder:"RULE" help:"Only what this rule makes of it."`
	Reason string `placeholder:"REASON" help:"Only this reason; without it, all but opted_out."`
	Since  string `placeholder:"TIME" help:"Of events from this time on, in RFC 3339; a date is its first instant, UTC."`
	Until  string `placeholder:"TIME" help:"Of events up to this time; the present when not said."`
	Code   string `placeholder:"CODE" help:"Only of events with this code."`
	Source string `placeholder:"SOURCE" help:"Only of events of this source."`
	Batch  int64  `placeholder:"N" help:"Take this act by hand back instead: undo, suppress, allow, breaker discard."`
	List   bool   `help:"List the acts by hand, the latest first."`
	Note   string `placeholder:"TEXT" help:"Why, for whoever asks later."`
	Apply  bool   `help:"Do it. Without it, only show."`
}

// Run shows what would be undone, or undoes it.
func (x undoCommand) Run(c *call) error {
	ranged := x.Rule+x.Reason+x.Since+x.Until+x.Code+x.Source != ""
	switch {
	case x.List && (ranged || x.Batch != 0 || x.Apply), x.Batch != 0 && ranged:
		return ui.Usagef("undo takes back a range of events (--since …), or a batch (--batch N), or lists batches (--list): one of them")
	case x.List:
		return c.look(c.listBatches)
	case x.Batch != 0:
		return c.look(func(h *house) error { return x.takeBack(c, h) })
	case x.Since == "":
		return ui.Usagef("undo needs --since, the time from which events no longer count: winnow undo --since 2026-11-23T02:00:00Z --until 2026-11-23T03:00:00Z shows what it would lift")
	}
	in, err := x.instruction(c.present())
	if err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.look(func(h *house) error {
		if err := x.checkNames(c, h); err != nil {
			return err
		}
		x.noteSource(c, h)
		return x.strike(c, h, in)
	})
}

// instruction is what each contact is told.
func (x undoCommand) instruction(now hygiene.Instant) (in hygiene.Instruction, err error) {
	in = hygiene.Instruction{Kind: hygiene.Strike, Rule: x.Rule, Reason: x.Reason, Source: x.Source, Code: x.Code, To: now}
	if in.From, err = hygiene.ParseDate(x.Since); err != nil {
		return in, fmt.Errorf("--since: %w", err)
	}
	if x.Until != "" {
		if in.To, err = hygiene.ParseDate(x.Until); err != nil {
			return in, fmt.Errorf("--until: %w", err)
		}
	}
	if in.To < in.From {
		return in, fmt.Errorf("--until %s is before --since %s", in.To, in.From)
	}
	if in.To == in.From && len(x.Until) == len("2006-01-02") {
		return in, fmt.Errorf("from %s to %s is no time at all: a date is its first instant, so name the day after as --until", in.From, in.To)
	}
	return in, nil
}

// checkNames tells of a rule or a reason that the config does not have: nothing
// would be found, and a typing error would look like a clean list.
func (x undoCommand) checkNames(c *call, h *house) error {
	rules, reasons := suppressing(h.config.Policy)
	i := slices.IndexFunc(h.config.Policy.Rules, func(r hygiene.Rule) bool { return r.Name == x.Rule })
	switch {
	case x.Rule != "" && i < 0:
		return x.noRule(c, h, rules)
	case x.Rule != "" && h.config.Policy.Rules[i].Then.Suppress == nil:
		return fmt.Errorf("the rule %q suppresses nobody, so there is nothing to lift; those that do: %s", x.Rule, strings.Join(rules, ", "))
	case x.Rule != "":
		reason := h.config.Policy.Rules[i].Then.Suppress.Reason
		if reason == hygiene.OptedOut && x.Reason == "" {
			return fmt.Errorf("the rule %q suppresses for %s, which is only lifted when it is named: add --reason %s", x.Rule, reason, reason)
		}
		if x.Reason != "" && x.Reason != reason {
			return fmt.Errorf("the rule %q suppresses for %s, not for %s", x.Rule, reason, x.Reason)
		}
	case x.Reason != "" && !slices.Contains(reasons, x.Reason):
		return fmt.Errorf("no rule in %s suppresses for %q, and what was done by hand is taken back with --batch; %s", c.config, x.Reason, config.Suggest(x.Reason, reasons))
	}
	return nil
}

// noteSource tells of a source that the config does not have. Its events may be
// there all the same, from when it had.
func (x undoCommand) noteSource(c *call, h *house) {
	var names []string
	for _, s := range h.config.Sources {
		names = append(names, s.Name)
	}
	if x.Source != "" && !slices.Contains(names, x.Source) {
		fmt.Fprintf(c.Stderr, "winnow: there is no source %q in %s; %s\n", x.Source, c.config, config.Suggest(x.Source, names))
	}
}

// noRule tells whether a rule has been, or which one may be meant.
func (x undoCommand) noRule(c *call, h *house, rules []string) error {
	past, err := c.pastOf(h)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(past.judged, func(p *hygiene.Policy) bool { return has(p, x.Rule) }) {
		return fmt.Errorf("the rule %q is no longer in %s: winnow rejudge shows and lifts what stands on it", x.Rule, c.config)
	}
	return fmt.Errorf("there is no rule %q in %s; %s", x.Rule, c.config, config.Suggest(x.Rule, rules))
}

// suppressing names the rules that suppress, and their reasons.
func suppressing(p *hygiene.Policy) (rules, reasons []string) {
	for i := range p.Rules {
		if s := p.Rules[i].Then.Suppress; s != nil {
			rules, reasons = append(rules, p.Rules[i].Name), append(reasons, s.Reason)
		}
	}
	slices.Sort(reasons)
	return rules, slices.Compact(reasons)
}

// undone is what undo prints.
type undone struct {
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

func (x undoCommand) strike(c *call, h *house, in hygiene.Instruction) error {
	u := &undone{Kind: store.UndoBatch, About: about(in), Applied: x.Apply, idle: "such evidence about them counts no longer", again: x.line(c, in)}
	policy, now := h.config.Policy, c.present()
	if x.Apply {
		u.effect = newEffect(now)
		a, done := c.act(h, "contact")
		did, err := a.strike(c.ctx, in, store.Batch{Kind: store.UndoBatch, By: operator(), Note: x.Note, About: u.About}, now, u.effect.watch)
		done()
		return u.finish(c, did, err)
	}
	return u.preview(c, h, func(contact *hygiene.Contact, m hygiene.Moment) bool {
		told := in
		told.Moment = m
		return policy.Concerns(contact, &told) && len(policy.Instruct(contact, told)) > 0
	})
}

func (x undoCommand) takeBack(c *call, h *house) error {
	t, err := h.store.TakingBack(x.Batch)
	if err == nil {
		err = canTakeBack(t)
	}
	if err != nil {
		return err
	}
	u := &undone{Kind: store.UndoBatch, Undoes: x.Batch, About: fmt.Sprintf("batch %d: %s of %s", x.Batch, t.Batch.Kind, t.Batch.About), Applied: x.Apply,
		idle: "such evidence about them counts again", again: fmt.Sprintf("winnow undo --batch %d%s", x.Batch, c.withConfig())}
	if !t.Revoked {
		u.idle = "such evidence about them counts no longer, once more"
	}
	policy, now := h.config.Policy, c.present()
	if x.Apply {
		u.effect = newEffect(now)
		a, done := c.act(h, "contact")
		did, err := a.takeBack(c.ctx, x.Batch, store.Batch{By: operator(), Note: x.Note, About: u.About}, now, u.effect.watch)
		done()
		return u.finish(c, did, err)
	}
	return u.preview(c, h, func(contact *hygiene.Contact, m hygiene.Moment) bool {
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

// preview runs change on copies of everyone, and shows what it would do.
func (u *undone) preview(c *call, h *house, change func(*hygiene.Contact, hygiene.Moment) bool) error {
	totals, err := h.store.Totals()
	if err != nil {
		return err
	}
	m := hygiene.Moment{At: c.present(), Seq: totals.LastSeq}
	u.Unswept, u.effect = totals.Lag, newEffect(m.At)
	var parts []*effect
	show, done := c.Progress("of " + ui.Number(totals.Contacts) + " contact")
	_, err = h.store.Pass(c.ctx, func(segments.Lists) store.Visitor {
		part := newEffect(m.At)
		parts = append(parts, part)
		return func(contact *hygiene.Contact) error {
			before := *contact
			before.Suppressions = slices.Clone(contact.Suppressions)
			if change(contact, m) {
				part.watch(&before, contact)
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
	return u.print(c)
}

// finish shows what was done.
func (u *undone) finish(c *call, did store.Batched, err error) error {
	if err != nil {
		if did.Batch != 0 {
			err = fmt.Errorf("%w; batch %d was cut short after %s: doing it again does the rest", err, did.Batch, ui.Count(did.Contacts, "contact"))
		}
		return err
	}
	u.Batch, u.Changes = did.Batch, did.Changes
	return u.print(c)
}

func (u *undone) print(c *call) error {
	u.effect.done()
	if c.JSON {
		return c.PrintJSON(u)
	}
	fmt.Fprintln(c.Stdout, u.sentence())
	if u.Contacts > 0 {
		u.effect.print(c.Stdout, u.idle)
		fmt.Fprintln(c.Stdout)
	}
	if u.Unswept > 0 {
		fmt.Fprintf(c.Stdout, "%s not swept yet and not in these numbers; --apply sweeps them first\n", ui.CountVerb(u.Unswept, "event", "is", "are"))
	}
	if u.Applied {
		return c.tellBatch(u.Batch)
	}
	if u.Contacts+u.Unswept == 0 {
		return nil
	}
	_, err := fmt.Fprintf(c.Stdout, "nothing was changed; %s --apply does it\n", u.again)
	return err
}

func (u *undone) sentence() string {
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
	text := reasonsMeant(in.Reason)
	for _, part := range [][2]string{{"rule", in.Rule}, {"code", in.Code}, {"source", in.Source}} {
		if part[1] != "" {
			text += ", " + part[0] + " " + part[1]
		}
	}
	return fmt.Sprintf("%s, events from %s to %s", text, in.From, in.To)
}

// line is the command line that does what was shown: up to the same time, though
// that was the present.
func (x undoCommand) line(c *call, in hygiene.Instruction) string {
	text := "winnow undo"
	for _, f := range [][2]string{{"rule", x.Rule}, {"reason", x.Reason}, {"since", x.Since}, {"until", cmp.Or(x.Until, in.To.String())},
		{"code", x.Code}, {"source", x.Source}, {"note", x.Note}} {
		if f[1] != "" {
			text += " --" + f[0] + " " + ui.ShellQuote(f[1])
		}
	}
	return text + c.withConfig()
}

// How many batches are listed on a screen, and as JSON.
const (
	batchesShown  = 20
	batchesListed = 10_000
)

// listBatches lists the acts by hand.
func (c *call) listBatches(h *house) error {
	if c.JSON {
		list, err := h.store.Batches(batchesListed)
		if err != nil {
			return err
		}
		return c.PrintJSON(append([]store.Batch{}, list...))
	}
	list, err := h.store.Batches(batchesShown + 1)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(c.Stdout, "Nothing was done by hand yet.")
		return nil
	}
	rows := [][]string{{"BATCH", "AT", "BY", "KIND", "CONTACTS", "CHANGES", "ABOUT", ""}}
	for _, b := range list[:min(len(list), batchesShown)] {
		state := ""
		switch {
		case b.UndoneBy != 0:
			state = fmt.Sprintf("undone by %d", b.UndoneBy)
		case !b.Done:
			state = "under way, or cut short"
		}
		rows = append(rows, []string{fmt.Sprint(b.ID), b.At.String(), b.By, string(b.Kind), ui.Number(b.Contacts), ui.Number(b.Changes), b.About, state})
	}
	ui.Table(c.Stdout, rows)
	if len(list) > batchesShown {
		fmt.Fprintf(c.Stdout, "… and older ones; --json lists the latest %s\n", ui.Number(batchesListed))
	}
	return nil
}
