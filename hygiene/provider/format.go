package provider

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"winnow/hygiene/provider/signature"
)

// Format says how the callbacks of one provider are read: it is a preset, or what the
// config of a source says itself.
//
// Paths are dotted names, such as reason.code, with the place of one element of an array
// where they pass one, such as errors[0].code. They begin at the event; after a slash at
// the body, such as /batch_id; after ^. at the object around the array that the events
// are in. A dot alone is the event itself. A form has no objects: there, a path is the name of a
// field.
type Format struct {
	Name    string   // of the preset; empty for one of the source's own
	Methods []string // that carry events: POST, whose body is read, or GET, whose query is. Empty for POST
	// Inside is the path of a text in the body that is itself the JSON with the events.
	// A body without it is read as if it were that JSON. Empty for the body.
	Inside string
	// Shapes are the forms that a body may have. The first whose conditions hold is the
	// one that counts.
	Shapes []Shape
	// Strict says that an id and an event are texts: a JSON number is none.
	Strict   bool
	Outcomes []Line // what its events and codes mean
	// Max is the most events that a request may have; 0 for [MaxEvents].
	Max int
	// RefuseMore says that a request with more is an error, because the provider sends it
	// again. Otherwise it goes to quarantine.
	RefuseMore bool
	// Signs is how the provider signs its callbacks; without schemes it does not.
	Signs     signature.Choice
	Answer    Answer
	Handshake Handshake
}

// Answer are the statuses that callbacks are answered with. Zero stands for the default.
type Answer struct {
	OK    int // of one that is stored: 2xx, by default 200
	Again int // of one that is not, and is to be sent again: 429 or 5xx, by default 503
}

// Stored is the status of the answer to a callback that is stored.
func (a Answer) Stored() int { return cmp.Or(a.OK, 200) }

// Retry is the status of the answer to a callback that is to be sent again.
func (a Answer) Retry() int { return cmp.Or(a.Again, 503) }

// Handshake is how a provider finds out whether callbacks are wanted at a URL.
type Handshake string

// The handshakes; empty for none.
const (
	// HandshakeChallenge is a GET whose hub.challenge is the answer if hub.verify_token is
	// the source's token, as Meta has it.
	HandshakeChallenge Handshake = "challenge"
	// HandshakeEventGrid is an event with a code, which is the answer, as Azure Event Grid
	// has it.
	HandshakeEventGrid Handshake = "eventgrid"
	// HandshakeSNS is a body that asks to confirm a subscription. It is kept: only people
	// confirm.
	HandshakeSNS Handshake = "sns"
)

// Shape is one form of a body: where its events are, and where in them is what. Only
// Each, ID and Event are needed.
type Shape struct {
	// Each is where the events are, such as results[] or entry[].changes[]. A dot alone
	// is the body itself, which may also be a form; [] is the body as JSON. Either way an array of
	// bodies is read as its elements.
	Each  string
	Only  []Condition // which all must hold of an event
	ID    []string    // paths of the message's id, which are joined with a colon
	Event string
	// Code are paths of the code, of which the first counts that is there and not zero. A
	// code that is not at the first path is written PATH:CODE, since two lists of codes
	// may have the same code for different things. A single path may also have zero.
	Code   []string
	To     string // the phone number of the message
	Plus   bool   // that number begins with its country code, and may have no +
	Region string // country of such numbers without a country code, like TR; empty for that of the config
	At     Time
	Args   string // what the sender attached to the message: a path, or [Query]
}

// Query as the path of what the sender attached is the query of the callback's URL.
const Query = "query"

// Condition holds if the text at the path is one of the words. Where nothing is, the text
// is empty.
type Condition struct {
	Path  string
	Words []string
}

// Time says where an event has its time, and how it is written.
type Time struct {
	Path   string // empty when events have none
	Layout string // [Unix], [UnixMilli], [RFC3339] or a layout of package time
	// Zone is that of times that are written without; nil when it is not known. Such a
	// time is shown and never used.
	Zone *time.Location
}

// The methods of requests.
const (
	get  = "GET"
	post = "POST"
)

// Layouts of times that are not layouts of package time.
const (
	Unix      = "unix"    // seconds since 1970
	UnixMilli = "unixms"  // milliseconds since 1970
	RFC3339   = "rfc3339" // with or without a fraction
)

// MaxEvents is the most events of a request, unless the format says otherwise.
const MaxEvents = 10_000

func (f *Format) max() int {
	if f.Max > 0 {
		return f.Max
	}
	return MaxEvents
}

func (f *Format) takes(method string) bool {
	if len(f.Methods) == 0 {
		return method == post
	}
	return slices.Contains(f.Methods, method)
}

// ReadsQuery reports whether what is in the URL's query counts, and is stored with the
// body.
func (f *Format) ReadsQuery() bool {
	return slices.Contains(f.Methods, get) || slices.ContainsFunc(f.Shapes, func(s Shape) bool { return s.Args == Query })
}

// Table is what the events and codes of a source mean: the format's own lines, and those
// of the source, which go before them. Its errors are those of [New].
func (f *Format) Table(lines []Line) (OutcomeTable, error) {
	return newOutcomeTable(f.Outcomes, lines)
}

// Sender is the member of the provider's bodies that holds what the sender attached to
// the message, and so is where a contact can be; empty when it is not known, or is not
// one member.
func (f *Format) Sender() string {
	if f == nil || len(f.Shapes) != 1 || strings.HasPrefix(f.Shapes[0].Args, "/") || f.Shapes[0].Args == Query {
		return ""
	}
	return f.Shapes[0].Args
}
