package hygiene

import (
	"slices"
	"strings"
)

// A phone number is a subject beside the contacts that have it: a [Contact] of its
// own with a history, suppressions and instructions, judged by the same rules. What
// is known of it is what its contacts give ([Policy.Give]), and what names the number
// alone. Judging reads one subject, a contact or a number, and never both.
//
// Two kinds of reasons lie on numbers. A protected reason is a person's word: it lies
// on the contact and on the number. The other reasons that the config names are faults
// of the number: they lie on the number alone. A contact without a number is its own
// number until it has one, which then takes all of that over.
//
// On which number an event lies follows from all that is known, whenever it became
// known: see [Contact.NumberOf].

// numberMark begins the key of a number. No contact's key has control characters.
const numberMark = "\x01"

// NumberKey is the key of the number as a subject.
func NumberKey(phone string) string { return numberMark + phone }

// NumbersFrom and NumbersTo bound the keys of all numbers: not before the one, and
// before the other.
const (
	NumbersFrom = numberMark
	NumbersTo   = "\x02"
)

// NumberIn is the phone number if the key is that of a number; empty for a contact's.
func NumberIn(key string) string {
	phone, ok := strings.CutPrefix(key, numberMark)
	if !ok {
		return ""
	}
	return phone
}

// IsNumber reports whether the subject is a number.
func (c *Contact) IsNumber() bool { return strings.HasPrefix(c.Key, numberMark) }

// Tenure is a number that a contact has from a time on, until the next.
type Tenure struct {
	Phone string
	Since Instant
	// BySendLog says that the send log alone names the number. It holds while nothing
	// else gives the contact one.
	BySendLog bool
}

// Sending is what decides on which number a message's events lie, when the contact had
// several numbers or the send log names another.
type Sending struct {
	Message uint64  // see [MessageHash]
	At      Instant // when it was sent, or its earliest known event
	Sent    bool    // the send log said when
	Phone   string  // the send log's number; empty for none
}

// TakeNumber gives the contact the number from the time at on, and reports whether that
// changed anything. The first number reaches back to the beginning. An empty one takes
// none away, and one dated before the last is taken as just after it.
func (c *Contact) TakeNumber(phone string, at Instant) bool {
	bySendLog := len(c.Numbers) == 1 && c.Numbers[0].BySendLog
	switch {
	case phone == "" || phone == c.Phone && !bySendLog:
		return false
	case c.Phone == "":
	case bySendLog:
		c.Numbers = nil
	case len(c.Numbers) == 0:
		c.Numbers = []Tenure{{Phone: c.Phone}, {Phone: phone, Since: max(at, 1)}}
	default:
		last := c.Numbers[len(c.Numbers)-1].Since
		c.Numbers = append(slices.Clip(c.Numbers), Tenure{Phone: phone, Since: max(at, last+1)})
	}
	c.AsksSendLog = c.AsksSendLog || c.Numbers != nil
	c.Phone = phone
	return true
}

// TakeSentNumber gives a contact to which nothing else gave a number the one that the
// send log names for a message sent at that time, and reports whether that changed
// anything. The latest sending counts.
func (c *Contact) TakeSentNumber(phone string, sent Instant) bool {
	switch {
	case phone == "" || c.Phone != "" && len(c.Numbers) == 0 || len(c.Numbers) > 1:
		return false
	case len(c.Numbers) == 1:
		if old := c.Numbers[0]; !old.BySendLog || old.Since > sent || old.Since == sent && old.Phone >= phone {
			return false
		}
	}
	c.Numbers, c.Phone, c.AsksSendLog = []Tenure{{Phone: phone, Since: sent, BySendLog: true}}, phone, true
	return true
}

// NumberAt is the number that the contact had at t; empty for none.
func (c *Contact) NumberAt(t Instant) string {
	if len(c.Numbers) == 0 {
		return c.Phone
	}
	i := len(c.Numbers) - 1
	for i > 0 && c.Numbers[i].Since > t {
		i--
	}
	return c.Numbers[i].Phone
}

// AllNumbers lists the numbers that something of the contact may lie on, each once.
func (c *Contact) AllNumbers() []string {
	list := []string{}
	add := func(phone string) {
		if phone != "" && !slices.Contains(list, phone) {
			list = append(list, phone)
		}
	}
	for i := range c.Numbers {
		add(c.Numbers[i].Phone)
	}
	add(c.Phone)
	for i := range c.Sendings {
		add(c.Sendings[i].Phone)
	}
	for _, phone := range c.History.namedPhones() {
		add(phone)
	}
	return list
}

// NumberOf is the number on which the entry lies; empty when it is the contact's own.
// The number that the event's body names comes first, of that event alone, then the send
// log's for the message, then the number that the contact had when the message was sent.
func (c *Contact) NumberOf(e *Entry) string {
	if e.to != 0 {
		return c.History.phones[e.to-1]
	}
	if part := c.partOf(e); part != nil {
		return part.NumberOf(e)
	}
	if len(c.Sendings) == 0 && len(c.Numbers) <= 1 {
		return c.Phone
	}
	if s := c.sending(e.Message); s != nil {
		if s.Phone != "" {
			return s.Phone
		}
		return c.NumberAt(s.At)
	}
	return c.NumberAt(c.History.firstOf(e.Message, e.At))
}

