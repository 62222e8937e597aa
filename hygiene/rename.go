package hygiene

import (
	"slices"

	"winnow/hygiene/reason"
)

// Earlier versions took another word for a protected reason, like unsubscribed, for a
// reason of its own, which anything lifted. The word becomes that reason when such a
// contact is read. What was open for the one or the other stays open, until the later
// end, and what was lifted stays lifted. The rules that acted keep their names and
// digests.

// otherWord is the protected reason that a stored one is another word for.
func otherWord(word string) (is string, other bool) {
	switch word {
	case "", OptedOut, Complaint, "hard_bounce", "soft_bounce", "dormant": // nearly all
		return word, false
	}
	return reason.Of(word)
}

// renameReasons gives the contact the reasons in place of other words for them.
func (c *Contact) renameReasons() {
	renamed := c.wordsToRename()
	if renamed == nil {
		return
	}
	was := slices.Clone(c.Suppressions)
	c.renamed = []Suppression{}
	// stands reports whether something is open for the reason, under any word, that was
	// there at t: what acted then has not lifted it.
	stands := func(is string, t Instant) bool {
		return slices.ContainsFunc(was, func(s Suppression) bool {
			of, _ := otherWord(s.Reason)
			return of == is && s.Since.At <= t
		})
	}
	var lifted []int // the suppressions by operators and imports that are not open any more
	for i := range c.Instructions {
		in := &c.Instructions[i]
		is, other := otherWord(in.Reason)
		switch reach := max(in.At, in.To); {
		case in.Kind == UntagByReview:
		case other && in.Kind == Suppress:
			if !slices.ContainsFunc(was, func(s Suppression) bool {
				return s.Reason == in.Reason && s.Origin == in.Origin && s.Since.At <= in.At
			}) {
				lifted = append(lifted, i)
			}
			in.Reason = is
		case other && (in.Kind == SuppressByReview || !stands(is, reach)):
			in.Reason = is
		case in.Kind != Allow && in.Kind != Strike:
		case in.Reason == "":
			in.Spares = slices.DeleteFunc(slices.Clone(in.Spares), func(is string) bool {
				return renamed[is] && !stands(is, reach) && c.liftedWord(in, is, reach)
			})
		case !other && renamed[is] && stands(is, reach): // it named the reason, and left the other word
			in.Undone = true
		}
	}
	for i := range c.Instructions {
		for j := range c.Instructions[i].Lifted {
			s := &c.Instructions[i].Lifted[j]
			s.Reason, _ = otherWord(s.Reason)
		}
	}
	for _, i := range lifted {
		in := &c.Instructions[i]
		in.Undone = in.Undone || !slices.ContainsFunc(c.Instructions, func(allow Instruction) bool {
			return allow.Kind == Allow && !allow.Undone && allow.lifts(in.Reason) && in.At <= max(allow.At, allow.To)
		})
	}
	c.Suppressions = c.Suppressions[:0]
	for _, s := range was {
		if is, other := otherWord(s.Reason); other {
			c.renamed = append(c.renamed, s)
			s.Reason = is
		}
		c.joinSuppression(s)
	}
}

// wordsToRename are the reasons for which the contact has other words; nil for none.
func (c *Contact) wordsToRename() map[string]bool {
	var renamed map[string]bool
	note := func(word string) {
		if is, other := otherWord(word); other {
			if renamed == nil {
				renamed = map[string]bool{}
			}
			renamed[is] = true
		}
	}
	for i := range c.Suppressions {
		note(c.Suppressions[i].Reason)
	}
	for i := range c.Instructions {
		if in := &c.Instructions[i]; in.Kind != UntagByReview {
			note(in.Reason)
			for j := range in.Lifted {
				note(in.Lifted[j].Reason)
			}
		}
	}
	return renamed
}

// liftedWord reports whether an act about all reasons lifted something under another
// word for the reason.
func (c *Contact) liftedWord(act *Instruction, is string, reach Instant) bool {
	means := func(word string) bool { of, other := otherWord(word); return other && of == is }
	return slices.ContainsFunc(act.Lifted, func(s Suppression) bool { return means(s.Reason) }) ||
		slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
			return in.Kind == Suppress && in.At <= reach && (means(in.Reason) || in.Reason == is)
		})
}

// joinSuppression adds a suppression that is not earlier than those there. It is joined
// with one of the same reason and origin, as if that was renewed.
func (c *Contact) joinSuppression(s Suppression) {
	i := c.suppression(s.key())
	switch {
	case i < 0:
	case c.Suppressions[i].spans(s.Since.At):
		old := &c.Suppressions[i]
		if old.heard = max(old.heard, s.heard); endsLater(s.Until, old.Until) {
			old.Until, old.Renewal = s.Until, Renewal{s.Since, s.Cause}
		}
		return
	default:
		c.Suppressions = slices.Delete(c.Suppressions, i, i+1)
	}
	c.openSuppression(s)
}

// IsRenamed reports whether the contact was stored with another word for a protected
// reason, and is not stored anew yet.
func (c *Contact) IsRenamed() bool { return c.renamed != nil }

// RenameChanges are the ledger entries that say so, of the moment m.
func (c *Contact) RenameChanges(m Moment) (changes []Change) {
	for _, s := range c.renamed {
		i := -1
		is, _ := otherWord(s.Reason)
		if i = c.suppression(suppressionKey{is, s.Origin, s.Held}); i < 0 || !s.spans(m.At) {
			continue
		}
		now, note := &c.Suppressions[i], s.Reason+" is recorded as "+is
		changes = append(changes, Change{At: m.At, Seq: m.Seq, Act: Released, Reason: s.Reason, Origin: s.Origin, Held: s.Held, By: "winnow", Note: note},
			Change{At: m.At, Seq: m.Seq, Act: Suppressed, Reason: is, Origin: s.Origin, Held: s.Held, Until: now.Until, Rule: s.Rule, Evidence: s.Evidence, By: "winnow", Note: note})
	}
	return changes
}
