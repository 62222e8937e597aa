package bodies

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"winnow/hygiene/provider"
	"winnow/internal/simulate/traffic"
)

// piece is a part of a template: a text, or the place of a value.
type piece struct {
	text   string
	mark   string
	escape int // how often a value is escaped as in a form
}

// marks finds the marks in a body. A number has no quotes around it, also not where the JSON
// is in a text.
var marks = regexp.MustCompile(`(?:\\?")?zqATNqz(?:\\?")?|zq(?:ID|TO|AT|CONTACTE?)qz`)

// split takes a body apart at its marks.
func split(body string, isForm bool) (pieces []piece) {
	at := 0
	for _, found := range marks.FindAllStringIndex(body, -1) {
		if found[0] > at {
			pieces = append(pieces, piece{text: body[at:found[0]]})
		}
		p := piece{mark: strings.Trim(body[found[0]:found[1]], `\"`)}
		if isForm {
			p.escape++
		}
		if p.mark == markInForm {
			p.escape++
		}
		pieces, at = append(pieces, p), found[1]
	}
	if at < len(body) {
		pieces = append(pieces, piece{text: body[at:]})
	}
	return pieces
}

// The types of bodies.
const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// template is the draft, taken apart; nil when it can't be written.
func (d *draft) template(line provider.Line) *template {
	t := &template{line: line, method: d.method, layout: d.shape.At, plus: d.plus, kind: typeJSON}
	text, err := d.doc.bytes()
	if err != nil {
		return nil
	}
	if d.method == "GET" {
		t.kind, t.query = "", split(string(text), true)
		return t
	}
	if d.doc.isForm {
		t.kind = typeForm
	}
	t.body = split(string(text), d.doc.isForm)
	if len(d.query) > 0 {
		query, _ := (&document{fields: d.query, isForm: true}).bytes()
		t.query = split(string(query), true)
	}
	return t
}

// request puts values into the template. draw is for what a lie leaves to chance.
func (t *template) request(v *Values, draw uint64) Request {
	r := Request{Method: t.method, Type: t.kind, Expect: t.expect}
	query, _ := t.fill(t.query, v)
	body, keep := t.fill(t.body, v)
	if t.method == "GET" {
		query, _ = t.spoil(query, len(query), draw)
	} else {
		body, _ = t.spoil(body, keep, draw)
	}
	r.Query, r.Body = string(query), body
	return r
}

// fill writes the pieces. It also says where the message's id ends.
func (t *template) fill(pieces []piece, v *Values) (text []byte, id int) {
	for _, p := range pieces {
		value := p.text
		switch p.mark {
		case markID:
			value = v.ID
		case markTo:
			if value = v.Phone; !t.plus {
				value = strings.TrimPrefix(value, "+")
			}
		case markAt, markAtN:
			value = t.time(v)
		case markContact, markInForm:
			value = v.Contact
		}
		for range p.escape {
			value = url.QueryEscape(value)
		}
		text = append(text, value...)
		if p.mark == markID {
			id = len(text)
		}
	}
	return text, id
}

// time is the time as the provider writes it.
func (t *template) time(v *Values) string {
	switch t.layout.Layout {
	case provider.Unix:
		return strconv.FormatInt(v.At.Unix(), 10)
	case provider.UnixMilli:
		return strconv.FormatInt(v.At.UnixMilli(), 10)
	case provider.RFC3339:
		return v.At.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	if t.layout.Zone != nil {
		return v.At.In(t.layout.Zone).Format(t.layout.Layout)
	}
	return v.At.UTC().Format(t.layout.Layout)
}

// oversize is more than the receiver takes, in bytes.
const oversize = 1<<20 + 1

// spoil is what a lie does to the text of a body or a query. What is before keep stays.
func (t *template) spoil(text []byte, keep int, draw uint64) ([]byte, bool) {
	switch isForm := t.kind != typeJSON; {
	case t.lie == traffic.Broken && isForm:
		return append(text, "&%zz"...), true
	case t.lie == traffic.Broken:
		return text[:keep+int(draw%uint64(max(1, len(text)-keep)))], true
	case t.lie == traffic.Oversized && isForm:
		return append(append(text, "&padding="...), strings.Repeat("x", oversize)...), true
	case t.lie == traffic.Oversized:
		return append(text, strings.Repeat(" ", oversize)...), true
	}
	return text, false
}
