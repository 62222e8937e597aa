package yamldoc

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// reportMistake reports a mistake that explains why the text is not valid YAML at a
// position better than the parser does, and reports whether there is one. Lines and
// columns count from 1.
func (d *Document) reportMistake(line, col int, complaint string) bool {
	if at, ok := d.openQuote(line-1, col-1); ok {
		d.reportAt(at.line+1, at.col+1, 1, "", "the quote here is not closed on its line", "close it with the same quote")
		return true
	}
	text := ""
	if line >= 1 && line <= len(d.lines) {
		text = string(d.lines[line-1])
	}
	if at := bareVariable.FindStringIndex(text); at != nil && !quotedAt(text, at[0]) {
		d.reportVariable(line, len([]rune(text[:at[0]]))+1)
		return true
	}
	if !strings.Contains(complaint, "alphabetic or numeric character") {
		return false
	}
	hint := "put the value in quotes"
	if m := bareSchedule.FindStringSubmatch(text); m != nil {
		hint = `put the schedule in quotes: "` + strings.TrimRight(m[1], ",") + `"`
	}
	at := strings.IndexAny(text, "*&")
	if at < 0 {
		return false
	}
	d.reportAt(line, len([]rune(text[:at]))+1, 1, "", "a value cannot start with "+text[at:at+1], hint)
	return true
}

var (
	bareVariable = regexp.MustCompile(`\$\{`)
	bareSchedule = regexp.MustCompile(`[\s:,[{](\*[-*/0-9,]*( +[-*/0-9,]+){4})`)
)

// quotedAt reports whether the position of a line is inside quotes.
func quotedAt(line string, at int) bool {
	quote := rune(0)
	for i, r := range line {
		if i >= at {
			break
		}
		switch {
		case quote == r:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		}
	}
	return quote != 0
}

// reportVariable reports ${NAME} without quotes between braces or brackets, where YAML
// reads its braces.
func (d *Document) reportVariable(line, col int) {
	indent := indentOf(d.lines[line-1])
	for i := line - 2; i >= 0; i-- {
		if indentOf(d.lines[i]) >= indent || strings.TrimSpace(string(d.lines[i])) == "" {
			continue
		}
		indent = indentOf(d.lines[i])
		if key := keyOfLine.FindStringSubmatch(string(d.lines[i])); key != nil && d.isLiteral(key[1]) {
			d.reportAt(line, col, 2, "", "${…} is not expanded here", "write the value itself")
			return
		}
	}
	d.reportAt(line, col, 2, "", "${…} needs quotes here", `write "${NAME}"`)
}

// isLiteral reports whether variables are not expanded below the key.
func (d *Document) isLiteral(key string) bool {
	literal := false
	d.shape.Walk(func(s *Shape) {
		for _, f := range s.Fields {
			literal = literal || f.Literal && f.Key == key
		}
	})
	return literal
}

// openQuote finds a quote that is closed on a later line, near the position of a syntax
// error: it was to be closed on its own, and what follows is read the wrong way round.
func (d *Document) openQuote(line, col int) (open scanner, found bool) {
	s := scanner{lines: d.lines}
	previous := '\n'
	for s.line < line || s.line == line && s.col <= col {
		at := s
		r := s.next()
		switch {
		case r == 0:
			return open, found
		case r == '#' && (previous == '\n' || unicode.IsSpace(previous)):
			s.col = len(s.lines[s.line])
		case (r == '"' || r == '\'') && beginsValue(d.lines[at.line][:at.col]):
			closed := s.quoted(r)
			if s.line > at.line && closed && s.line >= line-1 {
				return at, true
			}
		}
		previous = r
	}
	return open, found
}

// beginsValue reports whether a quote after this part of a line begins a value.
func beginsValue(before []rune) bool {
	text := strings.TrimRight(string(before), " \t")
	if text == "" {
		return true
	}
	spaced := len(text) < len(string(before))
	switch text[len(text)-1] {
	case '[', '{', ',':
		return true
	case ':', '-', '?':
		return spaced
	}
	return false
}

// conflictMarker is a line that git writes where it could not merge two versions.
var conflictMarker = regexp.MustCompile(`^(<{7}|\|{7}|>{7})( |$)`)

// hasConflict reports whether git left a conflict in the file, and adds a problem for it.
func (d *Document) hasConflict() bool {
	for i, line := range d.lines {
		if len(line) >= 7 && conflictMarker.MatchString(string(line)) {
			d.noTree = true
			d.reportAt(i+1, 1, 7, "", "this is a conflict that git left in the file", "keep the lines of one version, and remove those of the other and the markers <<<<<<<, ======= and >>>>>>>")
			return true
		}
	}
	return false
}

// hasForeignSpace reports whether a line has a space that YAML does not know where it
// would belong to a key or to the indentation, and adds a problem for the first.
func (d *Document) hasForeignSpace(line int, text []rune) bool {
	if !strings.ContainsFunc(string(text), isForeignSpace) {
		return false
	}
	inKey := true
	for i, r := range text {
		switch {
		case inKey && r == '#', r == '"', r == '\'':
			return false
		case isForeignSpace(r) && (inKey || i > 0 && strings.ContainsRune(":,-[{", text[i-1])):
			d.reportAt(line, i+1, 1, "", fmt.Sprintf("invisible character (U+%04X)", r), "replace it by a space, or remove it")
			return true
		case r == ':':
			inKey = false
		}
	}
	return false
}

func isForeignSpace(r rune) bool { return r != ' ' && unicode.In(r, unicode.Zs, unicode.Cf) }
