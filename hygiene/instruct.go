package hygiene

import "slices"

// Instruct records an instruction for the contact, and judges it again. A Suppress
// or an Allow that would change nothing is neither kept nor entered in the ledger.
func (p *Policy) Instruct(c *Contact, in Instruction) []Change {
	if in.Kind == Suppress && c.isSuppressedBy(&in) || in.Kind == Allow && c.isAllowedBy(&in) {
		return nil
	}
	c.dropSuperseded(&in)
	recorded := c.record(in)
	before := c.Suppressions
	changes := p.rejudge(c, in.Moment, nil)
	for i := range changes {
		changes[i].By, changes[i].Note = in.By, in.Note
	}
	switch in.Kind {
	case Allow, Strike:
		recorded.Lifted = c.missing(before, in.At)
		act := Allowed
		if in.Kind == Strike {
			act = Struck
		}
		changes = append(changes, Change{At: in.At, Seq: in.Seq, Act: act, Reason: in.Reason, By: in.By, Note: in.Note})
	}
	return changes
}

// isSuppressedBy reports whether a Suppress would change nothing.
func (c *Contact) isSuppressedBy(in *Instruction) bool {
	i := c.suppression(suppressionKey{reason: in.Reason, origin: in.Origin})
	return i >= 0 && c.Suppressions[i].OpenAt(in.At) && !endsLater(in.Until, c.Suppressions[i].Until)
}

// isAllowedBy reports whether an Allow would change nothing: the same Allow is the
// latest instruction, and nothing happened since.
func (c *Contact) isAllowedBy(in *Instruction) bool {
	n := len(c.Instructions)
	return n > 0 && c.Instructions[n-1].sameAllow(in) && !c.latest().After(c.Instructions[n-1].Moment)
}

// undoable is how many Allows of all reasons can be undone, one after the other.
const undoable = 8

// dropSuperseded drops instructions that later ones make needless, so that their
// number is bounded. An Allow of all reasons lifts and strikes everything before
// it, except for opt-outs and tags. What came after the eighth such Allow from the
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
		return old.Reason != OptedOut && old.Kind != UntagByReview
	}), kept...)
}

// sameAllow reports whether both are an Allow of the same reason, this one in
// effect.
func (in *Instruction) sameAllow(other *Instruction) bool {
	return in.Kind == Allow && !in.Undone && in.Reason == other.Reason
}

// record keeps an instruction in its place, in order of moments.
func (c *Contact) record(in Instruction) *Instruction {
	i := len(c.Instructions)
	for i > 0 && c.Instructions[i-1].After(in.Moment) {
		i--
	}
	c.Instructions = slices.Insert(c.Instructions, i, in)
	return &c.Instructions[i]
}

// missing lists the suppressions by rules of before that were in force at t and are
// no longer there.
func (c *Contact) missing(before []Suppression, t Instant) []Suppression {
	var list []Suppression
	for _, s := range before {
		if s.Origin == ByRule && s.spans(t) && c.suppression(s.key()) < 0 {
			list = append(list, s)
		}
	}
	return list
}
