package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// document is one file as text and as a tree, and what is wrong with it.
type document struct {
	file     string
	lines    [][]rune // without their ends
	problems []Problem
	warnings []Problem
	refused  map[*yaml.Node]bool // keys and values that were reported already
	secrets  [][]rune            // parts of lines
	dark     *yaml.Node          // the first secret of which nobody knows where it ends
	// unknowable is set when there is no tree that tells secrets from the rest.
	unknowable bool
}

// parse makes a tree of the text; nil when it is not one YAML mapping. It tells
// a problem of the bytes or of the syntax alone: nothing behind it can be read.
func (d *document) parse(text []byte) *yaml.Node {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		d.lines = append(d.lines, []rune(string(bytes.TrimSuffix(line, []byte("\r")))))
	}
	if d.foreign(text) {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		d.tell(1, 1, 1, "", "the file is empty", "start from config.example.yaml")
		return nil
	case err != nil:
		d.syntax(text, err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		d.at(&second, nil, "a second document begins here", "a config is one document: take the line --- out")
		return nil
	case !errors.Is(err, io.EOF):
		d.syntax(text, err)
		return nil
	}
	return d.root(&first)
}

// root is the mapping that the document is.
func (d *document) root(doc *yaml.Node) *yaml.Node {
	root := doc.Content[0]
	switch {
	case root.Kind == yaml.MappingNode:
		d.refuse(&place{node: root, index: -1})
		return root
	case root.Kind == yaml.ScalarNode && root.Value == "" && root.Style == 0:
		d.tell(1, 1, 1, "", "the file is empty", "start from config.example.yaml")
	default:
		d.at(root, nil, "expected keys and values at the top of the file, found "+kindOf(root), "")
	}
	return nil
}

// foreign tells of the first byte that does not belong into a text, and whether
// there is one. Line ends that only YAML knows are among them: with them no two
// programs agree on a line's number.
func (d *document) foreign(text []byte) bool {
	for i, line := range bytes.Split(text, []byte("\n")) {
		col := 0
		for line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0; {
			r, size := utf8.DecodeRune(line)
			line = line[size:]
			col++
			if r == utf8.RuneError && size == 1 {
				d.tell(i+1, col, 1, "", "this is not UTF-8", "save the file as UTF-8")
				return true
			}
			if r != '\t' && unicode.IsControl(r) || strings.ContainsRune("\u2028\u2029\ufeff\ufffe\uffff", r) {
				d.tell(i+1, col, 1, "", fmt.Sprintf("the file has an invisible character here (U+%04X)", r), "take it out")
				return true
			}
		}
	}
	return false
}

