package hygiene

import (
	"crypto/sha256"
	"encoding/binary"

	"winnow/hygiene/callback"
)

// Event is one thing that happened to one message, as it is recorded in the log.
type Event struct {
	Seq        int64   // place in the log; never used twice
	ReceivedAt Instant // when winnow received it
	At         Instant // the provider's time if it gave one not later than ReceivedAt, else ReceivedAt
	Source     string  // the configured provider account
	MessageID  string  // the provider's id of the message, opaque
	Name       string  // the provider's word for what happened, as sent
	Code       string  // the provider's code, in its shortest form; empty for none
	Outcome    Outcome
	Contact    string // the contact's key as normalised by package contactkey; empty when not known
	Received   bool   // At is when this log received it; false for the provider's time and for imports
	To         string // the phone number that the body names, in E.164; empty for none
	// SentTo and SentAt are the number and the time of the message as the send log has
	// them, as far as they matter to the contact; they are not in the log.
	SentTo string
	SentAt Instant
	Held   int64  // the breaker trip that holds it; 0 for none. It is not in the log: it follows from the events before.
	Body   []byte // the part of the callback as received
}

// Number is the phone number that the event is about: the one that its body names, or
// else that of the send log. It is empty when neither names one.
func (e *Event) Number() string {
	if e.To != "" {
		return e.To
	}
	return e.SentTo
}

// Moment is the event's place in its contact's history.
func (e *Event) Moment() Moment { return Moment{At: e.At, Seq: e.Seq} }

// IsErased reports whether the event was erased from the log: that it happened is all that
// is known of it.
func (e *Event) IsErased() bool { return e.MessageID == "" && e.Contact == "" }

// MessageHash identifies a message in a history by eight bytes of the SHA-256 of its
// source and id, in a form where ("ab","c") and ("a","bc") differ. No sender can
// choose ids that collide, and among the few messages of one contact they do not
// collide by chance.
func MessageHash(source, messageID string) uint64 {
	var buf [128]byte
	b := binary.AppendUvarint(buf[:0], uint64(len(source)))
	b = append(append(b, source...), messageID...)
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:8])
}

// Unreadable is a body, or one object of a body, that is not an event, or a body that may
// not be the provider's. It is kept in quarantine, where people can look at it.
type Unreadable struct {
	ReceivedAt Instant
	Source     string
	Why        string // one plain sentence that repeats nothing of the body
	Body       []byte // as received, without its Content-Encoding
	// Unverified is set for a body that nothing reads before its signature is verified.
	Unverified *callback.Unverified
}
