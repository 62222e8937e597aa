// Package person writes all that winnow knows of a person, as one JSON document: for a
// person who asks for it, and for those who must answer.
//
// A person is a contact, with all its keys and numbers, or all contacts that have a phone
// number and that number itself. The document is written as it is read, so that it takes
// no more memory for a person of many events. What winnow keeps of contacts is in contact.go,
// of callbacks in events.go; the JSON is in document.go. A new kind of data gets a member there.
package person

import (
	"context"
	"io"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/explain"
	"winnow/store"
)

// Export is what is asked for.
type Export struct {
	Config   *config.Config
	Store    *store.Store
	Found    explain.Found // that the key or the number names
	Asked    string
	Now      hygiene.Instant
	Progress func(events int64) // read from the log; may be nil
}

// Write writes the document.
func (x *Export) Write(ctx context.Context, to io.Writer) error {
	d := newDocument(to)
	d.begin()
	d.member("asked_for", x.Asked)
	d.member("as_of", x.Now)
	d.array("contacts", func() {
		for _, key := range x.Found.Keys {
			d.object(func() { x.contact(ctx, d, key) })
		}
	})
	if x.Found.Phone != "" {
		d.key("number")
		d.object(func() { x.number(ctx, d, x.Found.Phone) })
	}
	d.end()
	return d.flush()
}
