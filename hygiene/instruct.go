package hygiene

import (
	"cmp"
	"slices"
)

// Instruct records an instruction for the contact, and judges it again. One that
// changes nothing is kept all the same: what it leaned on may be undone.
//
// Of a merged contact it is recorded for the part by whose key the contact was asked
// for. A strike is about all parts.
func (p *Policy) Instruct(c *Contact, in Instruction) []Change {
	in.Reason, _ = p.ReasonOf(in.Reason)
	in.Spares = p.Spared(&in)
	key := cmp.Or(c.Alias, c.Key)
	if in.Kind == Strike {
		key = ""
	}
	c.eachPart(key, func(part *Contact) {
		if in.Kind != Strike || p.Affects(part, &in) {
			p.Instruct(part, in)
		}
	})
	if in.Kind == Suppress && c.saidInBatch(&in) {
		return nil
	}
	if in.Kind == Allow {
		in.To = c.knownAhead(&in)
	}
	c.dropSuperseded(&in)
	c.record(in)
	c.mergeActs(&in)
	before := c.Suppressions
	changes := p.rejudge(c, remake{cause: in.Moment})
	for i := range changes {
		changes[i].By, changes[i].Note = in.By, in.Note
	}
	act := Change{At: in.At, Seq: in.Seq, Reason: in.Reason, By: in.By, Note: in.Note}
	switch in.Kind {
	case Suppress:
		// An import that changes nothing is kept without a ledger entry: a list that is
		// imported every night would otherwise fill the ledger.
		if act.Act, act.Origin, act.Until = Confirmed, in.Origin, in.Until; len(changes) == 0 && in.Origin == ByOperator {
			changes = append(changes, act)
		}
	case Allow, Strike:
		c.instruction(&in).Lifted = c.missing(before, &in)
		act.Act = Allowed
		if in.Kind == Strike {
			act.Act = Struck
		}
		changes = append(changes, act)
	}
	return changes
}

// Spared are the reasons that an Allow or a Strike spares; nil for all that it is about.
func (p *Policy) Spared(in *Instruction) []string {
	if in.Reason == "" && in.Spares == nil && (in.Kind == Allow || in.Kind == Strike) {
		return p.protected
	}
	return in.Spares
}

// instruction finds a recorded instruction: the latest like it.
func (c *Contact) instruction(in *Instruction) *Instruction {
	for i := len(c.Instructions) - 1; i >= 0; i-- {
		if old := &c.Instructions[i]; old.IsOwn() && old.Moment == in.Moment && old.Kind == in.Kind && old.Batch == in.Batch && old.Reason == in.Reason {
			return old
		}
	}
	return in
}

// saidInBatch reports whether the batch suppresses the contact for that reason
// already, and for as long: a list may name a contact twice.
func (c *Contact) saidInBatch(in *Instruction) bool {
	return in.Batch != 0 && slices.ContainsFunc(c.Instructions, func(old Instruction) bool {
		return old.IsOwn() && old.Kind == Suppress && old.Batch == in.Batch && old.Reason == in.Reason && old.Origin == in.Origin && !endsLater(in.Until, old.Until)
	})
}

// knownAhead is the time up to which an Allow lifts what its log had: that of the
// latest suppression that it is about and that lies ahead of its clock; 0 for none. A
// clock that was ahead and was set back leaves such suppressions.
func (c *Contact) knownAhead(in *Instruction) (t Instant) {
	for i := range c.Suppressions {
		if s := &c.Suppressions[i]; in.lifts(s.Reason) && s.Since.At > in.At && s.Since.Seq <= in.Seq {
			t = max(t, s.Since.At)
		}
	}
	return t
}

// actsKept is how many acts that suppress for the same reason until the same time can
// be undone each by itself. An older one is merged into the oldest, which then stands
// until it is lifted: a list that is imported every night must not grow contacts.
const actsKept = 8

// mergeActs merges acts like the one that was recorded, so that their number is
// bounded.
func (c *Contact) mergeActs(in *Instruction) {
	if in.Kind != Suppress {
		return
	}
	var like []int
	for i := range c.Instructions {
		old := &c.Instructions[i]
		switch {
		case old.Undone || !old.IsOwn():
		case old.Kind == Suppress && old.Reason == in.Reason && old.Origin == in.Origin && old.Until == in.Until:
			like = append(like, i)
		case old.Kind == Allow && old.lifts(in.Reason):
			like = like[:0]
		}
	}
	if len(like) > actsKept {
		c.Instructions[like[0]].Batch = 0
		c.Instructions = slices.Delete(c.Instructions, like[1], like[1]+1)
	}
}

// undoable is how many Allows of all reasons can be undone, one after the other.
const undoable = 8

// dropSuperseded drops instructions that later ones make needless, so that their
// number is bounded. An Allow of all reasons lifts and strikes everything before
// it, except for what it spares and tags. What came after the eighth such Allow from the
// end is kept, because undoing those puts it into effect again.
func (c *Contact) dropSuperseded(in *Instruction) {
	if in.Kind != Allow || in.Reason != "" || c.latest().After(in.Moment) {
		return
	}
	n, allows := len(c.Instructions), 0
	for n > 0 && allows < undoable {
		if n--; c.Instructions[n].sameAllow(in) {
			allows++
		}
	}
	if allows < undoable {
		return
	}
	kept := slices.Clone(c.Instructions[n:])
	c.Instructions = append(slices.DeleteFunc(c.Instructions[:n], func(old Instruction) bool {
		return old.Kind != UntagByReview && old.IsOwn() && in.supersedes(&old)
	}), kept...)
}

// sameAllow reports whether both are an Allow of the same reasons, this one in
// effect.
func (in *Instruction) sameAllow(other *Instruction) bool {
	return in.Kind == Allow && !in.Undone && in.Reason == other.Reason && slices.Equal(in.Spares, other.Spares)
}

// supersedes reports whether an Allow without a reason lifts whatever the other one,
// which is earlier, opened, lifted or struck.
func (in *Instruction) supersedes(old *Instruction) bool {
	if old.Reason != "" {
		return in.lifts(old.Reason)
	}
	return !slices.ContainsFunc(in.Spares, func(reason string) bool { return !slices.Contains(old.Spares, reason) })
}

// record keeps an instruction in its place, in order of moments.
func (c *Contact) record(in Instruction) {
	i := len(c.Instructions)
	for i > 0 && c.Instructions[i-1].After(in.Moment) {
		i--
	}
	c.Instructions = slices.Insert(c.Instructions, i, in)
}

// missing lists the suppressions by rules of before that were in force when the
// instruction was made and are no longer there.
func (c *Contact) missing(before []Suppression, in *Instruction) []Suppression {
	var list []Suppression
	for _, s := range before {
		if s.Origin == ByRule && s.spans(max(in.At, min(in.To, s.Since.At))) && c.suppression(s.key()) < 0 {
			list = append(list, s)
		}
	}
	return list
}
