// Package yamldoc reads a YAML file strictly, against a description of what it may
// contain, and reports every mistake at its line and column.
//
// A [Shape] describes the value at a place: its kind, its limits, and, for an
// object, its keys with a sentence for each. The same shapes check the file
// ([Read]), word the problems, and make the JSON Schema for editors
// ([Shape.JSONSchema]). The result is a tree of entries ([Entry]) that match their
// shapes and know their places, so the code that turns them into values can report
// problems at the same places ([Entry.Report]).
//
// Reading is strict. An unknown key, a duplicate key, an alias, a number in quotes
// are errors, and nothing is guessed. Reading continues after a mistake, and
// reports each mistake once: a value that could not be read is a nil entry, whose
// methods return zero values.
//
// To add a kind of value: a constant in shape.go, its reading in scalar.go, its
// schema in jsonschema.go. This package does not know the keys of any file.
//
// It uses two YAML libraries. [gopkg.in/yaml.v3] makes the tree. It often reports
// a syntax error at the wrong line, so syntax.go asks [go.yaml.in/yaml/v4] for the
// position, and for nothing else: two parsers never decide what a file means.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Document is one file, as text and as a tree of entries, and its problems.
type Document struct {
	// Root is the top of the file; nil when the file cannot be read at all.
	Root *Entry

	file     string
	options  Options
	shape    *Shape
	parsed   map[string]*yaml.Node  // texts of shapes, as trees
	defaults map[*Shape]defaultText // of fields of that shape
	lines    [][]rune               // without their ends
	text     []byte
	problems []Problem
	accepted []Problem           // by an earlier version, see [Options.WasInForce]
	refused  map[*yaml.Node]bool // keys and values that were reported already
	redaction
}

// Options are what the caller knows and a file does not.
type Options struct {
	// Env looks up a variable of the environment, for ${NAME}.
	Env func(name string) (value string, ok bool)
	// RequireSecret reports whether a secret of that shape is required. An optional
	// one whose variable is not set is empty, see [Entry.Unset]. nil: all secrets are
	// optional.
	RequireSecret func(*Shape) bool
	// WasInForce reports that an earlier version accepted the file: what only newer
	// versions refuse is a warning, see [Entry.ReportNew].
	WasInForce bool
	// EmptyHint is the hint for an empty file.
	EmptyHint string
	// Implied are keys of list items that paths leave out. An item has each of them
	// once, and the source line shows which one it is.
	Implied []string
}

// Read reads the text of a file that should have that shape. name is the file's name
// in problems. The problems are returned by [Document.Err].
func Read(name string, text []byte, s *Shape, o Options) *Document {
	d := &Document{file: name, options: o, shape: s, text: text, refused: map[*yaml.Node]bool{}}
	d.isSecret, d.expanded = map[*yaml.Node]bool{}, map[*yaml.Node]string{}
	d.parsed = map[string]*yaml.Node{}
	if node := d.parse(text); node != nil {
		d.Root = (&reader{d}).read(d.rootPlace(node), s, false)
	}
	return d
}

// Err returns all problems in the order of the file, as a [*Problems], or nil. It
// ends the reading: after it there are only warnings.
func (d *Document) Err() error {
	d.shown = d.redacted()
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, ByPlace)
	for i := range d.problems {
		d.hide(&d.problems[i])
	}
	return &Problems{d.problems}
}

// Accepted returns what a newer version refuses in a file that an earlier one
// accepted, as warnings, after [Document.Err] has ended the reading.
func (d *Document) Accepted() []Problem {
	for i := range d.accepted {
		d.hide(&d.accepted[i])
	}
	return d.accepted
}

// parse makes a tree of the text; nil when it is not one YAML mapping. It reports
// only the first problem of the bytes or of the syntax, since nothing after it can
// be read.
func (d *Document) parse(text []byte) *yaml.Node {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		d.lines = append(d.lines, []rune(string(bytes.TrimSuffix(line, []byte("\r")))))
	}
	if d.hasForeignCharacter(text) || d.hasConflict() {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		d.reportAt(1, 1, 1, "", "the file is empty", d.options.EmptyHint)
		return nil
	case err != nil:
		d.reportSyntax(text, err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		d.report(&second, nil, "a second YAML document starts here", "remove the line ---; the file must be one document")
		return nil
	case !errors.Is(err, io.EOF):
		d.reportSyntax(text, err)
		return nil
	}
	return d.root(&first)
}

// root is the mapping at the top of the document.
func (d *Document) root(doc *yaml.Node) *yaml.Node {
	root := doc.Content[0]
	switch {
	case root.Kind == yaml.MappingNode:
		d.refuse(d.rootPlace(root))
		return root
	case root.Kind == yaml.ScalarNode && root.Value == "" && root.Style == 0:
		d.reportAt(1, 1, 1, "", "the file is empty", d.options.EmptyHint)
	default:
		d.report(root, nil, "expected keys and values at the top of the file, found "+kindOf(root), "")
	}
	return nil
}

func (d *Document) rootPlace(node *yaml.Node) *place {
	return &place{implied: d.options.Implied, index: -1, at: node, node: node}
}

