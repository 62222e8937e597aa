package provider

import (
	"slices"
	"strings"
)

// read adds what a stored body says.
func (p *plan) read(body []byte, to *batch) error {
	query, rest := "", body
	if p.query {
		query, rest = cutQuery(body)
	}
	text := string(rest)
	if p.isForm(text) {
		return p.readForm(strings.TrimPrefix(text, mark), query, body, to)
	}
	if p.inside != nil {
		if inner, ok := innerText(text, p.inside); ok {
			return p.readInside(inner, query, body, to)
		}
	}
	return p.readJSON(text, query, rest, len(rest) < len(body), to)
}

// cutQuery splits a stored body into the query of the URL and the body. The body of a
// callback that has only a query is that query.
func cutQuery(stored []byte) (query string, body []byte) {
	if len(stored) == 0 || stored[0] != '?' {
		return "", stored
	}
	first, rest, found := strings.Cut(string(stored[1:]), "\n")
	if !found {
		return first, stored[1:]
	}
	return first, stored[len(stored)-len(rest):]
}

// mark is a byte order mark, which some write before a text.
const mark = "\ufeff"

// isForm reports whether the text is a form: some shape has forms, and it does not begin as
// JSON does.
func (p *plan) isForm(text string) bool {
	if !p.forms {
		return false
	}
	text = strings.TrimLeft(strings.TrimPrefix(text, mark), " \t\r\n")
	return text != "" && text[0] != '{' && text[0] != '['
}

// readForm reads a form.
func (p *plan) readForm(text, query string, body []byte, to *batch) error {
	if p.inside != nil {
		if inner := formField(text, p.format.Inside); inner != "" {
			return p.readInside(inner, query, body, to)
		}
	}
	var found values
	d := document{body: body, query: query, isForm: true}
	silent := true
	for i := range p.shapes {
		s := &p.shapes[i]
		if !s.form {
			continue
		}
		if err := formFields(text, s.names, &found); err != nil {
			return err
		}
		if s.holds(&d, &found) {
			r := report{body: d.body}
			s.report(&r, &d, &found)
			to.add(&r)
			return nil
		}
		silent = silent && s.isSilent(&d, &found)
	}
	if silent {
		to.add(&report{body: d.body, problem: p.undecided()})
		return nil
	}
	to.LeftOut++
	return nil
}

// undecided says why a part is kept of which no condition says that it is about something
// else: nothing is where the words would be.
func (p *plan) undecided() string {
	var paths []string
	for i := range p.shapes {
		for _, c := range p.shapes[i].Only {
			if !slices.Contains(paths, c.Path) {
				paths = append(paths, c.Path)
			}
		}
	}
	return "there is nothing at " + strings.Join(paths, " or ") + ", which says whether it is about a message that was sent"
}

// innerText is the text at a path of a JSON text; false when there is none.
func innerText(text string, at []member) (string, bool) {
	s := scan(text, at)
	inner, n := "", 0
	err := s.elements(func(int, int) {
		if n++; strings.HasPrefix(s.found[0], `"`) {
			inner = unquote(s.found[0])
		}
	})
	return inner, err == nil && n == 1 && inner != ""
}

// readInside reads a text inside a body. One event is stored as its body was received;
// of several each is stored as if it had come without the body around it.
func (p *plan) readInside(inner, query string, body []byte, to *batch) error {
	events, bad := len(to.Events), len(to.Unreadable)
	if err := p.readJSON(inner, query, []byte(inner), query != "", to); err != nil {
		return err
	}
	if len(to.Events)+len(to.Unreadable) == events+bad+1 {
		for i := range to.Events[events:] {
			to.Events[events+i].Body = body
		}
		for i := range to.Unreadable[bad:] {
			to.Unreadable[bad+i].Body = body
		}
	}
	return nil
}
