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

// JSONSchema is the JSON Schema (draft-07) of files of this shape, for editors. It
// accepts whatever [Read] accepts. The bytes are always the same.
func (s *Shape) JSONSchema(title, description string) []byte {
	root := s.schema(false)
	root.Schema = "http://json-schema.org/draft-07/schema#"
	root.Title, root.Description = title, description
	for _, u := range s.unions() {
		root.Definitions = append(root.Definitions, property{u.Name, u.schema()})
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

// unions is all unions in the shape, sorted by name.
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

// schema is a JSON Schema, or a part of one. Its keys are written in this order.
type schema struct {
	Schema      string `json:"$schema,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	Type        any    `json:"type,omitempty"` // a name, or several

	Enum    []string `json:"enum,omitempty"`
	Pattern string   `json:"pattern,omitempty"`
	// PatternError is the message of editors for text that does not match. It is not
	// part of draft-07, and other tools ignore it.
	PatternError string `json:"patternErrorMessage,omitempty"`
	Minimum      *int   `json:"minimum,omitempty"`
	Maximum      int    `json:"maximum,omitempty"`

	Items    *schema `json:"items,omitempty"`
	MinItems int     `json:"minItems,omitempty"`
	MaxItems int     `json:"maxItems,omitempty"`

	MinProperties int        `json:"minProperties,omitempty"`
	MaxProperties int        `json:"maxProperties,omitempty"`
	Required      []string   `json:"required,omitempty"`
	Properties    properties `json:"properties,omitempty"`
	PropertyNames *schema    `json:"propertyNames,omitempty"`
	Additional    any        `json:"additionalProperties,omitempty"` // false, or what they are

	AllOf       []*schema       `json:"allOf,omitempty"`
	AnyOf       []*schema       `json:"anyOf,omitempty"`
	Not         *schema         `json:"not,omitempty"`
	NotError    string          `json:"errorMessage,omitempty"` // the message of editors for Not
	Default     json.RawMessage `json:"default,omitempty"`
	Definitions properties      `json:"definitions,omitempty"`
}

// property is one key and its schema.
type property struct {
	name string
	is   *schema
}

// properties is an object whose keys keep their order.
type properties []property

// MarshalJSON writes the object.
func (list properties) MarshalJSON() ([]byte, error) {
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

// schema is the schema of a value; literal is true where ${NAME} is not expanded.
func (s *Shape) schema(literal bool) *schema {
	switch s.Kind {
	case List:
		return &schema{Type: "array", Items: s.Item.schema(literal), MinItems: s.Min, MaxItems: s.Max}
	case OneOrMore:
		return &schema{AnyOf: []*schema{s.Item.schema(literal), {Type: "array", Items: s.Item.schema(literal), MinItems: s.Min}}}
	case Object:
		if s.ShortFor != "" {
			return &schema{AnyOf: []*schema{s.field(s.ShortFor).Shape.schema(literal), s.objectSchema(literal)}}
		}
		return s.objectSchema(literal)
	case Map:
		d := &schema{Type: "object", MinProperties: 1, MaxProperties: s.Max, Additional: s.Item.schema(literal)}
		if s.MapKey != nil {
			d.PropertyNames = s.MapKey.schema(literal)
		}
		return d
	case ItemOrMap:
		return &schema{AnyOf: []*schema{s.Item.schema(literal), s.Map.schema(literal)}}
	case Any:
		return &schema{}
	case OneOf:
		return &schema{Ref: "#/definitions/" + s.Union.Name}
	default:
		return s.scalarSchema(literal)
	}
}

// objectSchema is the schema of an object.
func (s *Shape) objectSchema(literal bool) *schema {
	d := &schema{Type: "object", Additional: false, MinProperties: s.Min, MaxProperties: s.MaxKeys}
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.Required {
			d.Required = append(d.Required, f.Key)
		}
		d.Properties = append(d.Properties, property{f.Key, f.schema(literal || f.Literal)})
	}
	for _, key := range s.AnyOf {
		d.AnyOf = append(d.AnyOf, &schema{Required: []string{key}})
	}
	if s.NotBoth != nil {
		d.Not = &schema{Required: s.NotBoth}
		d.NotError = fmt.Sprintf("%q and %q are both set: keep one of them", s.NotBoth[0], s.NotBoth[1])
	}
	return d
}

// schema is the schema of a key's value, with the description of the key.
func (f *Field) schema(literal bool) *schema {
	d := f.Shape.schema(literal)
	if d.Ref != "" { // draft-07 ignores all keys next to a $ref
		d = &schema{AllOf: []*schema{d}}
	}
	d.Description = f.Doc
	if f.Default == "" {
		return d
	}
	var value any
	if err := yaml.Unmarshal([]byte(f.Default), &value); err != nil {
		panic(err) // the shape is wrong
	}
	var err error
	if d.Default, err = json.Marshal(value); err != nil {
		panic(err)
	}
	return d
}

// schema is the schema of a union: one of its variants. Each requires the key that
// identifies it and refuses the keys of all others, so an editor knows the variant
// from the first key.
func (u *Union) schema() *schema {
	d := &schema{Description: u.Doc, Type: "object"}
	for _, v := range u.Variants {
		is := v.objectSchema(true)
		is.Title = v.Fields[0].Key
		d.AnyOf = append(d.AnyOf, is)
	}
	return d
}

// Patterns that every dialect of regular expressions knows.
const (
	anyPlaceholder = `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`
	notBlank       = `\S`
	notZero        = `[1-9]`
	durationText   = `^([0-9]+[smhdw])+$`
	shareUpTo      = `^0{0,3}(%d(\.0{1,9})?|[0-9]{1,%d}(\.[0-9]{1,9})?)%%$`
)

// scalarSchema is the schema of a scalar.
func (s *Shape) scalarSchema(literal bool) *schema {
	switch s.Kind {
	case Integer:
		return &schema{Type: "integer", Minimum: &s.Min, Maximum: s.Max}
	case Bool:
		return &schema{Type: "boolean"}
	case Scalar:
		return (&schema{Type: []string{"string", "number", "boolean"}}).withoutVariables(literal)
	case Code:
		return (&schema{Type: []string{"string", "integer"}, Pattern: notBlank, PatternError: "expected " + s.expects()}).withoutVariables(literal)
	}
	words := &schema{Type: "string", Enum: slices.Concat(s.Words, s.OtherWords)}
	switch {
	case s.Words == nil:
		return s.textSchema(literal)
	case s.Kind == Text:
		return &schema{AnyOf: []*schema{words, s.textSchema(literal)}}
	case literal:
		return words
	default:
		return &schema{AnyOf: []*schema{words, s.patternSchema(anyPlaceholder)}}
	}
}

// textSchema is the schema of text with a pattern. Where ${NAME} is expanded, text
// with a variable may become anything.
func (s *Shape) textSchema(literal bool) *schema {
	or := "|" + anyPlaceholder
	if literal {
		or = ""
	}
	pattern := s.textPattern()
	if pattern == notBlank {
		return s.patternSchema(notBlank).withoutVariables(literal)
	}
	d := s.patternSchema(pattern + or)
	if (s.Kind == Duration || s.Kind == Percent) && !s.ZeroAllowed {
		d.AllOf = []*schema{s.patternSchema(notZero + or)}
	}
	return d
}

// textPattern is the pattern of text.
func (s *Shape) textPattern() string {
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

func (s *Shape) patternSchema(pattern string) *schema {
	return &schema{Type: "string", Pattern: pattern, PatternError: "expected " + s.expects()}
}

// withoutVariables refuses ${…} where it is not expanded.
func (d *schema) withoutVariables(literal bool) *schema {
	if literal {
		d.Not, d.NotError = &schema{Type: "string", Pattern: `\$\{`}, "${…} is not expanded here"
	}
	return d
}
