package presets

import (
	"regexp"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/yamldoc"
)

// Shapes that other files have too.
var (
	OutcomeShape = &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "an outcome like delivered", Noun: "outcome", Words: hygiene.OutcomeNames()}
	EventShape   = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "the provider's name for an event", Max: provider.MaxText}
	CodeShape    = &yamldoc.Shape{Kind: yamldoc.Code, Expect: "a code like 1404"}
)

// word is what stands in a body: a text, or a number.
var (
	word = &yamldoc.Shape{Kind: yamldoc.Code, Expect: "a word of the provider like delivered"}
	// eventWord is an event in a table of outcomes, which may be a number.
	eventWord = &yamldoc.Shape{Kind: yamldoc.Code, Expect: EventShape.Expect}

	path = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a path like reason.code", Max: provider.MaxText}
	text = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "text"}
)

// Lines is the shape of an outcome table.
var Lines = &yamldoc.Shape{Kind: yamldoc.List, Item: line, Min: 1, Expect: "a list like {event: undelivered, code: 1499, outcome: soft_bounce}"}

var line = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"outcome", "table"}, NotBoth: []string{"outcome", "table"}, Fields: []yamldoc.Field{
	{Key: "event", Shape: severalOf(eventWord, "the provider's name for an event, or a list of them"), Required: true, Doc: "The provider's name for the event, or several; case does not matter."},
	{Key: "code", Shape: severalOf(CodeShape, "a code like 1404, or a list of them"), Doc: "The provider's code, or several. Without it, the line applies to all codes that have no line of their own; none is for events without a code. A code that is not at the first path of code is written PATH:CODE."},
	{Key: "outcome", Shape: OutcomeShape, Doc: "What the event means."},
	{Key: "table", Shape: &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "a table of codes like gsm-ec", Noun: "table", Words: tableNames()}, Doc: "A table of codes that several providers share, instead of code and outcome. Later lines go before it."},
}}

// shapeKeys are the keys that say where things are, which each alternative has as well.
var shapeKeys = []yamldoc.Field{
	{Key: "each", Shape: path, Doc: "Where the events are, such as results[]; . for the body itself, JSON or a form; [] for the body itself, JSON only. Default: ."},
	{Key: "only", Shape: &yamldoc.Shape{Kind: yamldoc.Map, Item: severalOf(word, "a word, or a list of them"), Expect: "paths and words like {type: [outbound]}", Hints: yamldoc.Hints{Scalar: "write the path, too, where the word must be", List: "write {PATH: […]}, with the path where one of these words must be"}}, Doc: "Words that must be at these paths, of which nothing means that there is none. An event where others are is answered and counted, and not kept; one where there is none goes to quarantine."},
	{Key: "id", Shape: severalOf(path, "a path like messageId, or a list of them"), Doc: "Path of the message's id; of several, the parts of the id, which are joined with a colon."},
	{Key: "event", Shape: path, Doc: "Path of the provider's word for what happened."},
	{Key: "code", Shape: severalOf(path, "a path like reason.code, or a list of them"), Doc: "Path of the provider's code; of several, the first where a code is that is not 0."},
	{Key: "to", Shape: &yamldoc.Shape{Kind: yamldoc.Object, Expect: "a path like to, or {path: to, plus: true}", ShortFor: "path", Fields: []yamldoc.Field{
		{Key: "path", Shape: path, Required: true, Doc: "Path of the recipient's phone number."},
		{Key: "plus", Shape: yes, Default: "false", Doc: "Whether the numbers begin with their country code and have no +."},
		{Key: "region", Shape: region, Doc: "Country of numbers without a country code. Default: contacts.region."},
	}}, Doc: "Where the recipient's phone number is."},
	{Key: "at", Shape: &yamldoc.Shape{Kind: yamldoc.Object, Expect: "a path like time, or {path: time, layout: unix}", ShortFor: "path", Fields: []yamldoc.Field{
		{Key: "path", Shape: path, Required: true, Doc: "Path of the time of the event."},
		{Key: "layout", Shape: &yamldoc.Shape{Kind: yamldoc.Text, Expect: `a layout like "2006-01-02 15:04:05"`, Words: []string{provider.Unix, provider.UnixMilli, provider.RFC3339}}, Default: provider.RFC3339, Doc: "How the time is written: rfc3339, unix (seconds), unixms (milliseconds), or how 2006-01-02 15:04:05 -0700 would be written."},
		{Key: "zone", Shape: &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a time zone like Europe/Istanbul"}, Doc: "Time zone of times that are written without. If it is not known, the time is not used."},
	}}, Doc: "Where the time of the event is."},
	{Key: "args", Shape: path, Doc: "Path of what the sender attached to the message; query for the query of the callback's URL."},
}

// ownKeys are the keys of a format that its alternatives do not have.
var ownKeys = []yamldoc.Field{
	{Key: "methods", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "GET or POST", Noun: "method", Words: []string{"GET", "POST"}}, Min: 1, Unordered: true, Expect: "a list of methods like [GET, POST]"}, Doc: "Methods of requests that carry events: POST in its body, GET in the query of its URL. Default: [POST]."},
	{Key: "inside", Shape: path, Doc: "Path of a text in the body that is itself the JSON with the events."},
	{Key: "alternatives", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: shapeKeys}, Min: 1, Max: 4, Expect: "a list of forms that a body may have"}, Doc: "Several forms of a body, of which the first counts whose only holds. Each has keys of its own and the others in common."},
	{Key: "strict", Shape: yes, Doc: "Whether ids and events are texts, so that a number is neither."},
	{Key: "max", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Min: 1, Max: provider.MaxEvents, Expect: "a whole number"}, Doc: "The most events that a request may have. Default: 10000."},
	{Key: "signature", Shape: signs, Doc: "What the provider signs. What it is verified with is said in signature of the source."},
	{Key: "answer", Shape: answers, Doc: "Statuses that callbacks are answered with."},
	{Key: "outcomes", Shape: Lines, Doc: "What the provider's events and codes mean."},
}

