package hygiene

import (
	"cmp"
	"slices"
)

// Contact is a recipient that the CRM knows by a key, with everything that winnow
// knows about it.
type Contact struct {
	Key        string // see package contactkey
	Phone      string // E.164, the number that it has now; empty when not known
	Attributes Attributes
	History    History

	Suppressions []Suppression // ordered by Since, Reason, Origin, Held; those that are over included
	Tags         []Tag         // ordered by Since, Name
	Retry        *Retry
	Instructions []Instruction // in order of Moment

	// Numbers are those that the contact had, in order of time; nil when Phone is the
	// only one. Sendings say on which of them messages lie, in order of Message.
	Numbers  []Tenure
	Sendings []Sending
	// AsksSendLog says that the send log is to be asked on which number an event lies.
	AsksSendLog bool
	// OnNumber is what stands on the number that the contact has now, for readers.
	// Judging does not look at it.
	OnNumber []Suppression
	// Number is that number, for readers that ask what would become of it; nil when
	// nothing is, or was, on it.
	Number *Contact

	settled []Suppression // faults that its history no longer shows, on the way to its number
	unsaid  []int64       // seqs of events to which an operator, who named a reason, gave another outcome
	named   string        // that reason
	renamed []Suppression // that were stored under another word for their reason

	Parts []Part // of a merged contact, what it was; nil for any other
	Alias string // of a merged contact, the key by which it was asked for; empty for Key

	present bool     // see InPresent
	except  []string // see Except
}

// InPresent says that the contact is looked at in the present: a suppression is then in
// force from the moment that it is known, also when its own time lies ahead of the
// clock, as after a clock that was set back. Without it, the contact is looked at as of
// a time: a suppression of later is not in force yet.
func (c *Contact) InPresent() { c.present = true }

// Except says for which reasons suppressions do not count, as for messages of another
// purpose, until it is called again. It returns those of before.
func (c *Contact) Except(reasons []string) (before []string) {
	before, c.except = c.except, reasons
	return before
}

// InForce reports whether a suppression of the contact keeps it from being texted at t.
func (c *Contact) InForce(s *Suppression, t Instant) bool {
	return !slices.Contains(c.except, s.Reason) && c.isOpen(s, t)
}

// isOpen is InForce, for whatever purpose.
func (c *Contact) isOpen(s *Suppression, t Instant) bool {
	if c.present && s.Since.At > t {
		t = s.Since.At
	}
	return s.OpenAt(t)
}

// Status is what the contact is at the time t.
func (c *Contact) Status(t Instant) Status {
	switch {
	case c.suppressedAt(t):
		return IsSuppressed
	case !c.Retry.OpenAt(t):
		return Active
	case t < c.Retry.DueAt:
		return Cooling
	default:
		return RetryDue
	}
}

func (c *Contact) suppressedAt(t Instant) bool {
	for i := range c.Suppressions {
		if c.InForce(&c.Suppressions[i], t) {
			return true
		}
	}
	for i := range c.OnNumber {
		if c.InForce(&c.OnNumber[i], t) {
			return true
		}
	}
	return false
}

// StatusChange is a time at which a contact's status changes without any event.
type StatusChange struct {
	At     Instant // 0 for the first: the status before the second
	Status Status
}

var alwaysActive = []StatusChange{{Status: Active}}

// StatusChanges lists how the status changes, from the beginning of time on, if nothing more
// happens. Adding up the changes of all contacts up to a time counts the contacts by
// status at that time.
func (c *Contact) StatusChanges() []StatusChange {
	if len(c.Suppressions) == 0 && len(c.OnNumber) == 0 && c.Retry == nil {
		return alwaysActive
	}
	var at []Instant
	for i := range c.Suppressions {
		at = append(at, c.Suppressions[i].Since.At, c.Suppressions[i].Until)
	}
	for i := range c.OnNumber {
		at = append(at, c.OnNumber[i].Since.At, c.OnNumber[i].Until)
	}
	if c.Retry != nil {
		at = append(at, c.Retry.Since.At, c.Retry.DueAt, c.Retry.LapsesAt)
	}
	slices.Sort(at)
	if c.present { // its changes are those of time alone
		as := *c
		as.present = false
		c = &as
	}
	changes := []StatusChange{{Status: c.Status(0)}}
	for _, t := range at {
		if s := c.Status(t); t > 0 && s != changes[len(changes)-1].Status {
			changes = append(changes, StatusChange{At: t, Status: s})
		}
	}
	return changes
}

// OpenSuppressions lists the suppressions that are in effect at t, the contact's own
// before those of its number. Its own word lies on both, and is listed once.
func (c *Contact) OpenSuppressions(t Instant) []Suppression {
	own := c.inForce(c.Suppressions, t)
	open := own
	for _, s := range c.inForce(c.OnNumber, t) {
		if !slices.ContainsFunc(own, func(o Suppression) bool { return o.key() == s.key() && o.Since == s.Since }) {
			open = append(open, s)
		}
	}
	return open
}

// OpenOnNumber lists the suppressions of the contact's number that are in effect at t.
func (c *Contact) OpenOnNumber(t Instant) []Suppression { return c.inForce(c.OnNumber, t) }

func (c *Contact) inForce(list []Suppression, t Instant) []Suppression {
	var open []Suppression
	for i := range list {
		if c.InForce(&list[i], t) {
			open = append(open, list[i])
		}
	}
	return open
}