// firstOf is the time of the earliest kept entry of the message, not later than t.
func (h *History) firstOf(message uint64, t Instant) Instant {
	for o := range h.outcomes {
		for i := range h.outcomes[o].Entries {
			if e := &h.outcomes[o].Entries[i]; e.Message == message && e.At < t {
				t = e.At
			}
		}
	}
	return t
}

// hasMessage reports whether the history keeps an entry of the message.
func (h *History) hasMessage(message uint64) bool {
	return h.firstOf(message, 1<<63-1) < 1<<63-1
}

func (c *Contact) sending(message uint64) *Sending {
	i, ok := slices.BinarySearchFunc(c.Sendings, message, func(s Sending, m uint64) int {
		switch {
		case s.Message < m:
			return -1
		case s.Message > m:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &c.Sendings[i]
}

// NoteSending keeps what the send log says of a message, and reports whether that
// changed anything. What it says first stands.
func (c *Contact) NoteSending(message uint64, sent Instant, phone string) bool {
	s, changed := c.sending(message), false
	if s == nil {
		if sent == 0 && phone == "" {
			return false
		}
		s, changed = c.addSending(Sending{Message: message, At: sent}), true
		if sent == 0 {
			s.At = c.History.firstOf(message, 1<<63-1)
		}
	}
	if sent != 0 && !s.Sent {
		s.At, s.Sent, changed = sent, true, true
	}
	if phone != "" && s.Phone == "" {
		s.Phone, changed = phone, true
	}
	return changed
}

func (c *Contact) addSending(s Sending) *Sending {
	i := 0
	for i < len(c.Sendings) && c.Sendings[i].Message < s.Message {
		i++
	}
	c.Sendings = slices.Insert(slices.Clip(c.Sendings), i, s)
	return &c.Sendings[i]
}

// noteSent keeps what decides on which number the event lies. It reports whether another
// number may be meant now for what the history has.
func (c *Contact) noteSent(e *Event) bool {
	if e.SentTo == "" && e.SentAt == 0 && len(c.Numbers) <= 1 {
		return false
	}
	message := MessageHash(e.Source, e.MessageID)
	moved := false
	if e.SentTo != "" || e.SentAt != 0 {
		moved = c.NoteSending(message, e.SentAt, e.SentTo) && c.History.hasMessage(message)
	}
	return c.noteEvent(message, e.At) || moved
}

// noteEvent keeps when a message was first heard of, for a contact that had several
// numbers: its number stays when that event is dropped. It reports whether another
// number may be meant now.
func (c *Contact) noteEvent(message uint64, at Instant) bool {
	if len(c.Numbers) <= 1 {
		return false
	}
	s := c.sending(message)
	switch {
	case s == nil:
		c.addSending(Sending{Message: message, At: c.History.firstOf(message, at)})
		return false
	case s.Sent || s.At <= at:
		return false
	}
	s.At = at
	return true
}

// noteEvents does noteEvent for all that the history keeps, and forgets messages of
// which it keeps nothing.
func (c *Contact) noteEvents() {
	kept := map[uint64]bool{}
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			e := &c.History.outcomes[o].Entries[i]
			kept[e.Message] = true
			c.noteEvent(e.Message, e.At)
		}
	}
	c.Sendings = slices.DeleteFunc(slices.Clone(c.Sendings), func(s Sending) bool { return !kept[s.Message] })
}

// Asks reports whether the send log decides on which number something of the contact, or
// of one of its parts, lies.
func (c *Contact) Asks() bool {
	return c.anyPart(func(part *Contact) bool { return part.AsksSendLog || len(part.Numbers) > 0 })
}

// Ask says that the send log decides.
func (c *Contact) Ask() {
	c.AsksSendLog = true
	c.eachPart("", func(part *Contact) { part.AsksSendLog = true })
}

// AloneOf is the part of a merged contact that has the entry of that seq, and the contact
// itself if it was not merged.
func (c *Contact) AloneOf(seq int64) *Contact {
	if part := c.partOf(&Entry{Moment: Moment{Seq: seq}}); part != nil {
		return part
	}
	return c
}

// onOtherNumber is the test whether an entry lies on another number than e; nil when
// all of the contact lie on one.
func (c *Contact) onOtherNumber(e *Entry) func(*Entry) bool {
	if len(c.Sendings) == 0 && len(c.Numbers) <= 1 && c.Parts == nil && len(c.History.phones) == 0 {
		return nil
	}
	phone := c.NumberOf(e)
	return func(other *Entry) bool { return c.NumberOf(other) != phone }
}

// A number has entries of its own, which no contact gave: of events without a contact
// whose message the send log has for that number alone. A person's word among them is
// also a word of each contact that had the number then, like one of an operator who
// names the number.

// ownEntries are the entries of a number that no contact gave.
func (c *Contact) ownEntries() (list []*Entry) {
	for o := range c.History.outcomes {
		for i := range c.History.outcomes[o].Entries {
			if e := &c.History.outcomes[o].Entries[i]; e.from == 0 {
				list = append(list, e)
			}
		}
	}
	return list
}

// HasOwnEntries reports whether the number has entries that no contact gave.
func (c *Contact) HasOwnEntries() bool { return c.IsNumber() && len(c.ownEntries()) > 0 }