var region = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a country like TR", Pattern: regexp.MustCompile(`^[A-Z]{2}$`)}

var yes = &yamldoc.Shape{Kind: yamldoc.Bool, Expect: "true or false"}

// Read is the shape of a format, which a preset has and a source may have.
var Read = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "how callbacks are read, like {id: messageId, event: status}", Fields: append(append([]yamldoc.Field{}, shapeKeys...), ownKeys...), Misplaced: map[string]yamldoc.Misplaced{
	"contact":    ofSource("contact"),
	"preset":     ofSource("preset"),
	"tokens":     ofSource("tokens"),
	"public_url": ofSource("public_url"),
	"secret":     {Text: "a secret is not among what says how callbacks are read", Hint: `write signature: {secret: "${NAME}"} beside read`},
}}

func ofSource(key string) yamldoc.Misplaced {
	return yamldoc.Misplaced{Text: yamldoc.Quote(key) + " is a key beside read, not in it", Hint: "write " + key + ": beside read:"}
}

// file is the shape of a preset's file.
var file = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "title", Shape: text, Required: true, Doc: "The provider and its product."},
	{Key: "sources", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: text, Min: 1, Expect: "a list of titles"}, Required: true, Doc: "Where the facts are from: titles of pages, and tests of programs that receive such callbacks."},
	{Key: "confirmed", Shape: text, Required: true, Doc: "What a page or a recorded callback shows."},
	{Key: "unconfirmed", Shape: text, Doc: "What could not be confirmed, and so is left out or taken from a single place."},
	{Key: "retries", Shape: text, Doc: "When it sends a callback again; without it that is not known."},
	{Key: "vector", Shape: text, Doc: "Whose signature the examples have that are verified."},
	{Key: "contact", Shape: path, Doc: "Where the contact is if a source does not say."},
	{Key: "handshake", Shape: &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "a handshake like challenge", Noun: "handshake", Words: []string{string(provider.HandshakeChallenge), string(provider.HandshakeEventGrid), string(provider.HandshakeSNS)}}, Doc: "How it finds out whether callbacks are wanted at a URL."},
	{Key: "refuse_more", Shape: yes, Doc: "Whether a request with too many events is answered 413, because the provider sends it again in parts."},
	{Key: "read", Shape: Read, Required: true, Doc: "How its callbacks are read."},
	{Key: "public_url", Shape: PublicURL, Doc: "Beginning of the URL that the examples were sent to. Signatures that cover the URL need it."},
	{Key: "signature", Shape: proof, Doc: "What the examples are verified with; secrets of tests may be written here."},
	{Key: "examples", Shape: examples, Required: true, Doc: "Callbacks, and what is read in them."},
}}

// tableFile is the shape of a table's file.
var tableFile = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "title", Shape: text, Required: true},
	{Key: "sources", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: text, Min: 1, Expect: "a list of titles"}, Required: true},
	{Key: "codes", Shape: &yamldoc.Shape{Kind: yamldoc.List, Min: 1, Expect: "a list of codes and outcomes", Item: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
		{Key: "code", Shape: severalOf(CodeShape, "a code, or a list of them"), Required: true},
		{Key: "outcome", Shape: OutcomeShape, Required: true},
	}}}, Required: true},
}}

