package hygiene

import (
	"cmp"
	"slices"
)

// Giver is the id of the contact that gave the instruction to its number; 0 for none.
func (c *Contact) Giver(in *Instruction) int64 {
	if in.from == 0 {
		return 0
	}
	return c.History.givers[in.from-1]
}

// GiverOf is the id of the contact on whose evidence the suppression of a number rests:
// that of the earliest entry that the number still has, or of the act. It is 0 when
// the number itself was named, or when that is no longer known.
func (c *Contact) GiverOf(s *Suppression) int64 {
	var first *Entry
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			e := &c.History.outcomes[o].Entries[i]
			if (slices.Contains(s.Evidence, e.Seq) || e.lastSeq != 0 && slices.Contains(s.Evidence, e.lastSeq)) && (first == nil || first.After(e.Moment)) {
				first = e
			}
		}
	}
	switch {
	case first != nil && first.from != 0:
		return c.History.givers[first.from-1]
	case first != nil:
		return 0
	}
	for i := range c.Instructions {
		if in := &c.Instructions[i]; (in.Kind == Suppress) == (s.Origin != ByRule) && in.opens() && in.Moment == s.Since && in.Reason == s.Reason && in.Origin == s.Origin {
			return c.Giver(in)
		}
	}
	if len(c.History.givers) == 1 && s.Origin == ByRule {
		return c.History.givers[0]
	}
	return 0
}

// IsNamed reports whether the suppression of a number comes from an act or an event that
// names the number itself.
func (c *Contact) IsNamed(s *Suppression) bool {
	return c.GiverOf(s) == 0 && (s.Origin != ByRule || slices.ContainsFunc(c.ownEntries(), func(e *Entry) bool {
		return slices.Contains(s.Evidence, e.Seq) || e.lastSeq != 0 && slices.Contains(s.Evidence, e.lastSeq)
	}))
}

// Givers lists the ids of the contacts that gave something to the number.
func (c *Contact) Givers() []int64 { return c.History.givers }

// Given forgets what was on the way to the contact's numbers: they have it.
func (c *Contact) Given() { c.settled, c.unsaid, c.named = nil, nil, "" }

// MayOpenOn reports whether the contact gives to the number something that may open a
// suppression there, so that the number is to be a subject of its own.
func (p *Policy) MayOpenOn(c *Contact, phone string) bool {
	for o := range p.opening.All() {
		for i := range c.History.outcomes[o].Entries {
			if c.NumberOf(&c.History.outcomes[o].Entries[i]) == phone {
				return true
			}
		}
	}
	for i := range c.settled {
		if c.NumberAt(c.settled[i].Since.At) == phone {
			return true
		}
	}
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return in.opens() && p.givesAct(c, &in, phone)
	}) || len(p.wordsOnContact(c, phone)) > 0
}

// wordsOnContact are the words that rules opened which ask for what the number does not
// have, as the number keeps them.
func (p *Policy) wordsOnContact(c *Contact, phone string) (list []Instruction) {
	for i := range c.Suppressions {
		s := &c.Suppressions[i]
		if s.Origin != ByRule || s.Review || s.Held != 0 || !p.Protects(s.Reason) || c.NumberAt(s.Since.At) != phone {
			continue
		}
		if r := p.RuleOf(&s.Cause); r != nil && r.asksContact {
			list = append(list, Instruction{Moment: s.Since, Kind: SuppressByReview, Reason: s.Reason, Until: s.Until, Rule: s.Rule, Digest: s.Digest, Evidence: s.Evidence})
		}
	}
	return list
}

// MayOpen reports whether the contact gives something to one of its numbers that may open
// a suppression there.
func (p *Policy) MayOpen(c *Contact) bool {
	return p.numbers && !c.IsNumber() && c.anyPart(func(alone *Contact) bool {
		return alone.Parts == nil && slices.ContainsFunc(alone.AllNumbers(), func(phone string) bool { return p.MayOpenOn(alone, phone) })
	})
}

// givesAct reports whether an instruction of the contact lies on the number too. An act
// about a fault lies on the number that the contact had then; words lie on all of them.
func (p *Policy) givesAct(c *Contact, in *Instruction, phone string) bool {
	if in.OfNumber != "" {
		return false
	}
	then := c.NumberAt(in.At) == phone
	switch in.Kind {
	case Suppress:
		return then && p.liesOnNumbers(in.Reason)
	case SuppressByReview:
		return then && (p.IsFault(in.Reason) && p.opensOnNumber(in) || p.Protects(in.Reason) && !p.opensOnNumber(in))
	case Remembered: // words are remembered of the number itself
		return then && p.IsFault(in.Reason)
	case Allow:
		return in.Reason == "" && then || in.Reason != "" && (p.Protects(in.Reason) || then && p.IsFault(in.Reason))
	case Strike:
		return in.Reason == "" || p.liesOnNumbers(in.Reason)
	}
	return false
}

// opensOnNumber reports whether a review of a number may do what that of its contact did.
func (p *Policy) opensOnNumber(in *Instruction) bool {
	r := p.rule(in.Rule, in.Digest)
	return r == nil || !r.asksContact
}

