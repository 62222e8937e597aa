package hygiene

import "slices"

// InstructionKind is what an instruction tells.
type InstructionKind uint8

// The kinds of instructions. The numbers are stored.
const (
	Suppress InstructionKind = iota + 1 // open a suppression by hand or by import
	Allow                               // lift, and strike all evidence up to now
	Strike                              // strike evidence of a range, and judge again
	ReleaseByReview
	UntagByReview
	SuppressByReview
)

// Instruction is what was told about a contact by someone who is not an event:
// an operator, an import, or a review. A replay heeds it, so it is kept with
// the contact.
type Instruction struct {
	Moment // when it was told; Seq is the end of the log then
	Kind   InstructionKind
	Reason string // of the suppression, what is lifted or struck; empty: all but opted_out. For UntagByReview the tag.
	Hand   Hand   // of a Suppress
	Until  Instant
	By     string
	Note   string

	// What a Strike strikes: evidence from From to To, both included, and of
	// this source and code only, where they are not empty.
	From, To     Instant
	Source, Code string

	// Of what a review did: the rule, so that it falls with it, and of a
	// SuppressByReview what was counted.
	Rule     string
	Digest   uint64
	Evidence []int64
}

// lifts tells whether the instruction is about that reason.
func (in *Instruction) lifts(reason string) bool {
	if in.Reason == "" {
		return reason != OptedOut
	}
	return in.Reason == reason
}

// strikes tells whether the entry no longer counts for what suppresses for the
// reason; an empty reason asks for retries, which only a general Allow strikes.
func (in *Instruction) strikes(reason string, e *Entry, k Kind) bool {
	switch in.Kind {
	case Allow:
		return e.At <= in.At && (reason == "" && in.Reason == "" || reason != "" && in.lifts(reason))
	case Strike:
		return reason != "" && in.lifts(reason) && in.From <= e.At && e.At <= in.To && e.Seq <= in.Seq &&
			(in.Source == "" || in.Source == k.Source) && (in.Code == "" || in.Code == k.Code)
	}
	return false
}

// strikesOpening tells whether a suppression that has settled falls: its
// evidence can no longer be looked at one by one, its opening stands for it.
func (in *Instruction) strikesOpening(s *Suppression) bool {
	return in.Kind == Strike && in.lifts(s.Reason) && s.Hand == ByRule && in.Source == "" && in.Code == "" &&
		in.From <= s.Since.At && s.Since.At <= in.To && s.Since.Seq <= in.Seq
}

// Instruct tells the contact something by hand, and judges it anew. A Suppress
// that changes nothing is neither kept nor entered.
func (p *Policy) Instruct(c *Contact, in Instruction) []Change {
	if in.Kind == Suppress && c.holds(&in) {
		return nil
	}
	c.supersede(&in)
	c.tell(in)
	changes := p.anew(c, in.Moment)
	for i := range changes {
		changes[i].By, changes[i].Note = in.By, in.Note
	}
	if in.Kind == Allow || in.Kind == Strike {
		act := map[InstructionKind]Act{Allow: Allowed, Strike: Struck}[in.Kind]
		changes = append(changes, Change{At: in.At, Seq: in.Seq, Act: act, Reason: in.Reason, By: in.By, Note: in.Note})
	}
	return changes
}

// holds tells whether a Suppress would change nothing.
func (c *Contact) holds(in *Instruction) bool {
	i := c.suppression(in.Reason, in.Hand)
	return i >= 0 && c.Suppressions[i].OpenAt(in.At) && !later(in.Until, c.Suppressions[i].Until)
}

// supersede drops the instructions that a later one makes needless, so that
// they don't pile up. An Allow of all reasons lifts and strikes whatever came
// before it, but for what is about opt-outs and tags; any Allow makes the same
// one before it needless when nothing happened between.
func (c *Contact) supersede(in *Instruction) {
	if in.Kind != Allow || c.latest().After(in.Moment) {
		return
	}
	if n := len(c.Instructions); n > 0 {
		last := &c.Instructions[n-1]
		if last.Kind == Allow && last.Reason == in.Reason && !c.History.Latest().After(last.Moment) {
			c.Instructions = c.Instructions[:n-1]
		}
	}
	if in.Reason == "" {
		c.Instructions = slices.DeleteFunc(c.Instructions, func(old Instruction) bool {
			return old.Reason != OptedOut && old.Kind != UntagByReview
		})
	}
}

// tell keeps an instruction in its place.
func (c *Contact) tell(in Instruction) {
	i := len(c.Instructions)
	for i > 0 && c.Instructions[i-1].After(in.Moment) {
		i--
	}
	c.Instructions = slices.Insert(c.Instructions, i, in)
}

// later tells whether the end a is later than b; 0 is for good.
func later(a, b Instant) bool { return b != 0 && (a == 0 || a > b) }
