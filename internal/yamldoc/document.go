// Package yamldoc reads a YAML file strictly, along a description of what may
// stand in it, and reports every mistake at its line and column.
//
// A [Shape] describes what may stand at a place: its kind, its limits, and, of an
// object, its keys with a sentence for each. The same shapes read the file
// ([Read]), word the problems, and make the JSON Schema that editors use
// ([Shape.JSONSchema]). What comes out is a tree of entries ([Entry]) that have
// the shape they should have and know their place, so that whoever turns them
// into values can report at the same places ([Entry.Report]).
//
// Reading is strict: an unknown key, a key that is written twice, an alias, a
// number in quotes are all refused, and nothing is guessed. It goes on after a
// mistake, so that all are reported together, each once: what is missing because
// it could not be read is a nil entry, and a nil entry answers everything with
// nothing.
//
// To add a kind of value: a constant in shape.go, its reading in scalar.go, its
// schema in jsonschema.go. Nothing here knows the keys of any file.
//
// Two YAML libraries are used. [gopkg.in/yaml.v3] makes the tree. It often names
// the wrong line of a syntax error, so syntax.go asks [go.yaml.in/yaml/v4] for
// the place. v4 can't make the tree as well: it takes some texts for other types
// than v3 does, and a config must not change its meaning.
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

// Document is one file as text and as a tree of entries, and what is wrong with
// it.
type Document struct {
	// Root is what the file holds; nil when it can't be read at all.
	Root *Entry

	file     string
	options  Options
	lines    [][]rune // without their ends
	problems []Problem
	refused  map[*yaml.Node]bool // keys and values that were reported already
	redaction
}

// Options is what a file can't say itself.
type Options struct {
	// Env looks up a variable of the environment, for ${NAME}.
	Env func(name string) (value string, ok bool)
	// RequireSecret reports whether a secret of that shape must be there. One that
	// need not is left empty when its variable is not set, see [Entry.Unset]; nil
	// for none.
	RequireSecret func(*Shape) bool
	// EmptyHint is what to do about an empty file.
	EmptyHint string
	// Implied are keys of a list's items that paths leave out: an item has one of
	// each, and the line of the file shows it.
	Implied []string
}

// Read reads the text of a file that should have that shape; name names it in
// problems. Everything that is wrong is kept for [Document.Err].
func Read(name string, text []byte, s *Shape, o Options) *Document {
	d := &Document{file: name, options: o, refused: map[*yaml.Node]bool{}}
	if node := d.parse(text); node != nil {
		d.Root = (&reader{d}).read(d.rootPlace(node), s, false)
	}
	return d
}

// Err is all that is wrong, in the order of the file, as a [*Problems]; nil for
// nothing. It ends the reading: what is found later is a warning.
func (d *Document) Err() error {
	d.shown = d.redacted()
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, ByPlace)
	for i := range d.problems {
		d.showLine(&d.problems[i])
	}
	return &Problems{d.problems}
}

// parse makes a tree of the text; nil when it is not one YAML mapping. It reports
// a problem of the bytes or of the syntax alone: nothing behind it can be read.
func (d *Document) parse(text []byte) *yaml.Node {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		d.lines = append(d.lines, []rune(string(bytes.TrimSuffix(line, []byte("\r")))))
	}
	if d.hasForeignCharacter(text) {
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

// root is the mapping that the document is.
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

// hasForeignCharacter reports the first byte that does not belong into a text,
// and whether there is one. Line ends that only YAML knows are among them: with
// them no two programs agree on a line's number.
func (d *Document) hasForeignCharacter(text []byte) bool {
	for i, line := range bytes.Split(text, []byte("\n")) {
		col := 0
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

// refuse reports what YAML can do and a config must not: with aliases, merge keys
// and tags nobody sees where a value comes from, and of a key that is written
// twice nobody knows which one counts. It does not repeat their names: a password
// that begins with ! is a tag.
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

// report keeps a problem of a key or value.
func (d *Document) report(n *yaml.Node, p *place, text, hint string) {
	d.problems = append(d.problems, d.problemOf(n, p, text, hint))
}

// reportAt keeps a problem at a line and a column.
func (d *Document) reportAt(line, col, width int, path, text, hint string) {
	d.problems = append(d.problems, d.problem(line, col, width, path, text, hint))
}

func (d *Document) problemOf(n *yaml.Node, p *place, text, hint string) Problem {
	return d.problem(n.Line, n.Column, d.width(n), p.String(), text, hint)
}

// problem is a problem at a line and a column. A place behind the end, where a
// parser may be when it misses something, becomes the end.
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

// width is how many characters a scalar takes in the text; 1 for what is not on
// one line, or written otherwise than it reads.
func (d *Document) width(n *yaml.Node) int {
	from, to, ok := d.extent(n)
	if !ok {
		return 1
	}
	return to - from
}

// extent finds a scalar as written, quotes included.
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