// Give gives the number what lies on it of the contact, whose id is giver, in place of
// what it gave before, and judges the number again. What left the contact's history
// because that was full stays. It reports whether the number is another now, and
// whether its other contacts have to give again: it was full, and has room.
func (p *Policy) Give(number, c *Contact, giver int64, cause Moment) (changes []Change, changed, again bool) {
	g := gift{p: p, number: number, c: c, phone: NumberIn(number.Key), from: number.History.giver(giver)}
	before := number.snapshot()
	number.Suppressions = slices.Clone(number.Suppressions)
	for o := range allOutcomes.All() {
		g.entries(o)
	}
	g.acts()
	settled := g.settled()
	if !g.changed && len(settled) == 0 {
		return nil, false, false
	}
	if g.from > int32(len(number.History.givers)) {
		number.History.givers = append(slices.Clip(number.History.givers), giver)
	}
	for _, in := range g.undone {
		number.restoreLifted(in.Lifted)
	}
	number.restoreLifted(append(settled, g.behindHorizon()...))
	start := number.snapshot()
	gaveUp := p.replay(number, &start, remake{cause: cause, gone: g.left(), named: g.c.named, unsaid: g.c.unsaid})
	for i := range number.Instructions {
		if in := &number.Instructions[i]; in.from == g.from && slices.ContainsFunc(g.fresh, in.sameAct) {
			in.Lifted = number.missing(before.Suppressions, in)
		}
	}
	changes = diff(&before, number, cause, gaveUp)
	for i := range changes { // several events may have been given together
		if c := &changes[i]; len(c.Evidence) > 0 {
			c.Seq = slices.Max(c.Evidence)
		}
	}
	return changes, true, g.again
}

// NumberOnceGiven is the number that the contact has as it would be once the contact, as it
// is now, gave to it; nil when nothing would lie on it. What other contacts of the number
// would give anew is not known here. It may be changed.
func (p *Policy) NumberOnceGiven(c *Contact, cause Moment) *Contact {
	if !p.HasNumbers() || c.Phone == "" {
		return nil
	}
	number := &Contact{Key: NumberKey(c.Phone)}
	if c.Number != nil {
		*number = *c.Number
		number.Suppressions, number.Tags, number.Instructions = slices.Clone(number.Suppressions), slices.Clone(number.Tags), slices.Clone(number.Instructions)
		number.History.kinds, number.History.givers = slices.Clip(number.History.kinds), slices.Clip(number.History.givers)
	}
	some := c.Number != nil
	c.EachAlone(0, func(alone *Contact, _ int64) {
		giver, known := number.giverOfSome(alone)
		if known || p.MayOpenOn(alone, c.Phone) {
			p.Give(number, alone, giver, cause)
			some = true
		}
	})
	if !some {
		return nil
	}
	return number
}

// giverOfSome is the id under which the contact gave entries to the number; else one that
// no contact has.
func (c *Contact) giverOfSome(giver *Contact) (id int64, known bool) {
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			if e := &c.History.outcomes[o].Entries[i]; e.from != 0 && giver.History.has(e.Seq) {
				return c.History.givers[e.from-1], true
			}
		}
	}
	return -1 - int64(len(c.History.givers)), false
}

// giver is the place of the contact among the givers, counted from 1: one after the
// last for a new one.
func (h *History) giver(id int64) int32 {
	if i := slices.Index(h.givers, id); i >= 0 {
		return int32(i + 1)
	}
	return int32(len(h.givers) + 1)
}

// gift is what one contact gives to one number.
type gift struct {
	p         *Policy
	number, c *Contact
	phone     string
	from      int32

	added   []Entry
	gone    []int64       // seqs of entries that are no longer given
	fresh   []Instruction // that lift, and were not given before
	undone  []Instruction // that were in force before, with what they lifted
	changed bool
	again   bool
}

// entries replaces what the number has of the outcome from the contact.
func (g *gift) entries(o Outcome) {
	trail, own := &g.number.History.outcomes[o], &g.c.History.outcomes[o]
	var list []Entry // all that the number is to have
	var had []Entry
	for _, e := range trail.Entries {
		switch {
		case e.from != g.from:
			list = append(list, e)
		case own.Dropped && e.At <= own.Oldest() && !g.c.History.has(e.Seq): // the contact can no longer show it
			list = append(list, e)
		default:
			had = append(had, e)
		}
	}
	inherits := false
	if g.p.given.Has(o) {
		for _, e := range own.Entries {
			if g.c.NumberOf(&e) != g.phone {
				continue
			}
			e.kind, e.from, e.to = g.number.History.kindIndex(g.c.History.Kind(&e)), g.from, 0
			if i := slices.Index(had, e); i >= 0 {
				had = slices.Delete(had, i, i+1)
			} else { // it may be older than all that a full number keeps
				g.added = append(g.added, e)
			}
			list, inherits = append(list, e), own.Dropped
		}
	}
	inherits = inherits && !trail.Dropped
	for _, e := range had {
		if g.gone = append(g.gone, e.Seq); e.lastSeq != 0 {
			g.gone = append(g.gone, e.lastSeq)
		}
		g.again = g.again || trail.Dropped
	}
	if n := len(g.added); len(had) == 0 && !inherits && (n == 0 || g.added[n-1].outcome != o) {
		return
	}
	g.changed = true
	trail.refill(list, own, inherits)
}

