package engine

import (
	"errors"
	"hash/fnv"

	"winnow/hygiene"
)

// Sharing is an [Engine] of which several processes sweep one log together: each takes
// events of some buckets, and writes contacts of these buckets alone.
type Sharing interface {
	Engine
	// WriteBeside runs do in one transaction on the contacts. Others of its kind run
	// meanwhile, in any process; [Engine.Write] excludes them all. Two of them may write the
	// same row only at their ends, in the order of its keys: then the second waits for the
	// first. If they are in each other's way nevertheless, one of them has the error
	// [ErrClash], and nothing of it took effect.
	WriteBeside(do func(Writer) error) error
}

// ErrClash is the error of a transaction that was in the way of another one. It may be
// tried again.
var ErrClash = errors.New("two transactions were in each other's way")

// SharedLog is a [LogReader] of a [Sharing] engine.
type SharedLog interface {
	LogReader
	// EventsIn reads the events of some buckets after one seq and up to another, as
	// [LogReader.EventsAfter] does.
	EventsIn(b BucketRange, after, through int64, most, bytes int) ([]hygiene.Event, error)
}

// Buckets is how many buckets there are. It is stored in every event, so it stays.
const Buckets = 64

// BucketRange is the buckets from one to another, which is not included.
type BucketRange struct{ From, To int }

// Has reports whether the range has the bucket.
func (r BucketRange) Has(bucket int) bool { return r.From <= bucket && bucket < r.To }

// BucketOf is the bucket of the contact of a key.
func BucketOf(key string) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % Buckets)
}

// BucketOfEvent is the bucket in which an event lies: that of the contact that its body
// names, or else one by its message, so that those without a contact are spread too.
func BucketOfEvent(source, messageID, contact string) int {
	if contact == "" {
		return BucketOf(source + "\x00" + messageID)
	}
	return BucketOf(contact)
}
