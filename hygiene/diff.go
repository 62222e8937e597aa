package hygiene

import "reflect"

// differences are the ledger entries that lead from one state to another.
func differences(old, new *Contact, cause Moment, gaveUp *Change) []Change {
	var changes []Change
	add := func(c Change) {
		c.Seq = cause.Seq
		if c.At == 0 {
			c.At = cause.At
		}
		changes = append(changes, c)
	}
	for _, s := range old.Suppressions {
		if new.suppression(s.key()) < 0 && s.standsAt(max(cause.At, s.Since.At)) && !new.took(&s) {
			add(Change{Act: Released, Reason: s.Reason, Hand: s.Hand, Held: s.Held})
		}
	}
	for _, s := range new.Suppressions {
		i := old.suppression(s.key())
		c := Change{At: s.Since.At, Act: Suppressed, Reason: s.Reason, Hand: s.Hand, Held: s.Held, Until: s.Until, Rule: s.Rule, Evidence: s.Evidence, By: s.By, Note: s.Note}
		switch {
		case i >= 0 && reflect.DeepEqual(old.Suppressions[i], s):
			continue
		case i >= 0 && old.Suppressions[i].Since == s.Since:
			c.Act = Renewed
		}
		add(c)
	}
	changes = append(changes, tagDifferences(old, new, cause)...)
	return append(changes, retryDifference(old.Retry, new.Retry, cause, gaveUp)...)
}

// took tells whether what waited for review has taken effect.
func (c *Contact) took(held *Suppression) bool {
	i := c.suppression(suppressionKey{reason: held.Reason, hand: held.Hand})
	return held.Held != 0 && i >= 0 && c.Suppressions[i].standsAt(held.Since.At)
}

func tagDifferences(old, new *Contact, cause Moment) []Change {
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

func retryDifference(old, new *Retry, cause Moment, gaveUp *Change) []Change {
	switch {
	case new == nil && old != nil && gaveUp != nil:
		return []Change{*gaveUp}
	case new != nil && (old == nil || old.Since != new.Since || old.Due != new.Due || old.Lapses != new.Lapses):
		return []Change{{At: new.Since.At, Seq: cause.Seq, Act: RetrySet, Rule: new.Rule, Attempt: new.Attempt, Until: new.Due, Evidence: new.Evidence}}
	case new == nil && old != nil && old.OpenAt(cause.At):
		return []Change{{At: cause.At, Seq: cause.Seq, Act: RetryEnded, Rule: old.Rule, Attempt: old.Attempt, Until: old.Due}}
	}
	return nil
}
