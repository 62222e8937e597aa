package segments

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"winnow/hygiene"
)

// cell is what one column shows of one contact, before any format: the formats
// agree on the value and differ in how it is written. Cells are filled again and
// again: only what the form names is to be read.
type cell struct {
	form form
	text string // UTF-8
	n    int64
	at   hygiene.Instant
	list []string // sorted
	raw  []byte   // of objects, without white space
}

// form is what kind of value a cell holds.
type form uint8

const (
	absentForm  form = iota // written as nothing, in JSON null
	textForm                // free text: from people, imports or providers
	numberForm              // n
	literalForm             // a number or truth value as an import wrote it: a literal of JSON
	timeForm
	listForm
	objectForm
)

// view is one contact as the columns show it. It is turned from contact to
// contact and keeps its memory. It looks at nothing that no column asks for.
type view struct {
	contact   *hygiene.Contact
	asOf      hygiene.Instant
	phoneKeys bool
	listsOf   func(key string) ([]string, error)

	names  []string     // backs the lists of the present contact's cells
	object bytes.Buffer // backs its object
	failed error
}

func (v *view) turn(c *hygiene.Contact) {
	v.contact, v.names = c, v.names[:0]
}

// show fills the cells with what the columns show of the contact. They are good
// until the next turn.
func (v *view) show(columns []Column, cells []cell) error {
	v.failed = nil // of another segment's columns
	for i := range columns {
		v.fill(&cells[i], &columns[i])
	}
	return v.failed
}

func (v *view) fill(to *cell, c *Column) {
	switch c.field {
	case contactField:
		to.setText(v.contact.Key)
	case phoneField:
		to.setText(v.phone())
	case statusField:
		to.setText(v.contact.Status(v.asOf).String())
	case reasonsField:
		v.fillReasons(to)
	case suppressedSinceField, suppressedUntilField:
		v.fillSuppressed(to, c.field)
	case messageIDField, uniqueArgsField, attemptField, dueAtField:
		v.fillRetry(to, c.field)
	case tagsField:
		v.fillTags(to)
	case listsField:
		v.fillLists(to)
	case attributeField:
		v.fillAttribute(to, c.attribute())
	default:
		v.fillHistory(to, c)
	}
}

// phone is the contact's own, else its key where keys are phone numbers: who came
// into being by an event has no other.
func (v *view) phone() string {
	if v.contact.Phone == "" && v.phoneKeys {
		return v.contact.Key
	}
	return v.contact.Phone
}

// setText sets a text; an empty one is absent.
func (c *cell) setText(s string) {
	c.form, c.text = textForm, valid(s)
	if s == "" {
		c.form = absentForm
	}
}

// setTime sets a time; none is absent.
func (c *cell) setTime(t hygiene.Instant) {
	c.form, c.at = timeForm, t
	if t == 0 {
		c.form = absentForm
	}
}

func (c *cell) setNumber(n int) { c.form, c.n = numberForm, int64(n) }

// valid puts a replacement character where s is no UTF-8: files promise UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// fillReasons does as [hygiene.Contact.Reasons], in memory that is used again.
func (v *view) fillReasons(to *cell) {
	from := len(v.names)
	for i := range v.contact.Suppressions {
		if s := &v.contact.Suppressions[i]; s.OpenAt(v.asOf) {
			v.names = append(v.names, s.Reason)
		}
	}
	v.fillList(to, from)
}

func (v *view) fillTags(to *cell) {
	from := len(v.names)
	for i := range v.contact.Tags {
		v.names = append(v.names, v.contact.Tags[i].Name)
	}
	v.fillList(to, from)
}

func (v *view) fillLists(to *cell) {
	lists, err := v.listsOf(v.contact.Key)
	if err != nil {
		v.failed = fmt.Errorf("reading the lists of a contact: %w", err)
	}
	from := len(v.names)
	v.names = append(v.names, lists...)
	v.fillList(to, from)
}

// fillList makes a sorted list of the names gathered since from, each once.
func (v *view) fillList(to *cell, from int) {
	names := v.names[from:]
	for i := range names {
		names[i] = valid(names[i])
	}
	slices.Sort(names)
	to.form, to.list = listForm, slices.Compact(names)
}

// fillSuppressed shows since when the contact has not been texted for one
// reason or another, or until when: nothing when one of the reasons is for good.
func (v *view) fillSuppressed(to *cell, f field) {
	var since, until hygiene.Instant
	forGood := false
	for i := range v.contact.Suppressions {
		s := &v.contact.Suppressions[i]
		if !s.OpenAt(v.asOf) {
			continue
		}
		if since == 0 || s.Since.At < since {
			since = s.Since.At
		}
		until = max(until, s.Until)
		forGood = forGood || s.Until == 0
	}
	switch {
	case f == suppressedSinceField:
		to.setTime(since)
	case forGood:
		to.form = absentForm
	default:
		to.setTime(until)
	}
}

// fillRetry shows the retry that is open; one that lapsed, or that a suppression
// stands in the way of, is nothing to send by.
func (v *view) fillRetry(to *cell, f field) {
	to.form = absentForm
	r := v.contact.Retry
	if !r.OpenAt(v.asOf) || v.contact.Status(v.asOf) == hygiene.IsSuppressed {
		return
	}
	switch f {
	case messageIDField:
		to.setText(r.MessageID)
	case uniqueArgsField:
		v.fillObject(to, r.UniqueArgs)
	case attemptField:
		to.setNumber(r.Attempt)
	default:
		to.setTime(r.Due)
	}
}

// fillObject takes the white space out of the object, so that it fits on a line.
// Providers pass on what the sender gave them; what is no object is absent.
func (v *view) fillObject(to *cell, raw []byte) {
	v.object.Reset()
	if err := json.Compact(&v.object, raw); err != nil || v.object.Len() == 0 || v.object.Bytes()[0] != '{' {
		return
	}
	to.form, to.raw = objectForm, v.object.Bytes()
}

func (v *view) fillAttribute(to *cell, name string) {
	value, ok := v.contact.Attributes.Get(name)
	to.form, to.text = textForm, valid(value.Text)
	switch {
	case !ok:
		to.form = absentForm
	case value.Type != hygiene.Text && json.Valid([]byte(value.Text)):
		to.form = literalForm
	}
}

func (v *view) fillHistory(to *cell, c *Column) {
	h := &v.contact.History
	switch c.field {
	case firstSeenField:
		to.setTime(h.FirstSeen())
	case lastSeenField:
		to.setTime(h.Latest().At)
	case firstOutcomeField:
		to.setTime(h.Trail(c.outcome).First)
	case lastOutcomeField:
		to.setTime(h.Trail(c.outcome).Last().At)
	default:
		to.setNumber(len(h.Trail(c.outcome).Entries))
	}
}
