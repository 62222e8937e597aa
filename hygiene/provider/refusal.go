package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"winnow/hygiene"
)

// Refused is the name of an event of a message that the provider refused when it was asked
// to send it, where the provider has no word of its own for that. Its outcome is that of
// the only one that its code has in the source's table, and otherwise
// [hygiene.SenderFault]; a line of the table for this name goes before both.
const Refused = "refused"

// Refusal is what a line of the send log says of a message besides where it went.
type Refusal struct {
	Event string // the provider's word; empty for none
	Code  string // in its shortest form; empty for none
	Error string // the provider's sentence; empty for none
	Body  string // the part of the line that says so, as JSON
}

// NewRefusal is a refusal of a record that is not JSON, which body is in that form.
func NewRefusal(event, code, sentence, body string) Refusal {
	r := Refusal{Event: strings.TrimSpace(event), Code: codeOfText(code), Error: strings.TrimSpace(sentence)}
	if r.Code == "0" { // which says that all is well
		r.Code = ""
	}
	if r.said() {
		r.Body = body
	}
	return r
}

// said reports whether anything is said.
func (r *Refusal) said() bool { return r.Event != "" || r.Code != "" || r.Error != "" }

// The slots of what a line says about a refusal, and of what an answer to many is beside.
// A provider has the sentence as error or as message, and sometimes both and the code in
// an object.
const (
	refusalEvent = iota
	refusalError
	refusalErrorMessage
	refusalCode
	refusalErrorCode
	refusalMessage
	refusalField
	refusalSent      // the messages as they were sent
	refusalContactID // of one of these
)

var refusalMembers = pathTree("event", "error", "error.message", "code", "error.code", "message", "field", "messages", "uniqueArgs.contact_id")

// membersOf finds the wanted members of an object that was scanned before.
func membersOf(object string, wanted []member) (found values) {
	s := scan(object, wanted)
	_ = s.elements(func(int, int) { found = s.found }) // it is good JSON
	return found
}

// refusalIn is what an object says of a refusal.
func refusalIn(object string) Refusal {
	found := membersOf(object, refusalMembers)
	sentence := cmp.Or(scalarText(found[refusalErrorMessage]), scalarText(found[refusalError]))
	return NewRefusal(scalarText(found[refusalEvent]), cmp.Or(codeOfValue(found[refusalCode]), codeOfValue(found[refusalErrorCode])), sentence, object)
}

// refusals reads the errors of a provider's answer. Each is about what it names itself or,
// by its field, such as messages[1].phoneNumber, about one of the messages as they were
// sent; in the answer to a single message, about what the answer names.
func refusals(answer string, found *values, source string, sent hygiene.Instant) (all []Registration, err error) {
	var asSent []Registration // read when it is needed
	s := scan(found[lineErrors], lineMembers)
	failed := s.elements(func(from, to int) {
		object := s.text[from:to]
		one, oneErr := named(&s.found)
		about := Registration{}
		switch {
		case !one.isUnnamed():
		case !strings.HasPrefix(found[lineMessages], "["):
			about, _ = named(found)
		default:
			if asSent == nil {
				asSent = sentMessages(membersOf(answer, refusalMembers)[refusalSent])
			}
			about = asSentAt(asSent, object) // whose id, if any, is the sender's
			about.MessageID = ""
		}
		one.MessageID, one.Contact, one.Phone = cmp.Or(one.MessageID, about.MessageID), cmp.Or(one.Contact, about.Contact), cmp.Or(one.Phone, about.Phone)
		one.Source, one.SentAt, one.Refusal = source, sent, refusalIn(object)
		if one.Error == "" {
			one.Error = cmp.Or(scalarText(membersOf(object, refusalMembers)[refusalMessage]), Refused)
		}
		one.Body = object
		all, err = append(all, one), cmp.Or(err, oneErr, one.checkID())
	})
	return all, cmp.Or(failed, err)
}

// sentMessages reads an array of messages as they were sent; nil if it is none.
func sentMessages(array string) (all []Registration) {
	s := scan(array, lineMembers)
	err := s.elements(func(from, to int) {
		object := s.text[from:to]
		one, _ := named(&s.found)
		if one.Contact == "" {
			one.Contact, _ = keyText(membersOf(object, refusalMembers)[refusalContactID])
		}
		all = append(all, one)
	})
	if err != nil || !s.array {
		return nil
	}
	return all
}

// asSentAt is the message that an error is about, by its place in what was sent.
func asSentAt(sent []Registration, refused string) Registration {
	place, ok := strings.CutPrefix(scalarText(membersOf(refused, refusalMembers)[refusalField]), "messages[")
	place, _, closed := strings.Cut(place, "]")
	n, err := strconv.Atoi(place)
	if !ok || !closed || err != nil || n < 0 || n >= len(sent) {
		return Registration{}
	}
	return sent[n]
}

// isUnnamed reports whether nobody is named.
func (r *Registration) isUnnamed() bool { return r.MessageID == "" && r.Contact == "" && r.Phone == "" }

// IsUnnamed reports whether the line is a refusal that names no message, contact or phone
// number, so that it is about nobody.
func (r *Registration) IsUnnamed() bool { return r.said() && r.isUnnamed() }

// IsRefusal reports whether the line says that something happened to the message. table is
// that of its source: a code alone, which may mean that all is well, counts if the table
// has it.
func (r *Registration) IsRefusal(table OutcomeTable) bool {
	return r.Event != "" || r.Error != "" || table.ForCode(r.Code) != 0
}

// RefusalID is the id of a message that was refused before it got one. It is the same each
// time that the same is said.
func (r *Registration) RefusalID() string {
	h := sha256.New()
	for _, part := range []string{r.Contact, r.Phone, strconv.FormatInt(int64(r.SentAt), 10), NormalizeEvent(r.Event), r.Code, r.Error} {
		h.Write(strconv.AppendInt(nil, int64(len(part)), 10))
		h.Write([]byte(":" + part))
	}
	return Refused + "-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// RefusalEvent is the event of a refusal: of that message and source, received at the time
// now. Its time is that of the line, if it has one that is not later.
func (r *Registration) RefusalEvent(source, messageID string, table OutcomeTable, now hygiene.Instant) hygiene.Event {
	e := hygiene.Event{
		ReceivedAt: now, At: now, Received: true, Source: source, MessageID: messageID,
		Name: cmp.Or(r.Event, Refused), Code: r.Code, Body: []byte(r.Body),
	}
	if r.SentAt != 0 && r.SentAt <= now {
		e.At, e.Received = r.SentAt, false
	}
	e.Outcome = table.outcome(e.Name, e.Code)
	return e
}