// left are the seqs of entries that the number no longer has.
func (g *gift) left() []int64 { return slices.DeleteFunc(g.gone, g.number.History.has) }

// behindHorizon is what entries open that came when the number could not be judged anew
// as of their time: that of rules that look at one event alone.
func (g *gift) behindHorizon() []Suppression {
	var list []Suppression
	j := judge{p: g.p, c: g.number}
	horizons := g.p.horizons(&g.number.History)
	for i := range g.added {
		e := &g.added[i]
		for _, n := range g.p.triggers[e.outcome] {
			r := &g.p.Rules[n]
			s := r.Then.Suppress
			if s == nil || !g.p.liesOnNumbers(s.Reason) || e.At > horizons[n].opens || !r.isOfOneEvent() || !r.When.triggeredBy(e.outcome, g.number.History.Kind(e)) {
				continue
			}
			if struck := j.struck(s.Reason, r.Name); struck == nil || !struck(e) {
				list = append(list, g.p.suppressionOf(r, e, tally{seqs: []int64{e.Seq}, oldest: e.At, held: e.held}))
			}
		}
	}
	return list
}

// refill makes the entries those of the list, of which the latest are kept. inherits says
// that the history that gave them had dropped some.
func (t *OutcomeHistory) refill(list []Entry, own *OutcomeHistory, inherits bool) {
	slices.SortFunc(list, func(a, b Entry) int { return cmp.Or(a.Moment.Compare(b.Moment), cmp.Compare(a.from, b.from)) })
	t.Entries = list
	if inherits {
		t.Dropped = true
		t.First = earliest(t.First, own.First)
		t.repeatedUntil = max(t.repeatedUntil, own.repeatedUntil)
	}
	for len(t.Entries) > EntriesKept {
		t.First = earliest(t.First, t.Entries[0].At)
		t.drop(0)
	}
	if len(t.Entries) > 0 {
		if !t.Dropped {
			t.First = 0
		}
		t.First = earliest(t.First, t.Entries[0].At)
	} else if !t.Dropped {
		*t = OutcomeHistory{}
	}
}

// acts replaces the instructions that the contact gave the number.
func (g *gift) acts() {
	var had, have, list []Instruction
	for _, in := range g.number.Instructions {
		if in.from == g.from {
			had = append(had, in)
		} else {
			list = append(list, in)
		}
	}
	given := slices.DeleteFunc(slices.Clone(g.c.Instructions), func(in Instruction) bool { return !g.p.givesAct(g.c, &in, g.phone) })
	for _, in := range append(given, g.p.wordsOnContact(g.c, g.phone)...) {
		in.from, in.Lifted = g.from, nil
		switch i := slices.IndexFunc(had, in.sameAct); {
		case i >= 0:
			in.Lifted = had[i].Lifted
			if !had[i].Undone && in.Undone {
				g.undone = append(g.undone, in)
			}
		case !in.Undone && (in.Kind == Allow || in.Kind == Strike):
			g.fresh = append(g.fresh, in)
		}
		have = append(have, in)
	}
	if slices.EqualFunc(had, have, func(a, b Instruction) bool { return a.sameAct(b) && a.Undone == b.Undone }) {
		return
	}
	g.changed = true
	g.number.Instructions = list
	for _, in := range have {
		g.number.record(in)
	}
}

// sameAct reports whether both are the same act, undone or not.
func (in *Instruction) sameAct(b Instruction) bool {
	return in.Moment == b.Moment && in.Kind == b.Kind && in.Reason == b.Reason && in.Origin == b.Origin && in.Batch == b.Batch &&
		in.Until == b.Until && in.From == b.From && in.To == b.To && in.Source == b.Source && in.Code == b.Code && in.Outcome == b.Outcome &&
		in.Held == b.Held && in.FromSeq == b.FromSeq && in.Rule == b.Rule && slices.Equal(in.Messages, b.Messages) && slices.Equal(in.Spares, b.Spares) && in.By == b.By && in.Note == b.Note
}

// settled is what the contact's history no longer shows and the number takes over.
func (g *gift) settled() []Suppression {
	var list []Suppression
	for _, s := range g.c.settled {
		if g.c.NumberAt(s.Since.At) == g.phone {
			list = append(list, s)
		}
	}
	return list
}

// Place judges the contact again after what decides on which numbers its events lie has
// changed.
func (p *Policy) Place(c *Contact, cause Moment) []Change {
	if len(c.Numbers) > 1 || len(c.Sendings) > 0 {
		c.noteEvents()
	}
	c.eachPart("", func(part *Contact) { p.Place(part, cause) })
	changes := p.rejudge(c, remake{cause: cause})
	for i := range changes {
		changes[i].Note = "moved to its number"
	}
	return changes
}
