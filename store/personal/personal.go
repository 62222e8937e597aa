// Package personal finds what the store keeps of a person beside the contact: messages of
// the send log, conflicts, events that wait, and runs that hold them.
//
// Nothing of it has an index by contact, so each question is a pass over a table, a page
// at a time: nobody waits for it, and it is asked for seldom.
package personal

import (
	"context"
	"errors"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Who are the keys and the numbers by which a person is known.
type Who struct {
	Keys   []string
	Phones []string // E.164
}

func (w *Who) is(key, phone string) bool {
	return key != "" && slices.Contains(w.Keys, key) || phone != "" && slices.Contains(w.Phones, phone)
}

// Read runs do on the contacts and what is about them, as of one moment.
type Read func(do func(engine.Reader) error) error

// Message is a message of the send log.
type Message struct {
	Source  string          `json:"source"`
	ID      string          `json:"message_id"`
	Contact string          `json:"contact,omitempty"`
	Phone   string          `json:"phone,omitempty"`
	SentAt  hygiene.Instant `json:"sent_at,omitempty"`
}

// pageRows is how many rows are read as of one moment.
const pageRows = 10_000

// EachMessage visits the messages of the send log that were for the person.
func EachMessage(ctx context.Context, read Read, who *Who, visit func(Message) error) error {
	for last := (Message{}); ; {
		var page []Message
		rows := 0
		err := read(func(c engine.Reader) error {
			r := c.Query("SELECT source, message_id, contact, phone, sent_at FROM messages WHERE (source, message_id) > (?, ?) ORDER BY source, message_id LIMIT ?", last.Source, last.ID, pageRows)
			for ; r.Next(); rows++ {
				last = Message{r.Text(0), r.Text(1), r.Text(2), r.Text(3), hygiene.Instant(r.Int(4))}
				if who.is(last.Contact, last.Phone) {
					page = append(page, last)
				}
			}
			return r.Close()
		})
		if err := errors.Join(err, ctx.Err(), each(page, visit)); err != nil {
			return err
		}
		if rows < pageRows {
			return eachUnsourced(ctx, read, who, visit)
		}
	}
}

// eachUnsourced visits the messages that versions registered which did not tell sources
// apart.
func eachUnsourced(ctx context.Context, read Read, who *Who, visit func(Message) error) error {
	for last := (Message{}); ; {
		var page []Message
		rows := 0
		err := read(func(c engine.Reader) error {
			r := c.Query("SELECT message_id, contact, sent_at FROM unsourced_messages WHERE message_id > ? ORDER BY message_id LIMIT ?", last.ID, pageRows)
			for ; r.Next(); rows++ {
				last = Message{ID: r.Text(0), Contact: r.Text(1), SentAt: hygiene.Instant(r.Int(2))}
				if who.is(last.Contact, "") {
					page = append(page, last)
				}
			}
			return r.Close()
		})
		if err := errors.Join(err, ctx.Err(), each(page, visit)); err != nil || rows < pageRows {
			return err
		}
	}
}

func each[T any](list []T, visit func(T) error) error {
	for _, one := range list {
		if err := visit(one); err != nil {
			return err
		}
	}
	return nil
}

// Conflict is a message whose events name another contact than the send log.
type Conflict struct {
	Source     string          `json:"source"`
	ID         string          `json:"message_id"`
	Contact    string          `json:"contact"`    // that the events name
	Registered string          `json:"registered"` // that the send log has
	At         hygiene.Instant `json:"at"`
}

// EachConflict visits the conflicts in which one of the two is the person.
func EachConflict(ctx context.Context, read Read, who *Who, visit func(Conflict) error) error {
	for last := int64(0); ; {
		var page []Conflict
		rows := 0
		err := read(func(c engine.Reader) error {
			r := c.Query("SELECT id, source, message_id, contact, registered, at FROM contact_conflicts WHERE id > ? ORDER BY id LIMIT ?", last, pageRows)
			for ; r.Next(); rows++ {
				last = r.Int(0)
				if x := (Conflict{r.Text(1), r.Text(2), r.Text(3), r.Text(4), hygiene.Instant(r.Int(5))}); who.is(x.Contact, "") || who.is(x.Registered, "") {
					page = append(page, x)
				}
			}
			return r.Close()
		})
		if err := errors.Join(err, ctx.Err(), each(page, visit)); err != nil || rows < pageRows {
			return err
		}
	}
}

// eventsAtOnce is how many events with their bodies are read together.
const eventsAtOnce = 100

// EachOnNumber visits the events that lie on a phone number alone, with their bodies.
func EachOnNumber(ctx context.Context, read Read, readLog func(do func(engine.LogReader) error) error, phone string, visit func(*hygiene.Event) error) error {
	for last := int64(0); ctx.Err() == nil; {
		var seqs []int64
		err := read(func(c engine.Reader) error {
			r := c.Query("SELECT seq FROM unmatched WHERE phone = ? AND phone <> '' AND seq > ? ORDER BY seq LIMIT ?", phone, last, eventsAtOnce)
			for r.Next() {
				seqs = append(seqs, r.Int(0))
			}
			return r.Close()
		})
		if err != nil || len(seqs) == 0 {
			return err
		}
		last = seqs[len(seqs)-1]
		err = readLog(func(l engine.LogReader) error {
			return l.Events(seqs, true, func(_ int, e *hygiene.Event) error { return visit(e) })
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// FormerNumbers are the numbers that the contact had, or that messages to it were for.
func FormerNumbers(c engine.Reader, key string) (phones []string, err error) {
	r := c.Query("SELECT phone FROM former_numbers WHERE contact IN (SELECT id FROM contacts WHERE key = ?) ORDER BY phone", key)
	for r.Next() {
		phones = append(phones, r.Text(0))
	}
	return phones, r.Close()
}

// Name is a key of a contact, with when it was merged into it.
type Name struct {
	Key        string          `json:"key"`
	MergedInto string          `json:"merged_into,omitempty"`
	At         hygiene.Instant `json:"at,omitempty"`
	Batch      int64           `json:"batch,omitempty"`
}

// Names are the keys of a merged contact.
func Names(c engine.Reader, key string) (list []Name, err error) {
	r := c.Query("SELECT key, merged_into, at, batch FROM names WHERE contact = ? ORDER BY key", key)
	for r.Next() {
		list = append(list, Name{r.Text(0), r.Text(1), hygiene.Instant(r.Int(2)), r.Int(3)})
	}
	return list, r.Close()
}

// Run is a run of an export whose members winnow keeps.
type Run struct {
	Export  string `json:"export"`
	Run     string `json:"run"`
	Segment string `json:"segment"`
}

// RunsWithMembers are the runs and segments of which the members are kept.
func RunsWithMembers(c engine.Reader, name func(hygiene.Instant) string) (list []Run, err error) {
	r := c.Query("SELECT export, scheduled_at, segment FROM run_segments WHERE members = 1 ORDER BY export, scheduled_at, segment")
	for r.Next() {
		list = append(list, Run{r.Text(0), name(hygiene.Instant(r.Int(1))), r.Text(2)})
	}
	return list, r.Close()
}
