package hygiene

import (
	"slices"
)

// InstructionKind is what an instruction does.
type InstructionKind uint8

// The kinds of instructions. The numbers are stored.
const (
	Suppress InstructionKind = iota + 1 // open a suppression, by an operator or an import
	Allow                               // lift, and strike all evidence up to now
	Strike                              // strike the evidence of a range, and judge again
	ReleaseByReview
	UntagByReview
	SuppressByReview
)

// Instruction is a decision about a contact that does not follow from an event: of
// an operator, an import or a review. It is kept with the contact, because a replay
// obeys it.
type Instruction struct {
	Moment // of the decision; Seq is the end of the log at that time
	Kind   InstructionKind
	Reason string // of the suppression, or of what is lifted or struck; empty: all but opted_out. For UntagByReview the tag.
	Origin Origin // of a Suppress
	Until  Instant
	By     string
	Note   string

	// What a Strike strikes: evidence from From to To, both included, where they are
	// not empty only of this source, code and outcome, and only for what this rule
	// makes of it; and everything that the breaker trip Held holds.
	From, To     Instant
	Source, Code string
	Outcome      Outcome
	Held         int64
	// Rule is also the rule of what a review did, so that it ends with its rule.
	Rule     string
	Digest   uint64
	Evidence []int64 // what a SuppressByReview counted

	// Batch is the bulk change of which this is one contact's part; 0 for none. The
	// instructions of a batch that was undone are Revoked: they are kept, and have no
	// effect.
	Batch  int64
	Undone bool
	// Lifted is what rules had suppressed when a Strike or an Allow lifted it. It is
	// put back when the instruction is undone and the history no longer shows why.
	Lifted []Suppression
}

// lifts reports whether the instruction is about that reason.
func (in *Instruction) lifts(reason string) bool {
	if in.Reason == "" {
		return reason != OptedOut
	}
	return in.Reason == reason
}

// strikes reports whether the entry no longer counts for what suppresses for the
// reason. An empty reason is that of retries: only an Allow of all reasons strikes
// their evidence, and a Strike of what a breaker trip held.
func (in *Instruction) strikes(reason, rule string, e *Entry, k Kind) bool {
	switch {
	case in.Undone:
	case in.Kind == Allow:
		return e.At <= in.At && (reason == "" && in.Reason == "" || reason != "" && in.lifts(reason))
	case in.Kind == Strike && reason == "":
		return in.Held != 0 && in.Reason == "" && in.covers(e, k)
	case in.Kind == Strike:
		return in.lifts(reason) && (in.Rule == "" || in.Rule == rule) && in.covers(e, k)
	}
	return false
}

// hasStrikes reports whether an instruction may strike entries.
func (c *Contact) hasStrikes() bool {
	for i := range c.Instructions {
		if kind := c.Instructions[i].Kind; kind == Allow || kind == Strike {
			return true
		}
	}
	return false
}

// covers reports whether a Strike is about the entry.
func (in *Instruction) covers(e *Entry, k Kind) bool {
	if in.Held != 0 && e.held == in.Held {
		return true
	}
	return in.From <= e.At && e.At <= in.To && e.Seq <= in.Seq && (in.Source == "" || in.Source == k.Source) &&
		(in.Code == "" || in.Code == k.Code) && (in.Outcome == 0 || in.Outcome == e.outcome)
}

// strikesOpening reports whether a Strike is about the opening of a suppression. It
// is for suppressions whose evidence can't be checked: frozen ones, and those that a
// review opened.
func (in *Instruction) strikesOpening(s *Suppression) bool {
	if in.Kind != Strike || in.Undone || !in.lifts(s.Reason) || s.Origin != ByRule || in.Rule != "" && in.Rule != s.Rule {
		return false
	}
	if in.Held != 0 && s.Held == in.Held {
		return true
	}
	return in.Source == "" && in.Code == "" && in.Outcome == 0 &&
		in.From <= s.Since.At && s.Since.At <= in.To && s.Since.Seq <= in.Seq
}

// suppression is what a SuppressByReview opens.
func (in *Instruction) suppression() *Suppression {
	grounds := Cause{Rule: in.Rule, Digest: in.Digest, Review: true, Evidence: in.Evidence}
	return &Suppression{Reason: in.Reason, Since: in.Moment, Until: in.Until, Cause: grounds}
}

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
	i := c.suppression(suppressionKey{reason: in.Reason, hand: in.Origin})
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
// end is kept: undoing those brings it back into effect.
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

// endsLater reports whether the end a is later than the end b; 0 is never.
func endsLater(a, b Instant) bool { return b != 0 && (a == 0 || a > b) }
