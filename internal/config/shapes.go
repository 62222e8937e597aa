package config

import (
	"regexp"

	"winnow/hygiene"
	"winnow/internal/presets"
	"winnow/internal/yamldoc"
)

// Shapes that several sections share. The exported ones are also those of rule
// tests.
var (
	NameShape    = pattern("a name of lowercase letters, digits, - and _ (at most 63 characters, the first a letter or digit)", `^[a-z0-9][a-z0-9_-]{0,62}$`)
	OutcomeShape = presets.OutcomeShape
	StatusShape  = choice("a status like active", "status", hygiene.StatusNames()...)
	EventShape   = presets.EventShape
	CodeShape    = presets.CodeShape
	ValueShape   = &yamldoc.Shape{Kind: yamldoc.Scalar, Expect: "text, a number, true or false"}
	BoolShape    = &yamldoc.Shape{Kind: yamldoc.Bool, Expect: "true or false"}
	DelayShape   = &yamldoc.Shape{Kind: yamldoc.Duration, Expect: "a duration like 4h", ZeroAllowed: true}
	PathShape    = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a path"}
	TextShape    = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "text"}

	span     = &yamldoc.Shape{Kind: yamldoc.Duration, Expect: "a duration like 7d"}
	positive = &yamldoc.Shape{Kind: yamldoc.Integer, Min: 1, Expect: "a whole number"}
)

func choice(expect, noun string, words ...string) *yamldoc.Shape {
	return &yamldoc.Shape{Kind: yamldoc.Choice, Expect: expect, Noun: noun, Words: words}
}

func pattern(expect, expression string) *yamldoc.Shape {
	return &yamldoc.Shape{Kind: yamldoc.Text, Expect: expect, Pattern: regexp.MustCompile(expression)}
}

// unordered is a list whose order means nothing.
func unordered(list *yamldoc.Shape) *yamldoc.Shape {
	list.Unordered = true
	return list
}

// listOf is a list of at least so many items.
func listOf(min int, item *yamldoc.Shape, expect string) *yamldoc.Shape {
	return &yamldoc.Shape{Kind: yamldoc.List, Item: item, Min: min, Expect: expect}
}
