package yamldoc

import (
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// span is a part of the text: from a position up to, not including, another. Lines and
// columns count from 0.
type span struct{ line, from, toLine, to int }

// spanOf finds the source text of a scalar, also one over several lines.
func (d *Document) spanOf(n *yaml.Node) (span, bool) {
	if from, to, ok := d.extent(n); ok {
		return span{n.Line - 1, from, n.Line - 1, to}, true
	}
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.Line < 1 || n.Line > len(d.lines) {
		return span{}, false
	}
	s := scanner{lines: d.lines, line: n.Line - 1, col: n.Column - 1}
	ok := false
	switch n.Style {
	case yaml.DoubleQuotedStyle:
		ok = s.next() == '"' && s.quoted('"')
	case yaml.SingleQuotedStyle:
		ok = s.next() == '\'' && s.quoted('\'')
	case yaml.LiteralStyle, yaml.FoldedStyle:
		ok = s.block()
	case 0:
		ok = s.plain(n.Value)
	}
	return span{n.Line - 1, n.Column - 1, s.line, s.col}, ok
}

// scanner is a position in the text.
type scanner struct {
	lines     [][]rune
	line, col int
}

// next is the character at the position, '\n' at the end of a line, and 0 at the end of
// the text. It moves behind it.
func (s *scanner) next() rune {
	switch {
	case s.line >= len(s.lines):
		return 0
	case s.col < len(s.lines[s.line]):
		s.col++
		return s.lines[s.line][s.col-1]
	case s.line == len(s.lines)-1:
		return 0
	}
	s.line, s.col = s.line+1, 0
	return '\n'
}

func (s *scanner) peek() rune {
	at := *s
	return at.next()
}

// quoted moves behind the closing quote.
func (s *scanner) quoted(quote rune) bool {
	for {
		switch r := s.next(); {
		case r == 0:
			return false
		case r == '\\' && quote == '"':
			s.next()
		case r == quote && quote == '\'' && s.peek() == quote:
			s.next()
		case r == quote:
			return true
		}
	}
}

// plain moves behind text without quotes whose lines YAML folds.
func (s *scanner) plain(value string) bool {
	for _, word := range strings.Fields(value) {
		for unicode.IsSpace(s.peek()) {
			s.next()
		}
		for _, r := range word {
			if s.next() != r {
				return false
			}
		}
	}
	return true
}

// block moves behind the lines of a block scalar, which are indented as its first.
func (s *scanner) block() bool {
	indent := -1
	last := s.line
	for i := s.line + 1; i < len(s.lines); i++ {
		line := s.lines[i]
		switch blank := indentOf(line) == len(line); {
		case blank:
			continue
		case indent < 0:
			indent = indentOf(line)
		case indentOf(line) < indent:
			s.line, s.col = last, len(s.lines[last])
			return true
		}
		last = i
	}
	s.line, s.col = last, len(s.lines[last])
	return indent > 0
}