// HeldSuppressions lists the suppressions that would be in effect at t if no breaker
// held them.
func (c *Contact) HeldSuppressions(t Instant) []Suppression {
	var held []Suppression
	for _, s := range c.Suppressions {
		if s.Held != 0 && s.spans(t) {
			held = append(held, s)
		}
	}
	return held
}

// Reasons lists why the contact must not be texted at t: each reason once, in
// alphabetical order.
func (c *Contact) Reasons(t Instant) []string {
	var reasons []string
	for i := range c.Suppressions {
		if c.InForce(&c.Suppressions[i], t) {
			reasons = append(reasons, c.Suppressions[i].Reason)
		}
	}
	for i := range c.OnNumber {
		if c.InForce(&c.OnNumber[i], t) {
			reasons = append(reasons, c.OnNumber[i].Reason)
		}
	}
	slices.Sort(reasons)
	return slices.Compact(reasons)
}

// HasTag reports whether a rule put that tag on the contact.
func (c *Contact) HasTag(name string) bool { return c.tag(name) >= 0 }

// tag is the index of the tag; -1 when the contact does not have it.
func (c *Contact) tag(name string) int {
	return slices.IndexFunc(c.Tags, func(t Tag) bool { return t.Name == name })
}

// suppression is the index of the suppression; -1 when there is none.
func (c *Contact) suppression(key suppressionKey) int {
	for i := range c.Suppressions {
		if s := &c.Suppressions[i]; s.Reason == key.reason && s.Origin == key.origin && s.Held == key.held {
			return i
		}
	}
	return -1
}

// openSuppression adds a suppression in its place. The place is the same whether it
// was opened in order or by a replay.
func (c *Contact) openSuppression(s Suppression) {
	i, _ := slices.BinarySearchFunc(c.Suppressions, s, func(a, b Suppression) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Held, b.Held))
	})
	c.Suppressions = slices.Insert(c.Suppressions, i, s)
}

// openTag puts a tag on a contact that does not have it yet.
func (c *Contact) openTag(t Tag) {
	if c.HasTag(t.Name) {
		return
	}
	i, _ := slices.BinarySearchFunc(c.Tags, t, func(a, b Tag) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name))
	})
	c.Tags = slices.Insert(c.Tags, i, t)
}

// latest is the moment up to which whatever arrives is late: that of the latest
// event, instruction, tag of a review or merge.
func (c *Contact) latest() Moment {
	m := c.History.Latest()
	for i := range c.History.outcomes[Unsubscribed].Entries {
		if l := c.History.outcomes[Unsubscribed].Entries[i].latest(); l.After(m) {
			m = l
		}
	}
	if n := len(c.Instructions); n > 0 && c.Instructions[n-1].Moment.After(m) {
		m = c.Instructions[n-1].Moment
	}
	for i := range c.Tags {
		if t := &c.Tags[i]; t.Review && t.Since.After(m) {
			m = t.Since
		}
	}
	for i := range c.Parts {
		if joined := c.Parts[i].Joined; joined.After(m) {
			m = joined
		}
	}
	return m
}

// Part is one of the contacts that a merged contact was.
type Part struct {
	Contact
	ID     int64  // of the contact that it would be
	Joined Moment // when it was merged with another for the first time
}

// parted is the contact, whose id is that, as a list of parts, the first of which is
// the one of its own key.
func (c *Contact) parted(id int64, joined Moment) []Part {
	if c.Parts != nil {
		return c.Parts
	}
	part := Part{*c, id, joined}
	part.Alias, part.present = "", false
	return []Part{part}
}

// eachPart does to the part of that key, or to all parts when it is empty, what is done
// to the whole. What is not known by another key came by the contact's own.
func (c *Contact) eachPart(key string, do func(part *Contact)) {
	if c.Parts == nil {
		return
	}
	// Contacts are copied to see what would become of them.
	c.Parts = slices.Clone(c.Parts)
	if key != "" && !slices.ContainsFunc(c.Parts, func(p Part) bool { return p.Key == key }) {
		key = c.Key
	}
	for i := range c.Parts {
		if part := &c.Parts[i].Contact; key == "" || part.Key == key {
			part.Instructions = slices.Clone(part.Instructions)
			do(part)
		}
	}
}

// anyPart reports whether it is so for the contact, or for one of its parts.
func (c *Contact) anyPart(is func(*Contact) bool) bool {
	if is(c) {
		return true
	}
	for i := range c.Parts {
		if is(&c.Parts[i].Contact) {
			return true
		}
	}
	return false
}

// EachAlone visits the contact, whose id is that, or of a merged one each part: with its
// own id, and with the numbers on which lies what came by its key.
func (c *Contact) EachAlone(id int64, visit func(alone *Contact, id int64)) {
	if c.Parts == nil {
		visit(c, id)
	}
	for i := range c.Parts {
		visit(&c.Parts[i].Contact, c.Parts[i].ID)
	}
}

// Alone is the part of a merged contact to which belongs what comes by the key, and the
// contact itself if it was not merged.
func (c *Contact) Alone(key string) *Contact {
	alone := c
	for i := range c.Parts {
		if part := &c.Parts[i].Contact; part.Key == key || alone == c && part.Key == c.Key {
			alone = part
		}
	}
	return alone
}

// partOf is the part that has the entry; nil for a contact that was not merged.
func (c *Contact) partOf(e *Entry) *Contact {
	for i := range c.Parts {
		if part := &c.Parts[i].Contact; part.History.has(e.Seq) {
			return part
		}
	}
	return nil
}
