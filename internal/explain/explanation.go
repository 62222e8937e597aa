package explain

import (
	"winnow/hygiene"
	"winnow/store"
)

// Explanation is all that winnow knows of a contact. Absent facts are absent
// keys.
type Explanation struct {
	Contact      string                     `json:"contact"`
	Phone        string                     `json:"phone,omitempty"` // E.164
	Status       string                     `json:"status"`
	AsOf         hygiene.Instant            `json:"as_of"`
	Why          string                     `json:"why"` // plain sentences
	Suppressions []Suppression              `json:"suppressions,omitempty"`
	Retry        *Retry                     `json:"retry,omitempty"`
	Tags         []string                   `json:"tags,omitempty"`
	Lists        []string                   `json:"lists,omitempty"` // static lists
	Pins         []Pin                      `json:"pins,omitempty"`
	Attributes   hygiene.Attributes         `json:"attributes,omitempty"`
	History      map[string]OutcomeHistory  `json:"history,omitempty"`    // by outcome
	Segments     map[string]bool            `json:"segments,omitempty"`   // whether the contact is in each
	Conditions   map[string]hygiene.Finding `json:"conditions,omitempty"` // why, by segment
	Timeline     []Event                    `json:"timeline,omitempty"`

	reason string              // why the contact has its status
	next   string              // what ends the status, and the commands to type
	ledger []store.LedgerEntry // the latest entries, latest first
}

// Suppression is an open suppression, or one that a breaker holds.
type Suppression struct {
	Reason   string           `json:"reason"`
	Since    hygiene.Instant  `json:"since"`
	Until    *hygiene.Instant `json:"until,omitempty"` // nil: permanent
	Rule     string           `json:"rule,omitempty"`
	By       string           `json:"by,omitempty"`
	Note     string           `json:"note,omitempty"`
	Evidence []int64          `json:"evidence,omitempty"` // seq of the events counted
	Hand     string           `json:"hand"`               // rule, operator or import
	Policy   string           `json:"policy,omitempty"`   // hash of the policy that opened it
	Held     int64            `json:"held,omitempty"`     // the breaker trip whose review it waits for; it has no effect until then
	Why      string           `json:"why"`
	Events   []Event          `json:"events,omitempty"` // those of Evidence that are still in the log

	Summary string `json:"-"` // since when, until when, and who opened it
}

// Pin is a pin of the contact, and whether it has an effect.
type Pin struct {
	Segment string          `json:"segment"`
	Pin     string          `json:"pin"` // in or out
	At      hygiene.Instant `json:"at"`
	By      string          `json:"by"`
	Note    string          `json:"note,omitempty"`
	Acts    bool            `json:"acts"`          // the contact is where the pin puts it
	Why     string          `json:"why,omitempty"` // why the pin has no effect
}

// Retry is the retry of the contact, with the bounce that led to it.
type Retry struct {
	DueAt     hygiene.Instant `json:"due_at"`
	Attempt   int             `json:"attempt"`
	MessageID string          `json:"message_id,omitempty"`
	Attempts  int             `json:"attempts,omitempty"` // how many the rule allows; 0 when the rule has changed since
	LapsesAt  hygiene.Instant `json:"lapses_at"`
	Rule      string          `json:"rule"`
	Bounce    *Event          `json:"bounce,omitempty"`
}

// OutcomeHistory is how often and when the contact had an outcome.
type OutcomeHistory struct {
	Count   int             `json:"count"`
	More    bool            `json:"more,omitempty"` // older ones were dropped
	FirstAt hygiene.Instant `json:"first_at"`
	LastAt  hygiene.Instant `json:"last_at"`
}

// Event is one event of the contact.
type Event struct {
	At        hygiene.Instant `json:"at"`
	Seq       int64           `json:"seq"`
	Outcome   string          `json:"outcome"`
	Code      any             `json:"code,omitempty"` // a number or a string, see [CodeOf]
	MessageID string          `json:"message_id"`
}
