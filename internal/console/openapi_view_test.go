package console

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
	"winnow/internal/console/view"
)

// describedViews are the types of package view with a schema of their own, by its
// name in the description.
var describedViews = map[string]any{
	"Status": view.Status{}, "Segment": view.Segment{}, "Rules": view.Rules{}, "RuleRegret": view.RuleRegret{}, "Export": view.Export{}, "ExportRuns": view.ExportRuns{}, "Run": view.Run{}, "Released": view.Released{},
	"Explanation": view.Explanation{}, "Event": view.Event{}, "Finding": hygiene.Finding{}, "Sendable": view.Sendable{}, "Registered": view.Registered{}, "Merged": view.Merged{}, "Pruned": view.Pruned{}, "Forgotten": view.Forgotten{},
}

// TestEverySchemaIsItsView compares each schema with the Go type that is written:
// the names of the members, their order and types, and which are always there.
func TestEverySchemaIsItsView(t *testing.T) {
	schemas := schemasOf(t, openAPI)
	for i := 0; i < len(schemas.Content); i += 2 {
		name := schemas.Content[i].Value
		if _, ok := describedViews[name]; !ok && name != "Problem" {
			t.Errorf("schema %s has no view", name)
		}
	}
	for name, v := range describedViews {
		c := schemaComparison{schemas: schemas}
		c.compare(name, member(schemas, name), reflect.TypeOf(v))
		for _, wrong := range c.wrong {
			t.Error(wrong)
		}
	}
}

// The comparison sees what is wrong: a schema against the view of another.
func TestASchemaOfAnotherViewIsNoticed(t *testing.T) {
	schemas := schemasOf(t, openAPI)
	for name, other := range map[string]any{"Export": view.ExportRuns{}, "Run": view.Released{}, "Event": view.Pin{}, "Registered": view.Status{}} {
		c := schemaComparison{schemas: schemas}
		if c.compare(name, member(schemas, name), reflect.TypeOf(other)); len(c.wrong) == 0 {
			t.Errorf("schema %s passes for %T", name, other)
		}
	}
}

func schemasOf(t *testing.T, text []byte) *yaml.Node {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return member(member(doc.Content[0], "components"), "schemas")
}

// member is the value of a key of a YAML mapping; nil if there is none.
func member(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content) && mapping.Kind == yaml.MappingNode; i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func words(sequence *yaml.Node) (list []string) {
	if sequence == nil {
		return nil
	}
	if sequence.Kind == yaml.ScalarNode {
		return []string{sequence.Value}
	}
	for _, n := range sequence.Content {
		list = append(list, n.Value)
	}
	return list
}

type schemaComparison struct {
	schemas *yaml.Node
	wrong   []string
}

func (c *schemaComparison) report(place, format string, args ...any) {
	c.wrong = append(c.wrong, place+": "+fmt.Sprintf(format, args...))
}

func (c *schemaComparison) compare(place string, schema *yaml.Node, goType reflect.Type) {
	if schema == nil {
		c.report(place, "there is no schema")
		return
	}
	if ref := member(schema, "$ref"); ref != nil {
		name := ref.Value[strings.LastIndex(ref.Value, "/")+1:]
		if described, ok := describedViews[name]; !ok || reflect.TypeOf(described) != indirect(goType) {
			c.report(place, "refers to %s, and is %s", name, goType)
		}
		return
	}
	goType = indirect(goType)
	types := words(member(schema, "type"))
	expect := func(want ...string) {
		if !slices.Contains(want, strings.Join(types, " ")) {
			c.report(place, "has type %q, and %s is written as %q", types, goType, want)
		}
	}
	switch {
	case goType == reflect.TypeFor[hygiene.Instant]():
		expect("string", "string null")
		if format := member(schema, "format"); format == nil || format.Value != "date-time" {
			c.report(place, "is a time without its format")
		}
	case goType == reflect.TypeFor[hygiene.Attributes]():
		expect("object")
	case goType.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		expect("string")
	case goType.Kind() == reflect.Interface:
		expect("number string")
	case goType.Kind() == reflect.String:
		expect("string")
	case goType.Kind() == reflect.Bool:
		expect("boolean")
	case goType.Kind() == reflect.Int, goType.Kind() == reflect.Int64:
		expect("integer")
	case goType.Kind() == reflect.Float64:
		expect("number", "number null")
	case goType.Kind() == reflect.Slice:
		expect("array")
		c.compare(place+"[]", member(schema, "items"), goType.Elem())
	case goType.Kind() == reflect.Map:
		expect("object")
		c.compare(place+"{}", member(schema, "additionalProperties"), goType.Elem())
	case goType.Kind() == reflect.Struct:
		expect("object")
		c.compareMembers(place, schema, goType)
	default:
		c.report(place, "is %s, which no view should hold", goType)
	}
}

func (c *schemaComparison) compareMembers(place string, schema *yaml.Node, goType reflect.Type) {
	var names, always []string
	properties := member(schema, "properties")
	for _, field := range reflect.VisibleFields(goType) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous || name == "-" || !field.IsExported() {
			continue
		}
		names = append(names, name)
		if !strings.Contains(options, "omit") {
			always = append(always, name)
		}
		c.compare(place+"."+name, member(properties, name), field.Type)
	}
	var described []string
	if properties != nil {
		for i := 0; i < len(properties.Content); i += 2 {
			described = append(described, properties.Content[i].Value)
		}
	}
	if !slices.Equal(described, names) {
		c.report(place, "describes the members\n\t%q, written are\n\t%q", described, names)
	}
	if required := words(member(schema, "required")); !slices.Equal(required, always) {
		c.report(place, "requires\n\t%q, always written are\n\t%q", required, always)
	}
}

func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
