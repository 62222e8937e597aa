// Package packed keeps many events in little memory, until they are applied to their contacts.
//
// A sweep is the faster, and writes the less, the more events it applies in one pass over the
// contacts: each page of theirs is read and written once for all of them. Half a million
// events as they are read take 150 MB, in which the garbage collector looks for pointers. So
// they are kept in a third of that, without pointers: their texts one behind the other, and
// the words that many have in common once.
package packed

import (
	"cmp"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Events are events, each of a contact, by their places: those of the first that was added is
// 0. A text of an event may have 65,535 bytes; what winnow stores has at most 256.
type Events struct {
	lists [][]event // of listEvents each, as are all but the last
	n     int
	texts []*strings.Builder // what was written stays where it is
	bytes int                // of all texts
	words []words
	known map[words]uint32 // places in words

	common int // bytes that the keys of all contacts begin with
}

// Events and texts are in pieces, as one that grows would be copied. All texts of an event are
// in one piece. The first are small, for a sweep of few events.
const (
	listEvents = 8192
	firstTexts = 4 << 10
	textBytes  = 1 << 20
)

// words are what many events have in common.
type words struct {
	source, name, code string
	outcome            hygiene.Outcome
}

// event is an event whose texts are elsewhere: its message id, the key by which it came,
// the key of its contact where that is another one, and its numbers, in this order.
type event struct {
	seq, held              int64
	receivedAt, at, sentAt hygiene.Instant
	words                  uint32
	piece, from            uint32 // where its texts begin
	message, key, contact  uint16 // their lengths
	to, sentTo             uint16
	received               bool
}

// packedBytes is how much memory an event takes beside its texts, while it is sorted.
const packedBytes = 64 + 16 + 4

// Len is how many there are.
func (p *Events) Len() int { return p.n }

// Bytes is about how much memory they take.
func (p *Events) Bytes() int { return p.n*packedBytes + p.bytes }

func (p *Events) at(i int32) *event { return &p.lists[i/listEvents][i%listEvents] }

// Add adds an event of the contact.
func (p *Events) Add(e *hygiene.Event, contact string) {
	if p.n == 0 {
		p.common = len(contact)
	} else if p.common > 0 {
		p.common = min(p.common, commonLength(contact, p.Contact(0)))
	}
	if contact == e.Contact {
		contact = ""
	}
	text := p.room(len(e.MessageID) + len(e.Contact) + len(contact) + len(e.To) + len(e.SentTo))
	one := event{
		seq: e.Seq, held: e.Held, receivedAt: e.ReceivedAt, at: e.At, sentAt: e.SentAt, received: e.Received,
		words: p.place(words{e.Source, e.Name, e.Code, e.Outcome}), piece: uint32(len(p.texts) - 1), from: uint32(text.Len()),
		message: uint16(len(e.MessageID)), key: uint16(len(e.Contact)), contact: uint16(len(contact)), to: uint16(len(e.To)), sentTo: uint16(len(e.SentTo)),
	}
	for _, s := range [...]string{e.MessageID, e.Contact, contact, e.To, e.SentTo} {
		text.WriteString(s)
		p.bytes += len(s)
	}
	if p.n%listEvents == 0 {
		p.lists = append(p.lists, nil)
	}
	last := &p.lists[len(p.lists)-1]
	*last, p.n = append(*last, one), p.n+1
}

// room is the piece of the texts that has room for so many bytes.
func (p *Events) room(bytes int) *strings.Builder {
	n := len(p.texts)
	if n == 0 || p.texts[n-1].Len()+bytes > p.texts[n-1].Cap() {
		next := &strings.Builder{}
		next.Grow(max(bytes, min(textBytes, firstTexts<<min(n, 20))))
		p.texts = append(p.texts, next)
	}
	return p.texts[len(p.texts)-1]
}

func (p *Events) place(w words) uint32 {
	place, ok := p.known[w]
	if !ok {
		if p.known == nil {
			p.known = map[words]uint32{}
		}
		place = uint32(len(p.words))
		p.words, p.known[w] = append(p.words, w), place
	}
	return place
}

// Contact is the key of the contact of an event.
func (p *Events) Contact(i int32) string {
	e := p.at(i)
	text := p.texts[e.piece].String()[e.from+uint32(e.message):]
	if e.contact == 0 {
		return text[:e.key]
	}
	return text[e.key : e.key+e.contact]
}

// Event is an event as it was added, without its body.
func (p *Events) Event(i int32) hygiene.Event {
	e := p.at(i)
	text, words := p.texts[e.piece].String()[e.from:], &p.words[e.words]
	next := func(n uint16) (s string) {
		s, text = text[:n], text[n:]
		return s
	}
	is := hygiene.Event{Seq: e.seq, Held: e.held, ReceivedAt: e.receivedAt, At: e.at, SentAt: e.sentAt, Received: e.received,
		Source: words.source, Name: words.name, Code: words.code, Outcome: words.outcome}
	is.MessageID, is.Contact = next(e.message), next(e.key)
	next(e.contact)
	is.To, is.SentTo = next(e.to), next(e.sentTo)
	return is
}

// ByContact are the places of the events in the order of the keys of their contacts, those of
// one in the order in which they were added, that of the log. Keys often begin with the same
// letters, so eight bytes behind those tell most of them apart.
func (p *Events) ByContact() []int32 {
	type place struct {
		head uint64 // what tells the key of its contact apart
		at   int32
	}
	places := make([]place, p.n)
	for i := range places {
		places[i] = place{headOf(p.Contact(int32(i))[p.common:]), int32(i)}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Or(strings.Compare(p.Contact(a.at), p.Contact(b.at)), cmp.Compare(a.at, b.at))
	})
	order := make([]int32, p.n)
	for i := range places {
		order[i] = places[i].at
	}
	return order
}

// headOf is the first eight bytes of a text, as a number that is in the order of texts.
func headOf(text string) (head uint64) {
	for i := range min(8, len(text)) {
		head |= uint64(text[i]) << (56 - 8*i)
	}
	return head
}

// commonLength is how many bytes both texts begin with.
func commonLength(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
