package hygiene

import (
	"slices"
)

// diff is the ledger entries that lead from one state of a contact to another.
// cause is the moment of what led to it; gaveUp is the entry of a replay whose last
// bounce went past the end of the retry list, nil for none.
func diff(old, new *Contact, cause Moment, gaveUp *Change) []Change {
	changes := diffSuppressions(old, new, cause)
	changes = append(changes, diffTags(old, new, cause)...)
	return append(changes, diffRetry(old.Retry, new.Retry, cause, gaveUp)...)
}

func diffSuppressions(old, new *Contact, cause Moment) []Change {
	var changes []Change
	for i := range old.Suppressions {
		s := &old.Suppressions[i]
		if new.suppression(s.key()) < 0 && s.spans(max(cause.At, s.Since.At)) && !new.tookEffect(s) {
			changes = append(changes, Change{At: cause.At, Seq: cause.Seq, Act: Released, Reason: s.Reason, Origin: s.Origin, Held: s.Held})
		}
	}
	for i := range new.Suppressions {
		s := &new.Suppressions[i]
		act := Suppressed
		if was := old.suppression(s.key()); was >= 0 {
			if old.Suppressions[was].Equal(s) {
				continue
			}
			if old.Suppressions[was].Since == s.Since {
				act = Renewed
			}
		}
		at := s.Since.At
		if at == 0 {
			at = cause.At
		}
		changes = append(changes, Change{At: at, Seq: cause.Seq, Act: act, Reason: s.Reason, Origin: s.Origin, Held: s.Held, Until: s.Until,
			Rule: s.Rule, Evidence: s.Evidence, By: s.By, Note: s.Note})
	}
	return changes
}

// tookEffect reports whether a suppression that was held is one that is not.
func (c *Contact) tookEffect(held *Suppression) bool {
	i := c.suppression(suppressionKey{reason: held.Reason, origin: held.Origin})
	return held.Held != 0 && i >= 0 && c.Suppressions[i].spans(held.Since.At)
}

func diffTags(old, new *Contact, cause Moment) []Change {
	var changes []Change
	for _, t := range old.Tags {
		if !new.HasTag(t.Name) {
			changes = append(changes, Change{At: cause.At, Seq: cause.Seq, Act: Untagged, Reason: t.Name})
		}
	}
	for _, t := range new.Tags {
		if !old.HasTag(t.Name) {
			changes = append(changes, Change{At: t.Since.At, Seq: cause.Seq, Act: Tagged, Reason: t.Name, Rule: t.Rule, Evidence: t.Evidence})
		}
	}
	return changes
}

func diffRetry(old, new *Retry, cause Moment, gaveUp *Change) []Change {
	switch {
	case new == nil && old != nil && gaveUp != nil:
		return []Change{*gaveUp}
	case new != nil && !new.SameDates(old):
		return []Change{{At: new.Since.At, Seq: cause.Seq, Act: RetrySet, Rule: new.Rule, Attempt: new.Attempt, Until: new.DueAt, Evidence: new.Evidence}}
	case new == nil && old != nil && old.OpenAt(cause.At):
		return []Change{{At: cause.At, Seq: cause.Seq, Act: RetryEnded, Rule: old.Rule, Attempt: old.Attempt, Until: old.DueAt}}
	}
	return nil
}

// Equal reports whether two suppressions are the same in every field but their proof,
// which changes nothing for the contact.
func (s *Suppression) Equal(t *Suppression) bool {
	return s.key() == t.key() && s.Since == t.Since && s.Until == t.Until && s.By == t.By && s.Note == t.Note &&
		s.Cause.Equal(&t.Cause) && s.Renewal.At == t.Renewal.At && s.Renewal.Cause.Equal(&t.Renewal.Cause)
}

// Equal reports whether two causes are the same in every field.
func (g *Cause) Equal(h *Cause) bool {
	return g.SameRule(h) && g.Review == h.Review && g.Oldest == h.Oldest && slices.Equal(g.Evidence, h.Evidence)
}

// SameRule reports whether both are of the same rule, reading the same.
func (g *Cause) SameRule(h *Cause) bool { return g.Rule == h.Rule && g.Digest == h.Digest }

// SameDates reports whether two retries are of the same bounce and have the same
// dates. The other may be nil.
func (r *Retry) SameDates(other *Retry) bool {
	return other != nil && r.Since == other.Since && r.DueAt == other.DueAt && r.LapsesAt == other.LapsesAt
}