// testFile is the shape of a file that tries a preset or a format of one's own.
var testFile = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"preset", "read"}, Fields: []yamldoc.Field{
	{Key: "preset", Shape: presetName, Doc: "The preset that is tried."},
	{Key: "read", Shape: Read, Doc: "How callbacks are read; beside preset, what differs from it."},
	{Key: "contact", Shape: path, Doc: "Where the contact is, as in the config of a source."},
	{Key: "region", Shape: region, Doc: "Country of phone numbers without a country code."},
	{Key: "public_url", Shape: PublicURL, Doc: "Beginning of the URL that the examples were sent to, as a source has it. Signatures that cover the URL need it."},
	{Key: "signature", Shape: proof, Doc: "What the examples are verified with, as a source has it; secrets of tests may be written here."},
	{Key: "examples", Shape: examples, Required: true, Literal: true, Doc: "Callbacks, and what is read in them."},
}}

// presetName is the shape of the name of a preset.
var presetName = &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "a preset like insider", Noun: "preset", Words: Names()}

// Name is the shape of the name of a preset.
var Name = presetName

var examples = &yamldoc.Shape{Kind: yamldoc.List, Min: 1, Expect: "a list of examples", Item: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
	{Key: "name", Shape: text, Doc: "What the example shows."},
	{Key: "read_contact", Shape: path, Doc: "Where the contact is in this example, if it is not where the file says."},
	{Key: "region", Shape: region, Doc: "Country of phone numbers without a country code, if it is not that of the file."},
	{Key: "method", Shape: &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "GET or POST", Noun: "method", Words: []string{"GET", "POST"}}, Default: "POST"},
	{Key: "path", Shape: urlPath, Default: samplePath, Doc: "The path of the URL, for signatures that cover it."},
	{Key: "query", Shape: text, Doc: "The query of the URL, as it is sent."},
	{Key: "headers", Shape: &yamldoc.Shape{Kind: yamldoc.Map, Item: text, Expect: "names and values"}, Doc: "Headers of the request. A form that is signed field by field needs its Content-Type."},
	{Key: "body", Shape: &yamldoc.Shape{Kind: yamldoc.Any, Expect: "keys and values, a list, or raw text in quotes"}, Doc: "The body: keys and values are sent as JSON, text as it is."},
	{Key: "received_at", Shape: &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a time like 2026-01-02T03:04:05Z"}, Doc: "When it is received, for signatures that have an age. Default: the year 2036."},
	{Key: "verified", Shape: yes, Doc: "Whether signature verifies it. What is not verified is not read. Without it only what is read is compared."},
	{Key: "events", Shape: &yamldoc.Shape{Kind: yamldoc.List, Expect: "a list of events", Item: &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
		{Key: "id", Shape: CodeShape, Doc: "The message's id."},
		{Key: "event", Shape: word, Doc: "The provider's word."},
		{Key: "code", Shape: &yamldoc.Shape{Kind: yamldoc.Code, Expect: "a code like 1404"}, Doc: "The provider's code; without it, there must be none."},
		{Key: "outcome", Shape: OutcomeShape, Required: true, Doc: "What the event means."},
		{Key: "to", Shape: text, Doc: "The recipient's number in E.164."},
		{Key: "contact", Shape: CodeShape, Doc: "The contact's key."},
		{Key: "at", Shape: text, Doc: "The time of the event in RFC 3339, UTC; without it, there must be none that is used."},
	}}}, Doc: "The events that are read, in their order; [] for none."},
	{Key: "left_out", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Max: provider.MaxEvents, Expect: "a whole number"}, Default: "0", Doc: "How many parts are not about an outgoing message."},
	{Key: "quarantined", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Max: provider.MaxEvents, Expect: "a whole number"}, Default: "0", Doc: "How many parts can't be read."},
}}}

// samplePath is the path of examples that say none.
const samplePath = "/callbacks/TOKEN"

var urlPath = &yamldoc.Shape{Kind: yamldoc.Text, Expect: `a path like "/callbacks/TOKEN"`, Pattern: regexp.MustCompile(`^/[^?#\s]*$`)}

// TestSchema is the JSON Schema of files of examples, for editors.
func TestSchema() []byte {
	return testFile.JSONSchema("winnow's examples of callbacks", "Callbacks of a provider, and what is read in them.")
}

func severalOf(item *yamldoc.Shape, expect string) *yamldoc.Shape {
	return &yamldoc.Shape{Kind: yamldoc.OneOrMore, Item: item, Min: 1, Expect: expect}
}
