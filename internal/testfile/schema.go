package testfile

import (
	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/ruletest"
	"winnow/internal/config"
	"winnow/internal/yamldoc"
)

// file is the shape of a whole file of rule tests.
var file = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
	{Key: "tests", Shape: &yamldoc.Shape{Kind: yamldoc.List, Item: test, Min: 1, Expect: "a list of tests"}, Required: true, Literal: true, Doc: "The tests. Each is a made-up contact and what happens to it."},
}}

var test = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "a test like {name: …, events: […], expect: […]}", Fields: []yamldoc.Field{
	{Key: "name", Shape: config.TextShape, Required: true, Doc: "What the test claims. It is shown when the test fails."},
	{Key: "contact", Shape: config.TextShape, Doc: "The contact's key. Default: the contact of the first callback."},
	{Key: "phone", Shape: config.TextShape, Doc: "The contact's phone number."},
	{Key: "attributes", Shape: &yamldoc.Shape{Kind: yamldoc.Map, Item: config.ValueShape, Min: 1, Expect: "attributes like {country: TR}"}, Doc: "The contact's attributes, as an import would set them."},
	{Key: "lists", Shape: yamldoc.Several(config.NameShape), Doc: "The static lists that the contact is on."},
	{Key: "events", Shape: yamldoc.Several(event), Doc: "What happens, and at which time."},
	{Key: "expect", Shape: yamldoc.Several(expect), Doc: "What is true at a time, after what happens at the same time."},
	{Key: "never", Shape: yamldoc.Several(never), Doc: "What is never true, all of it together; a status alone stands for {status: …}."},
}}

var event = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "an event like {at: 0h, outcome: soft_bounce}", Fields: []yamldoc.Field{
	{Key: "at", Shape: config.DelayShape, Doc: "When, counted from the start. Default: the time of the event before."},
	{Key: "outcome", Shape: config.OutcomeShape, Doc: "An event of a message, by winnow's outcome."},
	{Key: "event", Shape: config.EventShape, Doc: "An event of a message, by the provider's name for it."},
	{Key: "code", Shape: config.CodeShape, Doc: "The provider's code, with outcome or event."},
	{Key: "id", Shape: &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a message id", Max: provider.MaxText}, Doc: "The message id, with outcome or event. Default: a new message."},
	{Key: "body", Shape: &yamldoc.Shape{Kind: yamldoc.Any, Expect: "what the provider sends, as keys and values or as raw text"}, Doc: "A callback: what the provider sends, as keys and values or as raw text."},
	{Key: "file", Shape: config.PathShape, Doc: "A callback from a file, relative to this one."},
	{Key: "source", Shape: config.NameShape, Doc: "The account that the event comes from. Default: the first of the config."},
	{Key: "suppress", Shape: &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, ShortFor: "reason", Fields: []yamldoc.Field{
		{Key: "reason", Shape: config.NameShape, Required: true, Doc: "Why the contact must not be texted."},
		{Key: "until", Shape: config.DelayShape, Doc: "Until when, counted from the start. Default: permanently."},
		{Key: "note", Shape: config.TextShape, Doc: "A note for those who ask later."},
	}}, Doc: "An operator suppresses the contact; a reason alone stands for {reason: …}."},
	{Key: "allow", Shape: allow, Doc: "An operator lifts suppressions of the contact; a reason alone stands for {reason: …}."},
	{Key: "repeat", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Expect: "a whole number", Min: 1, Max: ruletest.MaxEvents}, Doc: "How often it happens."},
	{Key: "every", Shape: config.DelayShape, Doc: "The time between two of them, with repeat."},
}}

var allow = &yamldoc.Shape{Kind: yamldoc.Object, ShortFor: "reason", Expect: "{} for all but opted_out, or a reason", Fields: []yamldoc.Field{
	{Key: "reason", Shape: config.NameShape, Doc: "The reason to lift. Default: all but opted_out."},
	{Key: "note", Shape: config.TextShape, Doc: "A note for those who ask later."},
}}

// claims are the keys of what can be expected of a contact.
var claims = []yamldoc.Field{
	{Key: "status", Shape: config.StatusShape, Doc: "The contact's status."},
	{Key: "rule", Shape: config.NameShape, Doc: "A rule behind the suppression, the retry or a tag; without any of them, behind the latest change."},
	{Key: "reasons", Shape: noneOrMore(config.NameShape, "reasons"), Doc: "Exactly the reasons for which it is suppressed."},
	{Key: "until", Shape: config.TextShape, Doc: "When its suppression ends, counted from the start, or: for good."},
	{Key: "retry", Shape: retry, Doc: "Its retry, or none."},
	{Key: "tags", Shape: noneOrMore(config.NameShape, "tags"), Doc: "Exactly its tags."},
	{Key: "segments", Shape: &yamldoc.Shape{Kind: yamldoc.Map, Item: config.BoolShape, Min: 1, Expect: "segments like {reachable: true}"}, Doc: "Which segments it is in, and which not."},
	{Key: "in", Shape: yamldoc.Several(config.NameShape), Doc: "Segments it is in."},
	{Key: "not_in", Shape: yamldoc.Several(config.NameShape), Doc: "Segments it is not in."},
}

// retry has a short form for no retry: attempt 0.
var retry = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "none, or a retry like {attempt: 1, due: 4h}", ShortWords: map[string]string{"none": "{attempt: 0}"}, Fields: []yamldoc.Field{
	{Key: "attempt", Shape: &yamldoc.Shape{Kind: yamldoc.Integer, Expect: "a whole number", Max: hygiene.EntriesKept}, Doc: "Its number since the last delivery, from 1."},
	{Key: "due", Shape: config.DelayShape, Doc: "When it is due, counted from the start."},
}}

var (
	expect = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "an expectation like {at: 4h, status: retry}",
		Fields: append([]yamldoc.Field{{Key: "at", Shape: config.DelayShape, Required: true, Doc: "When, counted from the start."}}, claims...)}
	never = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, ShortFor: "status", Expect: "a status like suppressed, or an expectation like {status: retry}", Fields: claims}
)

// noneOrMore is a list that may be empty, or one of its items.
func noneOrMore(item *yamldoc.Shape, noun string) *yamldoc.Shape {
	return &yamldoc.Shape{Kind: yamldoc.OneOrMore, Item: item, Expect: "a list of " + noun + ", [] for none"}
}
