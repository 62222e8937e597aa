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
// agree on the value and differ in how they write it. Cells are reused, so only
// what the form names may be read.
type cell struct {
	form form
	text string // UTF-8
	n    int64
	at   hygiene.Instant
	list []string // sorted
	raw  []byte   // of objects, without white space
}

// form is the kind of value in a cell.
type form uint8

const (
	absentForm  form = iota // nothing; null in JSON
	textForm                // free text: from people, imports or providers
	numberForm              // n
	literalForm             // a number or boolean as an import wrote it: a literal of JSON
	timeForm
	listForm
	objectForm
)

// setText sets a text; an empty one is absent.
func (c *cell) setText(s string) {
	c.form, c.text = textForm, toUTF8(s)
	if s == "" {
		c.form = absentForm
	}
}

// setTime sets a time; 0 is absent.
func (c *cell) setTime(t hygiene.Instant) {
	c.form, c.at = timeForm, t
	if t == 0 {
		c.form = absentForm
	}
}

func (c *cell) setNumber(n int) { c.form, c.n = numberForm, int64(n) }

// toUTF8 puts a replacement character where s is not UTF-8: files promise UTF-8.
func toUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// view is one contact as the columns show it. It is reset for each contact and
// keeps its memory. It computes only what a column asks for.
type view struct {
	contact   *hygiene.Contact
	asOf      hygiene.Instant
	phoneKeys bool
	listsOf   func(key string) ([]string, error)

	names  []string     // backs the lists of the present contact's cells
	object bytes.Buffer // backs its object
	failed error
}

func (v *view) reset(c *hygiene.Contact) {
	v.contact, v.names = c, v.names[:0]
}

// fill fills the cells with what the columns show of the contact. They are valid
// until the next reset.
func (v *view) fill(columns []Column, cells []cell) error {
	v.failed = nil // of another segment's columns
	for i := range columns {
		columns[i].field.fill(v, &cells[i], &columns[i])
	}
	return v.failed
}

// phone is the contact's own, else its key where keys are phone numbers: a
// contact that an event created has no other.
func (v *view) phone() string {
	if v.contact.Phone == "" && v.phoneKeys {
		return v.contact.Key
	}
	return v.contact.Phone
}

// eachOpen visits the open suppressions of the contact and of its number, as
// [hygiene.Contact.OpenSuppressions] lists them, without a list.
func (v *view) eachOpen(visit func(*hygiene.Suppression)) {
	for _, list := range [...][]hygiene.Suppression{v.contact.Suppressions, v.contact.OnNumber} {
		for i := range list {
			if s := &list[i]; v.contact.InForce(s, v.asOf) {
				visit(s)
			}
		}
	}
}

// fillReasons does as [hygiene.Contact.Reasons], in memory that is reused.
func (v *view) fillReasons(to *cell, _ *Column) {
	from := len(v.names)
	v.eachOpen(func(s *hygiene.Suppression) { v.names = append(v.names, s.Reason) })
	v.fillList(to, from)
}

func (v *view) fillTags(to *cell, _ *Column) {
	from := len(v.names)
	for i := range v.contact.Tags {
		v.names = append(v.names, v.contact.Tags[i].Name)
	}
	v.fillList(to, from)
}

func (v *view) fillLists(to *cell, _ *Column) {
	lists, err := v.listsOf(v.contact.Key)
	if err != nil {
		v.failed = fmt.Errorf("reading the lists of a contact: %w", err)
	}
	from := len(v.names)
	v.names = append(v.names, lists...)
	v.fillList(to, from)
}

// fillList makes a sorted list of the names appended since from, each once.
func (v *view) fillList(to *cell, from int) {
	names := v.names[from:]
	for i := range names {
		names[i] = toUTF8(names[i])
	}
	slices.Sort(names)
	to.form, to.list = listForm, slices.Compact(names)
}

// fillSuppressedSince shows when the earliest open suppression began.
func (v *view) fillSuppressedSince(to *cell, _ *Column) {
	var since hygiene.Instant
	v.eachOpen(func(s *hygiene.Suppression) {
		if since == 0 || s.Since.At < since {
			since = s.Since.At
		}
	})
	to.setTime(since)
}

// fillSuppressedUntil shows until when the contact is suppressed: nothing when
// one of the suppressions is permanent.
func (v *view) fillSuppressedUntil(to *cell, _ *Column) {
	var until hygiene.Instant
	permanent := false
	v.eachOpen(func(s *hygiene.Suppression) {
		permanent = permanent || s.Until == 0
		until = max(until, s.Until)
	})
	if permanent {
		until = 0
	}
	to.setTime(until)
}

// openRetry is the contact's retry that can be sent: neither lapsed nor stopped
// by a suppression; nil for none.
func openRetry(c *hygiene.Contact, asOf hygiene.Instant) *hygiene.Retry {
	if !c.Retry.OpenAt(asOf) || c.Status(asOf) == hygiene.IsSuppressed {
		return nil
	}
	return c.Retry
}

// messageID is that of the contact's open retry, if messages are read; empty for none.
func (v *view) messageID() string {
	if r := openRetry(v.contact, v.asOf); r != nil {
		return r.MessageID
	}
	return ""
}

func (v *view) fillMessageID(to *cell, _ *Column) { to.setText(v.messageID()) }

// fillUniqueArgs shows the object without white space, so that it fits on a line.
// Providers pass on what the sender gave them; what is not an object is absent.
func (v *view) fillUniqueArgs(to *cell, _ *Column) {
	to.form = absentForm
	r := openRetry(v.contact, v.asOf)
	if r == nil {
		return
	}
	v.object.Reset()
	if err := json.Compact(&v.object, r.UniqueArgs); err != nil || v.object.Len() == 0 || v.object.Bytes()[0] != '{' {
		return
	}
	to.form, to.raw = objectForm, v.object.Bytes()
}

func (v *view) fillAttempt(to *cell, _ *Column) {
	to.form = absentForm
	if r := openRetry(v.contact, v.asOf); r != nil {
		to.setNumber(r.Attempt)
	}
}

func (v *view) fillDueAt(to *cell, _ *Column) {
	to.form = absentForm
	if r := openRetry(v.contact, v.asOf); r != nil {
		to.setTime(r.DueAt)
	}
}

func (v *view) fillAttribute(to *cell, c *Column) {
	value, ok := v.contact.Attributes.Get(c.attribute())
	to.form, to.text = textForm, toUTF8(value.Text)
	switch {
	case !ok:
		to.form = absentForm
	case value.Type != hygiene.Text && json.Valid([]byte(value.Text)):
		to.form = literalForm
	}
}
