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
	// this source, code and outcome only, and only for what this rule makes of
	// it, where they are not empty; and all that waits for the trip Held.
	From, To     Instant
	Source, Code string
	Outcome      Outcome
	Held         int64
	// Rule is also that of what a review did, so that it falls with its rule.
	Rule     string
	Digest   uint64
	Evidence []int64 // what a SuppressByReview counted

	// Batch is the act of which this is one contact's part; 0 for none. A batch
	// that was undone is Revoked: its instructions stay, and nothing heeds them.
	Batch   int64
	Revoked bool
	// Lifted is what rules had suppressed when a Strike or an Allow lifted it, so
	// that it can be put back when the history no longer shows why.
	Lifted []Suppression
}

// lifts tells whether the instruction is about that reason.
func (in *Instruction) lifts(reason string) bool {
	if in.Reason == "" {
		return reason != OptedOut
	}
	return in.Reason == reason
}

// strikes tells whether the entry no longer counts for what suppresses for the
// reason; an empty reason asks for retries, which only a general Allow strikes,
// and what a trip held when that is struck.
func (in *Instruction) strikes(reason, rule string, e *Entry, k Kind) bool {
	switch {
	case in.Revoked:
	case in.Kind == Allow:
		return e.At <= in.At && (reason == "" && in.Reason == "" || reason != "" && in.lifts(reason))
	case in.Kind == Strike && reason == "":
		return in.Held != 0 && in.Reason == "" && in.covers(e, k)
	case in.Kind == Strike:
		return in.lifts(reason) && (in.Rule == "" || in.Rule == rule) && in.covers(e, k)
	}
	return false
}

// covers tells whether the entry is among what a Strike is about.
func (in *Instruction) covers(e *Entry, k Kind) bool {
	if in.Held != 0 && e.held == in.Held {
		return true
	}
	return in.From <= e.At && e.At <= in.To && e.Seq <= in.Seq && (in.Source == "" || in.Source == k.Source) &&
		(in.Code == "" || in.Code == k.Code) && (in.Outcome == 0 || in.Outcome == e.outcome)
}

// strikesOpening tells whether a suppression falls whose evidence can't be
// looked at one by one, as it has settled or a review opened it: its opening
// stands for it.
func (in *Instruction) strikesOpening(s *Suppression) bool {
	if in.Kind != Strike || in.Revoked || !in.lifts(s.Reason) || s.Hand != ByRule || in.Rule != "" && in.Rule != s.Rule {
		return false
	}
	if in.Held != 0 && s.Held == in.Held {
		return true
	}
	return in.Source == "" && in.Code == "" && in.Outcome == 0 &&
		in.From <= s.Since.At && s.Since.At <= in.To && s.Since.Seq <= in.Seq
}

// opening is what a SuppressByReview opens.
func (in *Instruction) opening() *Suppression {
	grounds := Grounds{Rule: in.Rule, Digest: in.Digest, Review: true, Evidence: in.Evidence}
	return &Suppression{Reason: in.Reason, Since: in.Moment, Until: in.Until, Grounds: grounds}
}

// Instruct tells the contact something by hand, and judges it anew. A Suppress
// or an Allow that changes nothing is neither kept nor entered.
func (p *Policy) Instruct(c *Contact, in Instruction) []Change {
	if in.Kind == Suppress && c.holds(&in) || in.Kind == Allow && c.allowed(&in) {
		return nil
	}
	c.supersede(&in)
	told := c.tell(in)
	before := c.Suppressions
	changes := p.anew(c, in.Moment)
	for i := range changes {
		changes[i].By, changes[i].Note = in.By, in.Note
	}
	if in.Kind == Allow || in.Kind == Strike {
		told.Lifted = c.lost(before, in.At)
	}
	if in.Kind == Allow || in.Kind == Strike {
		act := map[InstructionKind]Act{Allow: Allowed, Strike: Struck}[in.Kind]
		changes = append(changes, Change{At: in.At, Seq: in.Seq, Act: act, Reason: in.Reason, By: in.By, Note: in.Note})
	}
	return changes
}

// holds tells whether a Suppress would change nothing.
func (c *Contact) holds(in *Instruction) bool {
	i := c.suppression(suppressionKey{reason: in.Reason, hand: in.Hand})
	return i >= 0 && c.Suppressions[i].OpenAt(in.At) && !later(in.Until, c.Suppressions[i].Until)
}

// allowed tells whether an Allow would change nothing: it is the latest thing
// that was told, and nothing happened since.
func (c *Contact) allowed(in *Instruction) bool {
	n := len(c.Instructions)
	return n > 0 && c.Instructions[n-1].repeated(in) && !c.latest().After(c.Instructions[n-1].Moment)
}

// undoable is how many times an Allow of all reasons can be undone, one after the
// other.
const undoable = 8

// supersede drops the instructions that later ones make needless, so that they
// don't pile up. An Allow of all reasons lifts and strikes whatever came before
// it, but for what is about opt-outs and tags. What came after the eighth such
// from the end stays all the same: whoever undoes them gets it back.
func (c *Contact) supersede(in *Instruction) {
	if in.Kind != Allow || in.Reason != "" || c.latest().After(in.Moment) {
		return
	}
	n, allows := len(c.Instructions), 0
	for n > 0 && allows < undoable {
		if n--; c.Instructions[n].repeated(in) {
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

// repeated tells whether the later instruction is the same Allow again.
func (in *Instruction) repeated(later *Instruction) bool {
	return in.Kind == Allow && !in.Revoked && in.Reason == later.Reason
}

// tell keeps an instruction in its place.
func (c *Contact) tell(in Instruction) *Instruction {
	i := len(c.Instructions)
	for i > 0 && c.Instructions[i-1].After(in.Moment) {
		i--
	}
	c.Instructions = slices.Insert(c.Instructions, i, in)
	return &c.Instructions[i]
}

// lost lists what rules had suppressed at the time t and is no longer there.
func (c *Contact) lost(before []Suppression, t Instant) []Suppression {
	var list []Suppression
	for _, s := range before {
		if s.Hand == ByRule && s.standsAt(t) && c.suppression(s.key()) < 0 {
			list = append(list, s)
		}
	}
	return list
}

// later tells whether the end a is later than b; 0 is for good.
func later(a, b Instant) bool { return b != 0 && (a == 0 || a > b) }