// hasForeignCharacter reports whether the text has a byte that does not belong in
// text, and adds a problem for the first. Line ends that only YAML knows are among
// them: programs disagree on line numbers after them.
func (d *Document) hasForeignCharacter(text []byte) bool {
	for i, line := range bytes.Split(text, []byte("\n")) {
		col := 0
		if utf8.Valid(line) && d.hasForeignSpace(i+1, d.lines[i]) {
			return true
		}
		for line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0; {
			r, size := utf8.DecodeRune(line)
			line = line[size:]
			col++
			if r == utf8.RuneError && size == 1 {
				d.reportAt(i+1, col, 1, "", "not valid UTF-8", "save the file as UTF-8")
				return true
			}
			if r != '\t' && unicode.IsControl(r) || strings.ContainsRune("\u2028\u2029\ufeff\ufffe\uffff", r) {
				d.reportAt(i+1, col, 1, "", fmt.Sprintf("invisible character (U+%04X)", r), "remove it")
				return true
			}
		}
	}
	return false
}

// refuse reports YAML features that hide where a value comes from (aliases, merge
// keys, tags), and duplicate keys. Problems do not repeat their names: a password
// that starts with ! is a tag.
func (d *Document) refuse(p *place) {
	n := p.node
	const writeOut = "write the value out"
	if n.Kind == yaml.AliasNode {
		d.refused[n] = true
		d.report(n, p, "aliases (*name) are not supported", writeOut)
		return
	}
	if n.Anchor != "" {
		d.report(n, p, "anchors (&name) are not supported", writeOut)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		d.refused[n] = true
		d.report(n, p, "tags (!name) are not supported", "remove it, or put the value in quotes")
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			d.refuse(p.item(i, item))
		}
	case yaml.MappingNode:
		d.refuseKeys(p)
	}
}

func (d *Document) refuseKeys(p *place) {
	refuse := func(key *yaml.Node, text, hint string) {
		d.refused[key] = true
		d.report(key, p, text, hint)
	}
	seen := map[string]*yaml.Node{}
	for key, node := range pairs(p.node) {
		first := seen[key.Value]
		switch {
		case key.Kind == yaml.AliasNode, key.Anchor != "", key.Style&yaml.TaggedStyle != 0, key.Kind != yaml.ScalarNode:
			refuse(key, "a key must be a plain word", "")
		case key.ShortTag() == "!!merge":
			refuse(key, "merge keys (<<) are not supported", "write the keys out")
		case first != nil:
			refuse(key, Quote(key.Value)+" is written twice", fmt.Sprintf("first on line %d", first.Line))
		default:
			seen[key.Value] = key
		}
		d.refuse(p.key(key, node))
	}
}

// pairs yields the keys and values of a mapping.
func pairs(mapping *yaml.Node) func(yield func(key, node *yaml.Node) bool) {
	return func(yield func(key, node *yaml.Node) bool) {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], mapping.Content[i+1]) {
				return
			}
		}
	}
}

// report adds a problem at a key or value.
func (d *Document) report(n *yaml.Node, p *place, text, hint string) {
	d.problems = append(d.problems, d.problemOf(n, p, text, hint))
}

// reportAt adds a problem at a line and a column.
func (d *Document) reportAt(line, col, width int, path, text, hint string) {
	d.problems = append(d.problems, d.problem(line, col, width, path, text, hint))
}

func (d *Document) problemOf(n *yaml.Node, p *place, text, hint string) Problem {
	made := d.problem(n.Line, n.Column, d.width(n), p.String(), text, hint)
	made.at = n
	return made
}

// problem makes a problem at a line and a column. A position after the end, which a
// parser reports when something is missing, becomes the end.
func (d *Document) problem(line, col, width int, path, text, hint string) Problem {
	line = min(max(line, 1), len(d.lines))
	length := len(d.lines[line-1])
	col = min(max(col, 1), length+1)
	width = max(1, min(width, length-col+1))
	return Problem{
		File: d.file, Line: line, Col: col, width: width,
		Path: strings.Map(visible, path), Text: strings.Map(visible, text), Hint: strings.Map(visible, hint),
	}
}

// width is the number of characters of a scalar in the text; 1 for one on several
// lines, or whose source text differs from its value.
func (d *Document) width(n *yaml.Node) int {
	from, to, ok := d.extent(n)
	if !ok {
		return 1
	}
	return to - from
}

// extent finds the source text of a scalar, with its quotes.
func (d *Document) extent(n *yaml.Node) (from, to int, ok bool) {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.Line < 1 || n.Line > len(d.lines) {
		return 0, 0, false
	}
	written := n.Value
	switch n.Style {
	case yaml.DoubleQuotedStyle:
		written = `"` + n.Value + `"`
	case yaml.SingleQuotedStyle:
		written = "'" + n.Value + "'"
	}
	line, r := d.lines[n.Line-1], []rune(written)
	from, to = n.Column-1, n.Column-1+len(r)
	if from < 0 || to > len(line) || !slices.Equal(line[from:to], r) {
		return 0, 0, false
	}
	return from, to, true
}

// defaultText is a default as it is written in a shape, and its canonical form.
type defaultText struct{ of, canonical string }
