package config

import (
	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/ruletest"
)

// ruleTestFile is a whole file of rule tests: every key that there is, with what
// it means.
var ruleTestFile = keysOf(1,
	plain(required("tests", listOf(1, ruleTest, "a list of tests"), "The tests, each the made-up life of one contact.")),
)

var ruleTest = saying("a test like {name: …, events: […], expect: […]}",
	required("name", anyText, "What the test claims, as its failure is told."),
	optional("contact", anyText, "The contact's key; left out, whom the first callback names."),
	optional("phone", anyText, "The contact's phone number."),
	optional("attributes", &shape{kind: table, item: value, min: 1, says: "attributes like {country: TR}"}, "What an import said of the contact."),
	optional("lists", several(name), "The static lists that the contact is on."),
	optional("events", several(ruleTestEvent), "What happens, at which time."),
	optional("expect", several(ruleTestExpect), "What is true at a time; of the same time, after what happens then."),
	optional("never", several(ruleTestNever), "What is not true at any time, all of it together; a status alone will do."),
)

var ruleTestEvent = saying("something like {at: 0h, outcome: soft_bounce}",
	optional("at", spanOrNow, "When, counted from the start; left out, when what stands before it happened."),
	optional("outcome", outcome, "Something happened to a message, in winnow's word."),
	optional("event", &shape{kind: text, says: "the provider's word for an event", max: provider.MaxText}, "Something happened to a message, in the provider's word."),
	optional("code", codes, "The provider's code, beside outcome or event."),
	optional("id", &shape{kind: text, says: "a message's id", max: provider.MaxText}, "The message, beside outcome or event; left out, one of its own."),
	optional("body", &shape{kind: text, says: "what the provider sends, as keys and values or as raw text"}, "A callback: what the provider sends, as keys and values or as raw text."),
	optional("file", path, "A callback that stands in a file, relative to this one."),
	optional("source", name, "The account that the event is of; left out, the first of the config."),
	optional("suppress", keysOf(1,
		required("reason", name, "Why the contact is not to be texted."),
		optional("until", spanOrNow, "Until when, counted from the start; left out, for good."),
		optional("note", anyText, "Why, for whoever asks later."),
	), "An operator suppresses the contact; a reason alone will do."),
	optional("allow", ruleTestAllow, "An operator lifts what suppresses the contact."),
	optional("repeat", &shape{kind: whole, says: "a whole number", min: 1, max: ruletest.MostEvents}, "How often it happens."),
	optional("every", spanOrNow, "How far apart, when it is repeated."),
)

var ruleTestAllow = &shape{kind: mapping, says: "{} for all but opted_out, or a reason", fields: []field{
	optional("reason", name, "The reason that is lifted; left out, all but opted_out."),
	optional("note", anyText, "Why, for whoever asks later."),
}}

// ruleTestAspects is what can be expected of a contact.
var ruleTestAspects = []field{
	optional("status", words("a status like active", "status", hygiene.StatusNames()), "What the contact is for whoever wants to text it."),
	optional("rule", name, "A rule behind what stands: a suppression, the retry, a tag; if nothing stands, of the latest change."),
	optional("reasons", noneOrMore(name, "reasons"), "Why it is suppressed: exactly these reasons."),
	optional("until", anyText, "When it is no longer suppressed, counted from the start, or for good."),
	optional("retry", ruleTestRetry, "The retry that stands, or none."),
	optional("tags", noneOrMore(name, "tags"), "Its tags: exactly these."),
	optional("segments", &shape{kind: table, item: yesOrNo, min: 1, says: "segments like {reachable: true}"}, "Which segments it is in and which not."),
	optional("in", several(name), "Segments it is in."),
	optional("not_in", several(name), "Segments it is not in."),
}

// ruleTestRetry has a short form for no retry, which is attempt 0 in the long one.
var ruleTestRetry = &shape{kind: mapping, min: 1, says: "none, or a retry like {attempt: 1, due: 4h}", fields: []field{
	optional("attempt", &shape{kind: whole, says: "a whole number", max: hygiene.Kept}, "The how-manieth it is since the last delivery."),
	optional("due", spanOrNow, "When it is due, counted from the start."),
}}

var (
	ruleTestExpect = saying("something like {at: 4h, status: retry}", append([]field{required("at", spanOrNow, "When, counted from the start.")}, ruleTestAspects...)...)
	ruleTestNever  = saying("a status like suppressed, or something like {status: retry}", ruleTestAspects...)
)

// saying is a mapping of known keys, at least one of them, that is shown to people.
func saying(says string, fields ...field) *shape {
	return &shape{kind: mapping, fields: fields, min: 1, says: says}
}

// noneOrMore is a list that may be empty, or one of its items.
func noneOrMore(item *shape, noun string) *shape {
	return &shape{kind: oneOrMore, item: item, says: "a list of " + noun + ", [] for none"}
}