// refuse tells of what YAML can do and a config must not: with aliases, merge
// keys and tags nobody sees where a value comes from, and of a key that is
// written twice nobody knows which stands. It does not repeat their names: a
// password that begins with ! is a tag.
func (d *document) refuse(p *place) {
	n := p.node
	const written = "write it out where it is meant"
	if n.Kind == yaml.AliasNode {
		d.refused[n] = true
		d.at(n, p, "aliases (*name) are not read", written)
		return
	}
	if n.Anchor != "" {
		d.at(n, p, "anchors (&name) are not read", written)
	}
	if n.Style&yaml.TaggedStyle != 0 {
		d.refused[n] = true
		d.at(n, p, "tags (!name) are not read", "take it out, or put the value in quotes")
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

func (d *document) refuseKeys(p *place) {
	seen := map[string]*yaml.Node{}
	for key, node := range pairs(p.node) {
		first := seen[key.Value]
		switch {
		case key.Kind == yaml.AliasNode, key.Anchor != "", key.Style&yaml.TaggedStyle != 0, key.Kind != yaml.ScalarNode:
			d.refuseKey(key, p, "a key must be a plain word", "")
		case key.ShortTag() == "!!merge":
			d.refuseKey(key, p, "merge keys (<<) are not read", "write the keys out")
		case first != nil:
			d.refuseKey(key, p, quote(key.Value)+" is written twice", fmt.Sprintf("first on line %d", first.Line))
		default:
			seen[key.Value] = key
		}
		d.refuse(p.key(key, node))
	}
}

func (d *document) refuseKey(key *yaml.Node, p *place, text, hint string) {
	d.refused[key] = true
	d.at(key, p, text, hint)
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

// at keeps a problem of a key or value.
func (d *document) at(n *yaml.Node, p *place, text, hint string) {
	d.tell(n.Line, n.Column, d.width(n), p.String(), text, hint)
}

// warning keeps a warning of a key or value.
func (d *document) warning(n *yaml.Node, p *place, text, hint string) {
	w := d.problem(n.Line, n.Column, d.width(n), p.String(), text, hint)
	w.warning = true
	d.warnings = append(d.warnings, w)
}

// tell keeps a problem at a line and a column.
func (d *document) tell(line, col, width int, path, text, hint string) {
	d.problems = append(d.problems, d.problem(line, col, width, path, text, hint))
}

// problem is a problem at a line and a column. A place behind the end, where a
// parser may stand when it misses something, becomes the end.
func (d *document) problem(line, col, width int, path, text, hint string) Problem {
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
func (d *document) width(n *yaml.Node) int {
	from, to, ok := d.extent(n)
	if !ok {
		return 1
	}
	return to - from
}

// extent finds a scalar as written, quotes included.
func (d *document) extent(n *yaml.Node) (from, to int, ok bool) {
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

// plainVariable is all of a secret that may be seen: its name. A default may be
// a secret itself.
var plainVariable = regexp.MustCompile(`^(\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\})?$`)

// hide notes the scalars at and below a node as secrets, which no snippet shows.
// Of one that is not written as it reads nobody knows where it ends: the rest of
// the file is hidden with it.
func (d *document) hide(n *yaml.Node) {
	for _, part := range n.Content {
		d.hide(part)
	}
	named := n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 // its name may be meant as the secret
	if n.Kind != yaml.ScalarNode || !named && plainVariable.MatchString(n.Value) {
		return
	}
	if from, to, ok := d.extent(n); ok {
		d.secrets = append(d.secrets, d.lines[n.Line-1][from:to])
	} else if d.dark == nil || cmp.Or(n.Line-d.dark.Line, n.Column-d.dark.Column) < 0 {
		d.dark = n
	}
}

// userInURL is who logs in, and with what, in a URL at any place.
var userInURL = regexp.MustCompile(`://[^\s"'@/]*:[^\s"'@]*@`)

// starSecrets overwrites the secrets in the text.
func (d *document) starSecrets() {
	for _, line := range d.lines {
		for _, at := range userInURL.FindAllStringIndex(string(line), -1) {
			star(line[len([]rune(string(line)[:at[0]])):len([]rune(string(line)[:at[1]]))])
		}
	}
	for _, part := range d.secrets {
		star(part)
	}
	if d.dark == nil {
		return
	}
	line := d.lines[d.dark.Line-1]
	star(line[min(d.dark.Column-1, len(line)):])
	for _, line := range d.lines[d.dark.Line:] {
		star(line)
	}
}

func star(part []rune) {
	for i, r := range part {
		if r != ' ' && r != '"' && r != '\'' {
			part[i] = '*'
		}
	}
}

// err is all that is wrong, in the order of the file, or nil.
func (d *document) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	d.show(d.problems)
	return &Problems{d.problems}
}

// show gives problems their order and the lines of the file, without secrets.
func (d *document) show(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	d.starSecrets()
	for i := range list {
		if d.unknowable && d.maySecret(list[i].Line) {
			continue
		}
		list[i].snip(d.lines[list[i].Line-1])
	}
}

var (
	secretWord = regexp.MustCompile(`(?i)token|pass|key|url|://`)
	keyOfLine  = regexp.MustCompile(`^[\s-]*["']?[A-Za-z_]+["']?\s*:`)
)

// maySecret tells whether a secret may stand on a line, as far as can be told
// without a tree: it names one, or belongs to what stands above it and does.
func (d *document) maySecret(line int) bool {
	indent := indentOf(d.lines[line-1])
	owned := keyOfLine.MatchString(string(d.lines[line-1]))
	for i := line - 1; i >= 0; i-- {
		text := string(d.lines[i])
		key := keyOfLine.MatchString(text)
		above := i == line-1 || !owned && key || indentOf(d.lines[i]) < indent && strings.TrimSpace(text) != ""
		if above && secretWord.MatchString(text) {
			return true
		}
		if above {
			indent = min(indent, indentOf(d.lines[i]))
		}
		owned = owned || key
	}
	return false
}

func indentOf(line []rune) int {
	for i, r := range line {
		if r != ' ' && r != '\t' {
			return i
		}
	}
	return len(line)
}
