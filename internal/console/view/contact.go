package view

import (
	"encoding/json"

	"winnow/hygiene"
)

// Explanation is everything that winnow knows of a contact, or of a phone number that no
// contact has. What is absent has no key.
type Explanation struct {
	Contact         string                     `json:"contact,omitempty"`
	AskedAs         string                     `json:"asked_as,omitempty"`    // the key that was asked for, if it was merged into the contact
	MergedFrom      []string                   `json:"merged_from,omitempty"` // the keys that were merged into the contact
	Phone           string                     `json:"phone,omitempty"`       // E.164
	Status          string                     `json:"status"`
	AsOf            hygiene.Instant            `json:"as_of"`
	Why             string                     `json:"why"` // plain sentences
	Suppressions    []Suppression              `json:"suppressions,omitempty"`
	StillSuppressed []StillSuppressed          `json:"still_suppressed,omitempty"` // after an allow: what it did not lift
	ReasonReadAs    string                     `json:"reason_read_as,omitempty"`   // after a suppress or an allow by another word for a reason: that
	Retry           *Retry                     `json:"retry,omitempty"`
	Tags            []string                   `json:"tags,omitempty"`
	Lists           []string                   `json:"lists,omitempty"` // static lists
	Pins            []Pin                      `json:"pins,omitempty"`
	Attributes      hygiene.Attributes         `json:"attributes,omitempty"`
	History         map[string]OutcomeHistory  `json:"history,omitempty"`    // by outcome
	Segments        map[string]bool            `json:"segments,omitempty"`   // whether the contact is in each
	Conditions      map[string]hygiene.Finding `json:"conditions,omitempty"` // why, by segment
	Timeline        []Event                    `json:"timeline,omitempty"`
	Pruned          []Pruned                   `json:"pruned,omitempty"` // what may be missing in the timeline
}

// Suppression is an open suppression, or one that a breaker holds.
type Suppression struct {
	Reason   string           `json:"reason"`
	Since    hygiene.Instant  `json:"since"`
	Until    *hygiene.Instant `json:"until,omitempty"` // nil: permanent
	Rule     string           `json:"rule,omitempty"`
	By       string           `json:"by,omitempty"`     // number for what stands on the contact's phone number
	Number   string           `json:"number,omitempty"` // that number, in E.164; of what stands on the contact too, if its word lies on both
	From     string           `json:"from,omitempty"`   // the contact on whose evidence it rests; empty for what names the number alone, and for a contact that was forgotten
	Note     string           `json:"note,omitempty"`
	Evidence []int64          `json:"evidence,omitempty"` // seq of the events counted
	Hand     string           `json:"hand"`               // rule, operator or import
	Policy   string           `json:"policy,omitempty"`   // hash of the policy that opened it
	Held     int64            `json:"held,omitempty"`     // the breaker trip whose review it waits for; it has no effect until then
	Why      string           `json:"why"`
	Events   []Event          `json:"events,omitempty"` // of the evidence, those still in the log

	SaidOf  string `json:"-"` // the number of which a word was said that the contact has from there
	Summary string `json:"-"` // reason, times and author in words: how Why begins
	Whose   string `json:"-"` // of the evidence, if it is another contact's: "crm-2's "
}

// StillSuppressed is a reason that an allow did not lift.
type StillSuppressed struct {
	Contact     string `json:"contact,omitempty"` // of the number that was allowed
	Number      string `json:"number,omitempty"`  // in E.164, if it stands on that
	From        string `json:"from,omitempty"`    // the contact on whose evidence it stands there
	Reason      string `json:"reason"`
	MustBeNamed bool   `json:"must_be_named"` // it is lifted only when it is named
	Command     string `json:"command"`       // that lifts it
}

// Retry is an open retry.
type Retry struct {
	DueAt     hygiene.Instant `json:"due_at"`
	Attempt   int             `json:"attempt"` // from 1
	MessageID string          `json:"message_id,omitempty"`
	Attempts  int             `json:"attempts,omitempty"` // allowed by the rule; 0 when the rule has changed since
	LapsesAt  hygiene.Instant `json:"lapses_at"`
	Rule      string          `json:"rule"`
	Bounce    *Event          `json:"bounce,omitempty"`
	Pruned    []Pruned        `json:"pruned,omitempty"` // with what retention deleted the unique_args went
}

// Pin is a manual placement in or out of a segment.
type Pin struct {
	Segment string          `json:"segment"`
	Pin     string          `json:"pin"` // in or out
	At      hygiene.Instant `json:"at"`
	By      string          `json:"by"`
	Note    string          `json:"note,omitempty"`
	Acts    bool            `json:"acts"`          // whether the contact is where the pin says
	Why     string          `json:"why,omitempty"` // why it is not
}

// OutcomeHistory is what the history of a contact keeps of one outcome.
type OutcomeHistory struct {
	Count   int             `json:"count"`          // of entries kept
	More    bool            `json:"more,omitempty"` // older entries were dropped
	FirstAt hygiene.Instant `json:"first_at"`
	LastAt  hygiene.Instant `json:"last_at"`
}

// Event is an event of the log.
type Event struct {
	At        hygiene.Instant `json:"at"`
	Seq       int64           `json:"seq"`
	Outcome   string          `json:"outcome"`
	Code      any             `json:"code,omitempty"` // a number or a string, as the provider sends it; nil for none
	MessageID string          `json:"message_id"`
	To        string          `json:"to,omitempty"` // the phone number that the body names, on which the event lies, in E.164
}

// EventOf is an event of the log as people and programs see it.
func EventOf(e *hygiene.Event) Event {
	return Event{At: e.At, Seq: e.Seq, Outcome: e.Outcome.String(), Code: codeOf(e.Code), MessageID: e.MessageID, To: e.To}
}

// codeOf is a code as the provider sends it: a [json.Number] if it is a number,
// nil if there is none.
func codeOf(code string) any {
	switch {
	case code == "":
		return nil
	case hygiene.ParseValue(code).Type == hygiene.Number:
		return json.Number(code)
	}
	return code
}

// Sendable is whether one contact may be texted, or one phone number.
type Sendable struct {
	Contact  string   `json:"contact"`         // as asked
	Phone    string   `json:"phone,omitempty"` // in E.164, if that was asked about: the answer is of the number and of all contacts that have it
	Status   string   `json:"status"`          // a status of hygiene; unknown; or invalid for what is not a key
	Sendable bool     `json:"sendable"`
	Reasons  []string `json:"reasons"` // why not
	// Excepted are reasons for which it is suppressed and that do not count, as was asked.
	Excepted []string `json:"excepted,omitempty"`
	// Nearly is the key of a known contact that an unknown one is nearly the same as.
	Nearly string `json:"nearly,omitempty"`
}

// Merged is what merging a contact into another did.
type Merged struct {
	Old     string   `json:"old"`
	New     string   `json:"new"`
	Merged  bool     `json:"merged"`          // false: they were one contact already
	Batch   int64    `json:"batch,omitempty"` // 0 for none
	Status  string   `json:"status"`          // of the contact that they are; unknown if winnow knows neither
	Reasons []string `json:"reasons"`         // what it is suppressed for
}
