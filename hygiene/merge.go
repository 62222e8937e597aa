package hygiene

import (
	"cmp"
	"slices"
	"strings"
)

// A merged contact is one that was several until the CRM joined them: it has the
// history and the instructions of all. Beside that it keeps its parts, each as it
// would be if it had never been merged: whatever comes in by a part's key is done to
// that part too. So what was merged can be parted again, and nothing is lost.
//
// What is known of the parts is judged as the history of one contact, with one thing
// more: what was in force for a part when it was merged stays in force then. Before
// that, what lifts a suppression of one part does not lift that of another.

// On phone numbers lies what lies on those of the parts: the merge changes nothing there.

// Merge makes c, at the moment m, the one contact that it and the other are; both have
// an id. The values of c stand where it has some.
func (p *Policy) Merge(c, other *Contact, id, otherID int64, m Moment) []Change {
	before := *c
	c.Parts = slices.Concat(c.parted(id, m), other.parted(otherID, m))
	c.own()
	c.join(other)
	return append(p.judgeParts(c, &before, m), Change{At: m.At, Seq: m.Seq, Act: Merged})
}

// Whole is the contact that these parts are together; the first is the one of its own
// key. One part alone is that contact.
func (p *Policy) Whole(parts []Part) *Contact {
	c := parts[0].Contact
	if len(parts) == 1 {
		return &c
	}
	c.Parts = parts
	c.own()
	for i := range parts[1:] {
		c.join(&parts[1+i].Contact)
	}
	p.judgeParts(&c, &c, Moment{})
	return &c
}

// own gives a contact with parts memory of its own, and leaves its numbers to the parts.
func (c *Contact) own() {
	c.History = c.History.clone()
	c.Suppressions, c.Tags, c.Instructions = slices.Clone(c.Suppressions), slices.Clone(c.Tags), slices.Clone(c.Instructions)
	c.Numbers, c.Sendings, c.settled, c.unsaid = nil, nil, nil, nil
}

// judgeParts judges a contact whose parts have changed, and returns what differs.
func (p *Policy) judgeParts(c, before *Contact, m Moment) []Change {
	c.mergeProfiles()
	was, start := before.snapshot(), c.snapshot()
	gaveUp := p.replay(c, &start, remake{})
	return diff(&was, c, m, gaveUp)
}

// Parting is what parts a merged contact, and when and by what it was merged.
type Parting struct {
	Keys   []string // of the parts that leave; the first is the key of the contact that they are
	Batch  int64    // of the merge
	Merged Moment

	At       Moment // of the parting
	By, Note string // of what is kept
}

// Part takes parts out of a merged contact, and returns the contact that they are. What
// was said since the merge for a protected reason, and still holds, is kept for both.
func (p *Policy) Part(c *Contact, g Parting) (out *Contact, changes, outChanges []Change) {
	whole := *c
	var stay, leave []Part
	for _, part := range c.Parts {
		if slices.Contains(g.Keys, part.Key) {
			leave = append(leave, part)
		} else {
			stay = append(stay, part)
		}
	}
	*c, out = *p.Whole(stay), p.Whole(leave)
	for _, s := range whole.Suppressions {
		if p.Protects(s.Reason) && s.Held == 0 && (s.Until == 0 || s.Until > g.At.At) && whole.saidSince(&s, &g) {
			p.keepFor(c, &s, &g)
			p.keepFor(out, &s, &g)
		}
	}
	undone := Change{At: g.At.At, Seq: g.At.Seq, Act: Undone}
	return out, append(diff(&whole, c, g.At, nil), undone), append(diff(&whole, out, g.At, nil), undone)
}

// saidSince reports whether the suppression, or the same again, came after the merge.
func (c *Contact) saidSince(s *Suppression, g *Parting) bool {
	if s.Origin == ByRule {
		return max(s.Since.Seq, s.Renewal.At.Seq, s.heard) > g.Merged.Seq
	}
	return slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return in.Kind == Suppress && !in.Undone && in.Reason == s.Reason && in.Origin == s.Origin && in.Batch > g.Batch
	})
}

// keepFor suppresses the contact for the reason of s until then, unless it is.
func (p *Policy) keepFor(c *Contact, s *Suppression, g *Parting) {
	if !slices.ContainsFunc(c.Suppressions, func(has Suppression) bool {
		return has.Reason == s.Reason && has.Held == 0 && !endsLater(s.Until, has.Until)
	}) {
		p.Instruct(c, Instruction{Moment: g.At, Kind: Suppress, Origin: ByOperator, Reason: s.Reason, Until: s.Until, By: g.By, Note: g.Note})
	}
}

// join adds what is known of the other to what is known of the contact.
func (c *Contact) join(other *Contact) {
	c.History.join(&other.History)
	for _, s := range other.Suppressions {
		i := c.suppression(s.key())
		if i >= 0 && endsLater(c.Suppressions[i].Until, s.Until) {
			continue
		}
		if i >= 0 {
			c.Suppressions = slices.Delete(c.Suppressions, i, i+1)
		}
		c.openSuppression(s)
	}
	for _, t := range other.Tags {
		c.openTag(t)
	}
	if r := other.Retry; r != nil && (c.Retry == nil || r.Since.After(c.Retry.Since)) {
		c.Retry = r
	}
	for i := range other.Instructions {
		if in := &other.Instructions[i]; !slices.ContainsFunc(c.Instructions, in.same) {
			c.record(*in)
		}
	}
}

// same reports whether both are one act, that was recorded for two parts.
func (in *Instruction) same(other Instruction) bool {
	return in.Moment == other.Moment && in.Kind == other.Kind && in.Batch == other.Batch && in.Reason == other.Reason &&
		in.Origin == other.Origin && in.Until == other.Until && in.By == other.By && in.Note == other.Note && in.Rule == other.Rule && in.Held == other.Held
}

// RevisePart changes the profile of the part of that key, and then the contact's. It
// reports whether there is such a part.
func (c *Contact) RevisePart(key string, revise func(part *Contact)) (found bool) {
	for i := range c.Parts {
		if c.Parts[i].Key == key {
			revise(&c.Parts[i].Contact)
			found = true
		}
	}
	if found {
		c.mergeProfiles()
	}
	return found
}

// SortParts puts the parts of a merged contact in the order of these keys, in which their
// values stand.
func (c *Contact) SortParts(keys []string) {
	slices.SortFunc(c.Parts, func(a, b Part) int { return cmp.Compare(slices.Index(keys, a.Key), slices.Index(keys, b.Key)) })
	c.mergeProfiles()
}

// mergeProfiles sets the phone number and the attributes of a merged contact from its
// parts: of each, the value of the first part that has one.
func (c *Contact) mergeProfiles() {
	c.Phone, c.Attributes, c.AsksSendLog = "", nil, false
	for i := range c.Parts {
		c.AsksSendLog = c.AsksSendLog || c.Parts[i].AsksSendLog
		c.Phone = cmp.Or(c.Phone, c.Parts[i].Phone)
		for _, a := range c.Parts[i].Attributes {
			n, has := slices.BinarySearchFunc(c.Attributes, a.Name, func(a Attribute, name string) int { return strings.Compare(a.Name, name) })
			if !has {
				c.Attributes = slices.Insert(c.Attributes, n, a)
			}
		}
	}
}
