package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// Schema is the JSON Schema (draft-07) of the config, made of the table of
// shapes: editors complete and underline with it. Whatever [Parse] accepts it
// accepts too. It can't see what only the whole file tells (names, references,
// cycles) nor the environment, so winnow check stays the judge. The bytes are
// always the same.
func Schema() []byte {
	root := file.draft(false)
	root.Schema = "http://json-schema.org/draft-07/schema#"
	root.Title = "winnow's config"
	root.Description = "What a winnow daemon takes in, does about it, and writes."
	for _, d := range definitions {
		root.Definitions = append(root.Definitions, property{d.name, d.of.alternatives(d.doc)})
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

// definition is a shape that holds itself, and has a name to do so.
type definition struct {
	name string
	of   *shape
	doc  string
}

var definitions = []definition{
	{"condition", segmentCondition, "One test of a contact, or several joined with all, any and not."},
	{"ruleCondition", ruleCondition, "One test that rules may ask of a contact, or several joined with all, any and not."},
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
func (s *shape) draft(literal bool) *draft {
	switch s.kind {
	case list:
		return &draft{Type: "array", Items: s.item.draft(literal), MinItems: s.min, MaxItems: s.max}
	case oneOrMore:
		return &draft{AnyOf: []*draft{s.item.draft(literal), {Type: "array", Items: s.item.draft(literal), MinItems: s.min}}}
	case mapping:
		return s.object(literal)
	case table:
		d := &draft{Type: "object", MinProperties: 1, MaxProperties: s.max, Additional: s.item.draft(literal)}
		if s.keys != nil {
			d.PropertyNames = s.keys.draft(literal)
		}
		return d
	case itemOrTable:
		return &draft{AnyOf: []*draft{s.item.draft(literal), s.table.draft(literal)}}
	case condition:
		i := slices.IndexFunc(definitions, func(d definition) bool { return d.of == s })
		return &draft{Ref: "#/definitions/" + definitions[i].name}
	default:
		return s.value(literal)
	}
}

// object is the schema of a mapping.
func (s *shape) object(literal bool) *draft {
	d := &draft{Type: "object", Additional: false, MinProperties: s.min, MaxProperties: s.most}
	for i := range s.fields {
		f := &s.fields[i]
		if f.required {
			d.Required = append(d.Required, f.name)
		}
		d.Properties = append(d.Properties, property{f.name, f.draft(literal || f.literal)})
	}
	for _, key := range s.either {
		d.AnyOf = append(d.AnyOf, &draft{Required: []string{key}})
	}
	if s.notBoth != nil {
		d.Not = &draft{Required: s.notBoth}
		d.NotError = fmt.Sprintf("%q and %q are both written: keep one of them", s.notBoth[0], s.notBoth[1])
	}
	return d
}

// draft is the schema of a key's value, with what people are told of the key.
func (f *field) draft(literal bool) *draft {
	d := f.shape.draft(literal)
	if d.Ref != "" { // beside it draft-07 reads nothing
		d = &draft{AllOf: []*draft{d}}
	}
	d.Description = f.doc
	if f.standard == "" {
		return d
	}
	var standard any
	if err := yaml.Unmarshal([]byte(f.standard), &standard); err != nil {
		panic(err) // the table of shapes is wrong
	}
	var err error
	if d.Default, err = json.Marshal(standard); err != nil {
		panic(err)
	}
	return d
}

// alternatives is the schema of a condition: one of its tests. Each demands the
// key that names it and refuses all others', so that editors know which is meant
// from the first key on.
func (s *shape) alternatives(doc string) *draft {
	d := &draft{Description: doc, Type: "object"}
	for _, test := range s.tests {
		is := test.object(true)
		is.Title = test.fields[0].name
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
func (s *shape) value(literal bool) *draft {
	switch s.kind {
	case whole:
		return &draft{Type: "integer", Minimum: &s.min, Maximum: s.max}
	case truth:
		return &draft{Type: "boolean"}
	case scalar:
		return (&draft{Type: []string{"string", "number", "boolean"}}).plain(literal)
	case code:
		return (&draft{Type: []string{"string", "integer"}, Pattern: notBlank, PatternError: "expected " + s.says}).plain(literal)
	}
	words := &draft{Type: "string", Enum: slices.Concat(s.words, s.also)}
	switch {
	case s.words == nil:
		return s.spelled(literal)
	case s.kind == text:
		return &draft{AnyOf: []*draft{words, s.spelled(literal)}}
	case literal:
		return words
	default:
		return &draft{AnyOf: []*draft{words, s.matching(anyPlaceholder)}}
	}
}

// spelled is the schema of a text that is made in a certain way. Where ${NAME}
// is read, a text with one may become anything.
func (s *shape) spelled(literal bool) *draft {
	or := "|" + anyPlaceholder
	if literal {
		or = ""
	}
	looks := s.looks()
	if looks == notBlank {
		return s.matching(notBlank).plain(literal)
	}
	d := s.matching(looks + or)
	if (s.kind == duration || s.kind == percent) && !s.zero {
		d.AllOf = []*draft{s.matching(notZero + or)}
	}
	return d
}

// looks is the pattern of a text.
func (s *shape) looks() string {
	switch {
	case s.kind == duration:
		return durationText
	case s.kind == percent:
		return fmt.Sprintf(shareUpTo, s.max, len(strconv.Itoa(s.max))-1)
	case s.kind == secret && s.zero:
		return "^$|" + s.pattern.String()
	case s.pattern != nil:
		return s.pattern.String()
	case s.like != "":
		return s.like
	default:
		return notBlank
	}
}

func (s *shape) matching(pattern string) *draft {
	return &draft{Type: "string", Pattern: pattern, PatternError: "expected " + s.says}
}

// plain refuses ${…} where it is not read.
func (d *draft) plain(literal bool) *draft {
	if literal {
		d.Not, d.NotError = &draft{Type: "string", Pattern: `\$\{`}, "${…} is not read in rules and segments"
	}
	return d
}
