package hygiene

import "slices"

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
	ReleaseByRule      // what a rule lifted of a protected reason, in case that the rule goes
	Remembered         // open what is remembered of a forgotten subject, see [Policy.Recall]
	RememberedOfNumber // the same, while the contact has no phone number
)

var kindNames = [...]string{Suppress: "suppress", Allow: "allow", Strike: "strike", ReleaseByReview: "release_by_review", UntagByReview: "untag_by_review",
	SuppressByReview: "suppress_by_review", ReleaseByRule: "release_by_rule", Remembered: "remembered", RememberedOfNumber: "remembered_of_number"}

// String is the kind as a word.
func (k InstructionKind) String() string { return kindNames[k] }

// Instruction is a decision about a contact that does not follow from an event: of
// an operator, an import or a review. It is kept with the contact, because a replay
// obeys it.
type Instruction struct {
	Moment // of the decision; Seq is the end of the log at that time
	Kind   InstructionKind
	Reason string // of the suppression, or of what is lifted or struck; empty: all but Spares. For UntagByReview the tag.
	// Spares are the reasons that an Allow or a Strike without a reason leaves: those that
	// were protected when it was made. What is protected later changes no act of before.
	Spares []string
	Origin Origin // of a Suppress
	Until  Instant
	By     string
	Note   string

	// To of an Allow is the time up to which it also lifts what the log had then; 0
	// for none. What a Strike strikes: evidence from From to To, both included, where they are
	// not empty only of this source, code and outcome, and only for what this rule
	// makes of it; and everything that the breaker trip Held holds. What a SuppressByReview
	// opens is held by Held.
	From, To     Instant
	Source, Code string
	Outcome      Outcome
	Held         int64
	FromSeq      int64    // and only what the log has from this place on; 0 for all
	Messages     []uint64 // only of these messages, see [MessageHash]; nil for all
	// Rule is also the rule of what a review did, so that it ends with its rule.
	Rule     string
	Digest   uint64
	Evidence []int64 // what a SuppressByReview counted

	// Batch is the bulk change of which this is one contact's part; 0 for none. The
	// instructions of a batch that was undone are Undone: they are kept, and have no
	// effect.
	Batch  int64
	Undone bool
	// from is of what a contact gave to its number: the contact, counted from 1 among
	// the givers of its history. It is about that contact's evidence alone. 0 for what
	// names the subject itself.
	from int32
	// OfNumber is of a word that names only a number, kept with a contact that had the
	// number then: the number. Empty for all else.
	OfNumber string
	// Lifted is what rules had suppressed when a Strike or an Allow lifted it. It is
	// put back when the instruction is undone and the history no longer shows why.
	Lifted []Suppression
}

// lifts reports whether the instruction is about that reason.
func (in *Instruction) lifts(reason string) bool {
	if in.Reason == "" {
		return !slices.Contains(in.Spares, reason)
	}
	return in.Reason == reason
}

// strikes reports whether the entry no longer counts for what suppresses for the
// reason. An empty reason is that of retries: only an Allow of all reasons strikes
// their evidence, and a Strike of what a breaker trip held.
func (in *Instruction) strikes(reason, rule string, e *Entry, k Kind) bool {
	switch {
	case in.Undone || in.from != 0 && in.from != e.from:
	case in.Kind == Allow:
		return (e.At <= in.At || e.At <= in.To && e.Seq <= in.Seq) && (reason == "" && in.Reason == "" || reason != "" && in.lifts(reason))
	case in.Kind == Strike && reason == "":
		return in.Held != 0 && in.Rule == "" && in.Reason == "" && in.covers(e, k)
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
	if in.Messages != nil && !slices.Contains(in.Messages, e.Message) {
		return false
	}
	return in.From <= e.At && e.At <= in.To && in.FromSeq <= e.Seq && e.Seq <= in.Seq && (in.Source == "" || in.Source == k.Source) &&
		(in.Code == "" || in.Code == k.Code) && (in.Outcome == 0 || in.Outcome == e.outcome)
}

// SeqsCovered lists the places in the log of the entries that a Strike is about, also of
// those that an opt-out said again.
func (c *Contact) SeqsCovered(in *Instruction) []int64 {
	var seqs []int64
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			e := &c.History.outcomes[o].Entries[i]
			if in.covers(e, c.History.Kind(e)) {
				seqs = append(seqs, e.Seq)
			}
			if again := e.again(); again != nil && in.covers(again, c.History.Kind(e)) {
				seqs = append(seqs, again.Seq)
			}
		}
	}
	return seqs
}

// strikesOpening reports whether a Strike is about the opening of a suppression. It
// is for suppressions whose evidence can't be checked: frozen ones, and those that a
// review opened.
func (in *Instruction) strikesOpening(s *Suppression) bool {
	if s.Origin == ByRule && in.liftsAhead(s) {
		return true
	}
	if in.Kind != Strike || in.Undone || !in.lifts(s.Reason) || s.Origin != ByRule || in.Rule != "" && in.Rule != s.Rule {
		return false
	}
	if in.Held != 0 && s.Held == in.Held {
		return true
	}
	return in.Source == "" && in.Code == "" && in.Outcome == 0 && in.Messages == nil &&
		in.From <= s.Since.At && s.Since.At <= in.To && in.FromSeq <= s.Since.Seq && s.Since.Seq <= in.Seq
}

// liftsAhead reports whether an Allow lifts the suppression by a rule though its time
// is later.
func (in *Instruction) liftsAhead(s *Suppression) bool {
	return in.Kind == Allow && !in.Undone && in.lifts(s.Reason) && s.Since.After(in.Moment) && s.Since.At <= in.To && s.Since.Seq <= in.Seq
}

// suppression is what a SuppressByReview opens.
func (in *Instruction) suppression() *Suppression {
	cause := Cause{Rule: in.Rule, Digest: in.Digest, Review: true, Evidence: in.Evidence}
	return &Suppression{Reason: in.Reason, Held: in.Held, Since: in.Moment, Until: in.Until, Cause: cause}
}

// endsLater reports whether the end a is later than the end b; 0 is never.
func endsLater(a, b Instant) bool { return b != 0 && (a == 0 || a > b) }

// opens reports whether the instruction suppresses.
func (in *Instruction) opens() bool {
	return in.Kind == Suppress || in.Kind == SuppressByReview || in.Kind == Remembered
}

// IsOwn reports whether the instruction names the subject itself, and does not follow
// from what names a contact of the number, or the number of the contact.
func (in *Instruction) IsOwn() bool { return in.from == 0 && in.OfNumber == "" }

// isSoleGiver reports whether nobody else gave anything to the number.
func (c *Contact) isSoleGiver(from int32) bool {
	return len(c.History.givers) == 1 && from == 1 && !c.HasOwnEntries()
}

// allowedByGiver reports whether the contact that gave a number its act was allowed
// since: then the act is over, and those of other contacts stay.
func (c *Contact) allowedByGiver(in *Instruction) bool {
	return in.from != 0 && slices.ContainsFunc(c.Instructions, func(allow Instruction) bool {
		return allow.Kind == Allow && !allow.Undone && allow.from == in.from && allow.lifts(in.Reason) && !in.After(allow.Moment)
	})
}
