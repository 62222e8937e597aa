package yamldoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// JSONSchema is the JSON Schema (draft-07) of files of this shape: editors complete
// and underline with it. Whatever [Read] accepts it accepts too. The bytes are
// always the same.
func (s *Shape) JSONSchema(title, description string) []byte {
	root := s.draft(false)
	root.Schema = "http://json-schema.org/draft-07/schema#"
	root.Title, root.Description = title, description
	for _, u := range s.unions() {
		root.Definitions = append(root.Definitions, property{u.Name, u.draft()})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(err) // plain data always marshals
	}
	return b.Bytes()
}

// unions is all unions in a shape, by name.
func (s *Shape) unions() []*Union {
	var list []*Union
	s.Walk(func(in *Shape) {
		if in.Union != nil {
			list = append(list, in.Union)
		}
	})
	slices.SortFunc(list, func(a, b *Union) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// draft is a schema, or a part of one. Its keys are written in this order.
type draft struct {
	Schema      string `json:"$schema,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	Type        any    `json:"type,omitempty"` // a name, or several

	Enum    []string `json:"enum,omitempty"`
	Pattern string   `json:"pattern,omitempty"`
	// PatternError is what editors say of a text that does not match; others
	// pass over it.
	PatternError string `json:"patternErrorMessage,omitempty"`
	Minimum      *int   `json:"minimum,omitempty"`
	Maximum      int    `json:"maximum,omitempty"`

	Items    *draft `json:"items,omitempty"`
	MinItems int    `json:"minItems,omitempty"`
	MaxItems int    `json:"maxItems,omitempty"`

	MinProperties int      `json:"minProperties,omitempty"`
	MaxProperties int      `json:"maxProperties,omitempty"`
	Required      []string `json:"required,omitempty"`
	Properties    drafts   `json:"properties,omitempty"`
	PropertyNames *draft   `json:"propertyNames,omitempty"`
	Additional    any      `json:"additionalProperties,omitempty"` // false, or what they are

	AllOf       []*draft        `json:"allOf,omitempty"`
	AnyOf       []*draft        `json:"anyOf,omitempty"`
	Not         *draft          `json:"not,omitempty"`
	NotError    string          `json:"errorMessage,omitempty"` // what editors say of what is not to be
	Default     json.RawMessage `json:"default,omitempty"`
	Definitions drafts          `json:"definitions,omitempty"`
}

// property is one key and what may stand there.
type property struct {
	name string
	is   *draft
}

// drafts is an object whose keys keep their order.
type drafts []property

// MarshalJSON writes the object.
func (list drafts) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, p := range list {
		b.WriteByte("{,"[min(i, 1)])
		is, err := json.Marshal(p.is)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", p.name, is)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// draft is the schema of what may stand at a place; literal where ${NAME} is
// not read.
func (s *Shape) draft(literal bool) *draft {
	switch s.Kind {
	case List:
		return &draft{Type: "array", Items: s.Item.draft(literal), MinItems: s.Min, MaxItems: s.Max}
	case OneOrMore:
		return &draft{AnyOf: []*draft{s.Item.draft(literal), {Type: "array", Items: s.Item.draft(literal), MinItems: s.Min}}}
	case Object:
		return s.object(literal)
	case Map:
		d := &draft{Type: "object", MinProperties: 1, MaxProperties: s.Max, Additional: s.Item.draft(literal)}
		if s.MapKey != nil {
			d.PropertyNames = s.MapKey.draft(literal)
		}
		return d
	case ItemOrMap:
		return &draft{AnyOf: []*draft{s.Item.draft(literal), s.Map.draft(literal)}}
	case Any:
		return &draft{}
	case OneOf:
		return &draft{Ref: "#/definitions/" + s.Union.Name}
	default:
		return s.value(literal)
	}
}

// object is the schema of a mapping.
func (s *Shape) object(literal bool) *draft {
	d := &draft{Type: "object", Additional: false, MinProperties: s.Min, MaxProperties: s.MaxKeys}
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.Required {
			d.Required = append(d.Required, f.Key)
		}
		d.Properties = append(d.Properties, property{f.Key, f.draft(literal || f.Literal)})
	}
	for _, key := range s.AnyOf {
		d.AnyOf = append(d.AnyOf, &draft{Required: []string{key}})
	}
	if s.NotBoth != nil {
		d.Not = &draft{Required: s.NotBoth}
		d.NotError = fmt.Sprintf("%q and %q are both set: keep one of them", s.NotBoth[0], s.NotBoth[1])
	}
	return d
}

// draft is the schema of a key's value, with what people are told of the key.
func (f *Field) draft(literal bool) *draft {
	d := f.Shape.draft(literal)
	if d.Ref != "" { // beside it draft-07 reads nothing
		d = &draft{AllOf: []*draft{d}}
	}
	d.Description = f.Doc
	if f.Default == "" {
		return d
	}
	var standard any
	if err := yaml.Unmarshal([]byte(f.Default), &standard); err != nil {
		panic(err) // the table of shapes is wrong
	}
	var err error
	if d.Default, err = json.Marshal(standard); err != nil {
		panic(err)
	}
	return d
}

// draft is the schema of a union: one of its variants. Each demands the key that
// names it and refuses all others', so that editors know which is meant from the
// first key on.
func (u *Union) draft() *draft {
	d := &draft{Description: u.Doc, Type: "object"}
	for _, v := range u.Variants {
		is := v.object(true)
		is.Title = v.Fields[0].Key
		d.AnyOf = append(d.AnyOf, is)
	}
	return d
}

// The patterns of texts, in words that every dialect of patterns knows.
const (
	anyPlaceholder = `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`
	notBlank       = `\S`
	notZero        = `[1-9]`
	durationText   = `^([0-9]+[smhdw])+$`
	shareUpTo      = `^0{0,3}(%d(\.0{1,9})?|[0-9]{1,%d}(\.[0-9]{1,9})?)%%$`
)

// value is the schema of what is no collection.
func (s *Shape) value(literal bool) *draft {
	switch s.Kind {
	case Integer:
		return &draft{Type: "integer", Minimum: &s.Min, Maximum: s.Max}
	case Bool:
		return &draft{Type: "boolean"}
	case Scalar:
		return (&draft{Type: []string{"string", "number", "boolean"}}).withoutVariables(literal)
	case Code:
		return (&draft{Type: []string{"string", "integer"}, Pattern: notBlank, PatternError: "expected " + s.expects()}).withoutVariables(literal)
	}
	words := &draft{Type: "string", Enum: slices.Concat(s.Words, s.OtherWords)}
	switch {
	case s.Words == nil:
		return s.spelled(literal)
	case s.Kind == Text:
		return &draft{AnyOf: []*draft{words, s.spelled(literal)}}
	case literal:
		return words
	default:
		return &draft{AnyOf: []*draft{words, s.matching(anyPlaceholder)}}
	}
}

// spelled is the schema of a text that is made in a certain way. Where ${NAME}
// is read, a text with one may become anything.
func (s *Shape) spelled(literal bool) *draft {
	or := "|" + anyPlaceholder
	if literal {
		or = ""
	}
	looks := s.looks()
	if looks == notBlank {
		return s.matching(notBlank).withoutVariables(literal)
	}
	d := s.matching(looks + or)
	if (s.Kind == Duration || s.Kind == Percent) && !s.ZeroAllowed {
		d.AllOf = []*draft{s.matching(notZero + or)}
	}
	return d
}

// looks is the pattern of a text.
func (s *Shape) looks() string {
	switch {
	case s.Kind == Duration:
		return durationText
	case s.Kind == Percent:
		return fmt.Sprintf(shareUpTo, s.Max, len(strconv.Itoa(s.Max))-1)
	case s.Kind == Secret && s.ZeroAllowed:
		return "^$|" + s.Pattern.String()
	case s.Pattern != nil:
		return s.Pattern.String()
	case s.EditorPattern != "":
		return s.EditorPattern
	default:
		return notBlank
	}
}

func (s *Shape) matching(pattern string) *draft {
	return &draft{Type: "string", Pattern: pattern, PatternError: "expected " + s.expects()}
}

// withoutVariables refuses ${…} where it is not read.
func (d *draft) withoutVariables(literal bool) *draft {
	if literal {
		d.Not, d.NotError = &draft{Type: "string", Pattern: `\$\{`}, "${…} is not expanded here"
	}
	return d
}
