// Package hygiene says what an event means and what follows from it.
//
// It is the core of winnow, and pure: no clock, no I/O, only the standard library.
// What happened to a contact is kept in a bounded [History]. The [Rule]s of a [Policy] look at it. [Policy.Apply]
// applies a new event to a contact, with a ledger entry for every [Change]:
//
//	(contact, event, policy) -> (contact, ledger entries)
//
// # In order, or by replay
//
// Events are judged in the order of their [Moment]: their time, then their place in
// the log. An event later than everything known of the contact is applied to its
// present state. One that arrives late leads to a replay: the kept history and the
// instructions of operators run again from the beginning, and what differs is added
// to the ledger. Both ways give the same contact. So any cut of the log into sweeps
// gives the same contact, and judging a contact again under the same policy changes
// nothing.
//
// # What is frozen
//
// A history keeps the latest [EntriesKept] entries of each outcome. What was decided on
// entries that have been dropped since can't be found again by a replay. So a
// suppression, tag or retry is frozen when its evidence is not newer than the oldest
// kept entry of an overflowed outcome that its rule names: a replay restores it as it
// was, as long as its rule reads the same. See horizon.go.
//
// # What a person said
//
// A protected reason ([Policy.Protects]) is a person's word. What is open for it when a
// contact is replayed stays open, and what a rule lifted stays lifted, whatever the
// policy says by now: only a rule's release that names it, an operator who names it,
// or [Policy.Rejudge] for that reason lifts it. For other reasons a replay judges by
// the rules as they read now. Rules that open a protected reason by more than one
// event (count, since, apart, where) are an exception to the law of order: what such a
// rule opened stays, whatever arrives late. A soft bounce says nothing of a person: one
// whose message turns out to have been delivered opens nothing, for any reason.
//
// What is protected is a property of the policy: opt-outs and complaints always, and what
// [Policy.Protect] adds. An act without a reason says itself what it spares
// ([Instruction.Spares]): what was protected when it was made. So what becomes protected
// later reopens nothing, and what ceases to be protected is lifted by no act of before;
// from then on it is a reason like any other. A reason is the same under other words for
// it ([Policy.ReasonOf]), also in contacts that an earlier version stored (rename.go).
//
// A message has a purpose, and an opt-out may be from one alone: [Contact.Except] says
// which reasons do not count, for a segment or a question.
//
// The same opt-out about the same message, again, is a repeat, unless something lifted
// the first one in between: it is judged at its first and at its latest receipt
// ([Again]). Where both times are receipts of this log ([Event.Received]), a release
// lifts no opt-out that the log received after it, whatever the clock said. In the
// present a suppression holds also when its time is ahead of the clock
// ([Contact.InPresent]).
//
// Each act of an operator or an import is kept ([Instruction]), also one that changes
// nothing: what it says holds when another is undone. Of the same act again the latest
// eight can be undone one by one. Allow and undo strike evidence against a contact,
// and never what speaks for it: what a condition counts under a not.
//
// An allow without a reason also ends the retry, and retries are counted anew from
// there; one with a reason leaves retries alone. The evidence of a suppression is the
// newest entries that were counted, as many as the rule asks for. A late event has
// old conditions judged by the attributes of today.
//
// # Numbers
//
// With [Policy.UseNumbers], a phone number is a subject of its own beside the contacts
// that have it, judged by the same rules. A person's word lies on the contact and on the
// number, a fault of the number on the number alone. To which of them an event or an act
// belongs follows from all that is known, and not from when it became known: what comes
// late moves it, and what it had opened or lifted elsewhere goes with it. See number.go.
//
// # One evaluation
//
// There is no second way to find out what a rule or condition does. A condition that
// is explained records what it saw while it decides ([Explain]); rules that are
// traced record what they do while they do it ([Trace]). Status is derived too: a
// suppression stores its end and a retry its due time, and [Contact.Status] compares
// them with a given time.
//
// # Where to change what
//
//   - An outcome: a constant and a line of the table in outcome.go. The config's
//     schema and warnings, segments' columns, metrics and reports follow from it.
//   - A condition: a type with its methods in a condition_ file, as [Condition] says.
//     What is walked ([Walk]) and looked at ([InputsOf]) follows. Its keys are read
//     by the config (conditions.go there); the linter takes a type that it does not
//     know as possibly true and possibly false. The laws hold only what they draw:
//     add it to generator.question in random_policy_test.go, to everyTest in
//     policy_test.go, and to dice.condition in laws_test.go of the linter.
//   - What counts for a rule: exclusion in counting.go, and its words in explain.go.
//   - What a rule does: [Action] in rule.go, judge.open or judge.lift in apply.go,
//     and review.go. How it looks to a plan: package forecast.
//   - What operators decide: [InstructionKind] in instruction.go and
//     judge.instruction in replay.go.
//   - What a contact has now: contact.go. Rules add it and take it away in apply.go.
//   - What is protected: protected.go. The words for it: package reason.
//   - What a merged contact is: merge.go. What is done to a contact is done to its parts
//     too, by [Contact.eachPart].
//   - What is stored of a contact: pack.go and pack_history.go. Change the version.
//   - How times are written and read: package instant. How values compare: package value.
//   - What lies on phone numbers, and on which: number.go. What contacts give to their
//     numbers, and take from them: number_give.go.
//   - A provider: package provider. A rule test: package ruletest.
package hygiene
