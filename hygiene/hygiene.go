// Package hygiene says what an event means and what is done about it.
//
// It is the pure heart of winnow: no clock, no I/O, the standard library only
// (one file knows phone numbers through a library). Everything that happened
// to a contact is kept in a bounded [History]; a [Policy] of [Rule]s looks at
// it; [Policy.Apply] turns a contact and a new event into the contact as it
// should now stand, with a ledger [Entry] for every change:
//
//	(contact, event, policy) -> (contact, ledger entries)
//
// # In order, and anew
//
// Events are judged in the order of their [Moment]: their time, then their
// place in the log. One that is later than all that the contact knows is
// applied to the contact as it stands. One that arrives late makes the contact
// anew: what the history keeps and what operators said is replayed from the
// beginning, and what differs is added to the ledger. Both ways give the same
// contact, so any cut of the log into sweeps does too, and judging a contact
// again under the same policy changes nothing.
//
// # What has settled
//
// A history is bounded: of each outcome the latest [Kept] entries. What was
// decided on evidence that has since been dropped can't be found again by a
// replay. So a suppression, tag or retry whose evidence is not newer than the
// oldest kept entry of an overflowed outcome that its rule names has settled:
// a replay takes it as it is, as long as its rule reads as it did.
//
// Status is derived, never timed: a suppression stores until when it holds and
// a retry when it is due, and [Contact.Status] reads them against a given time.
package hygiene
