package bodies

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/presets"
	"winnow/internal/simulate/traffic"
)

// template is a callback with marks where values go.
type template struct {
	line   provider.Line
	method string
	kind   string // of the body
	query  []piece
	body   []piece
	layout provider.Time
	plus   bool // a number is written with its +
	lie    traffic.Lie
	expect Expect
}

// The marks, which stand for values while a body is changed. One with an N is a number, and
// one with an E is within a text that is itself a form.
const (
	markID      = "zqIDqz"
	markTo      = "zqTOqz"
	markAt      = "zqATqz"
	markAtN     = "zqATNqz"
	markContact = "zqCONTACTqz"
	markInForm  = "zqCONTACTEqz"
)

// template finds an example that can say what the line says; nil if there is none.
func (s *Source) template(line provider.Line) *template {
	for _, x := range s.ranked(line) {
		for i := range s.Format.Shapes {
			if t := s.try(x, &s.Format.Shapes[i], line, nil); t != nil {
				return t
			}
		}
	}
	return nil
}

// ranked are the examples that may say the line, the likeliest first.
func (s *Source) ranked(line provider.Line) (list []*presets.Case) {
	rank := map[*presets.Case]int{}
	for i := range s.Examples {
		x := &s.Examples[i]
		if len(x.Events) == 0 || x.Verified != nil && !*x.Verified {
			continue
		}
		first := x.Events[0]
		switch {
		case strings.EqualFold(first.Event, line.Event) && first.Code == line.Code:
			rank[x] = 0
		case strings.EqualFold(first.Event, line.Event):
			rank[x] = 1
		case first.Outcome == line.Outcome:
			rank[x] = 2
		case (first.Code != "") == (line.Code != "" && line.Code != provider.NoCode):
			rank[x] = 3
		default:
			rank[x] = 4
		}
		list = append(list, x)
	}
	slices.SortStableFunc(list, func(a, b *presets.Case) int { return rank[a] - rank[b] })
	return list
}

// try makes a template of an example, and reads it. change changes the body further, for a
// lie; then it may be read as anything.
func (s *Source) try(x *presets.Case, shape *provider.Shape, line provider.Line, change func(*draft)) *template {
	for _, code := range codesFor(x, line) {
		for _, place := range contactPlaces(s.Contact, shape) {
			d := s.draft(x, shape)
			if d == nil {
				return nil
			}
			d.write(line.Event, code, place)
			if change != nil {
				change(d)
			}
			t := d.template(line)
			if t != nil && (change != nil || s.claims(t)) {
				return t
			}
		}
	}
	return nil
}

// codesFor are the codes to try for a line. Where it is for any code, that of an example of
// another event is not kept if it can be left out.
func codesFor(x *presets.Case, line provider.Line) []string {
	if line.Code == "" && !strings.EqualFold(x.Events[0].Event, line.Event) {
		return []string{provider.NoCode, ""}
	}
	return []string{line.Code}
}

// sample are values to try a template with.
var sample = Values{ID: traffic.Prefix + "00000000-7", Phone: "+12015550123", Contact: traffic.Key(4), At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}

// tolerance is how far the time that is read may be from the one that was written: layouts
// without seconds mean the end of the minute.
const tolerance = time.Minute

// claims reports whether the source reads the template as the event that it claims to be.
func (s *Source) claims(t *template) bool {
	is, err := s.read(t, &sample)
	if err != nil || len(is.Events) != 1 || len(is.Unreadable) > 0 || is.LeftOut > 0 {
		return false
	}
	e := &is.Events[0]
	wanted := sample.Contact
	if s.isPhone() {
		wanted = sample.Phone
	}
	off := e.At.Sub(hygiene.InstantOf(sample.At)).Abs()
	return (e.MessageID == sample.ID || strings.HasPrefix(e.MessageID, sample.ID+":")) && e.Outcome == t.line.Outcome &&
		(s.Contact == "" || e.Contact == wanted) && (e.At == e.ReceivedAt || off <= tolerance) &&
		(e.To == "" || e.To == sample.Phone)
}

// isPhone reports whether the contact is the number that the callback names.
func (s *Source) isPhone() bool {
	return s.Contact == "to" && slices.ContainsFunc(s.Format.Shapes, func(x provider.Shape) bool { return x.To != "" })
}

func (s *Source) read(t *template, v *Values) (provider.Reading, error) {
	r := t.request(v, 0)
	return s.Reader.Read(&provider.Request{Method: r.Method, Header: map[string][]string{"Content-Type": {r.Type}}, Query: r.Query, Body: r.Body,
		ReceivedAt: hygiene.InstantOf(sample.At.AddDate(1, 0, 0))})
}

// same reports whether two templates say the same event and code.
func (t *template) same(o *template) bool {
	return strings.EqualFold(t.line.Event, o.line.Event) && t.line.Code == o.line.Code
}

// contactPlace is a way to write the contact's key: at a path, which begins at the event, or
// in the query of the URL under a name.
type contactPlace struct {
	path, query string
	value       string // with a mark
}

// contactPlaces are the ways to write the contact where the config says that it is.
func contactPlaces(contact string, shape *provider.Shape) []contactPlace {
	rest, isArgs := strings.CutPrefix(contact, "args")
	name := strings.TrimPrefix(rest, ".")
	switch {
	case contact == "", contact == "to" && shape.To != "":
		return []contactPlace{{}}
	case !isArgs || shape.Args == "":
		return []contactPlace{{path: contact, value: markContact}}
	case shape.Args == provider.Query && name != "":
		return []contactPlace{{query: name, value: markContact}}
	case name == "":
		return []contactPlace{{path: shape.Args, value: markContact}}
	}
	return []contactPlace{{path: shape.Args, value: name + "=" + markInForm}, {path: shape.Args + rest, value: markContact}}
}

// draft is an example that is being changed.
type draft struct {
	x      *presets.Case
	shape  *provider.Shape
	method string
	doc    *document
	base   []string // the steps to the event
	around []string // and to the object around it
	root   []string
	query  []field
	plus   bool
}

func (s *Source) draft(x *presets.Case, shape *provider.Shape) *draft {
	d := &draft{x: x, shape: shape, method: x.Request.Method}
	if d.method == "" {
		d.method = "POST"
	}
	body := x.Request.Body
	if d.method == "GET" {
		body = []byte(x.Request.Query)
	}
	doc, err := parse(body, s.Format.Inside)
	if err != nil {
		return nil
	}
	d.doc = doc
	if in := doc.events(); !in.isForm {
		if list, ok := in.tree.([]any); ok {
			if len(list) == 0 {
				return nil
			}
			d.root = []string{"[0]"}
		}
		d.placeEvents()
		d.keepOne()
	}
	return d
}

// placeEvents finds the steps to the first event.
func (d *draft) placeEvents() {
	d.base, d.around = d.root, d.root
	if d.shape.Each == "." || d.shape.Each == "[]" {
		return
	}
	steps := splitPath(strings.TrimPrefix(d.shape.Each, "[]."))
	for i, step := range steps {
		if _, isIndex := indexOf(step); isIndex {
			steps[i] = "[0]"
		}
	}
	d.base = slices.Concat(d.root, steps)
	for i := len(steps) - 1; i >= 0; i-- {
		if !strings.HasPrefix(steps[i], "[") {
			d.around = slices.Concat(d.root, steps[:i])
			break
		}
	}
}

// keepOne removes all events but the first.
func (d *draft) keepOne() {
	in := d.doc.events()
	for i, step := range d.base {
		if list, ok := in.get(d.base[:i]).([]any); ok && strings.HasPrefix(step, "[") && len(list) > 1 {
			in.set(d.base[:i], list[:1])
		}
	}
}

// path are the steps to a path of the shape.
func (d *draft) path(text string) []string {
	switch {
	case d.doc.events().isForm:
		return []string{strings.TrimPrefix(text, "/")}
	case text == ".":
		return d.base
	case strings.HasPrefix(text, "/"):
		return slices.Concat(d.root, splitPath(text[1:]))
	case strings.HasPrefix(text, "^."):
		return slices.Concat(d.around, splitPath(text[2:]))
	}
	return slices.Concat(d.base, splitPath(text))
}

// put writes a text at a path, as a number where there is one.
func (d *draft) put(path, text string) {
	in := d.doc.events()
	steps := d.path(path)
	switch in.get(steps).(type) {
	case json.Number:
		in.set(steps, json.Number(text))
	case nil:
		if isWhole.MatchString(text) && !strings.HasPrefix(text, "0") {
			in.set(steps, json.Number(text))
			return
		}
		in.set(steps, text)
	default:
		in.set(steps, text)
	}
}

var isWhole = regexp.MustCompile(`^[0-9]{1,9}$`)

// write writes an event and a code, the marks of all values, and that of the contact.
func (d *draft) write(event, code string, contact contactPlace) {
	in, s := d.doc.events(), d.shape
	if was, _ := in.get(d.path(s.Event)).(string); in.isForm && was != "" {
		in.replace(was, event) // it may be there under an older name too
	}
	d.put(s.Event, event)
	d.writeCode(code)
	if s.To != "" && s.To != "." {
		old, _ := in.get(d.path(s.To)).(string)
		d.plus = strings.HasPrefix(old, "+") || old == "" && !s.Plus
		in.set(d.path(s.To), markTo)
	}
	if s.At.Path != "" {
		_, isNumber := in.get(d.path(s.At.Path)).(json.Number)
		mark := markAt
		if isNumber && !in.isForm {
			mark = markAtN
		}
		in.set(d.path(s.At.Path), mark)
	}
	if was, _ := in.get(d.path(s.ID[0])).(string); was != "" {
		in.replace(was, markID)
	}
	in.set(d.path(s.ID[0]), markID)
	if d.x.Request.Query != "" && d.method != "GET" {
		d.query, _ = parseForm(d.x.Request.Query)
	}
	switch {
	case contact.query != "" && d.method == "GET":
		in.set([]string{contact.query}, contact.value)
	case contact.query != "":
		d.query = []field{{contact.query, contact.value}}
	case contact.path != "":
		in.set(d.path(contact.path), contact.value)
	}
}

// writeCode writes a code where the shape has it.
func (d *draft) writeCode(code string) {
	in := d.doc.events()
	if len(d.shape.Code) == 0 || code == "" {
		return
	}
	if code == provider.NoCode {
		for _, path := range d.shape.Code {
			in.set(d.path(path), nil)
		}
		return
	}
	for _, path := range d.shape.Code[1:] {
		if own, ok := strings.CutPrefix(code, path+":"); ok {
			if in.get(d.path(d.shape.Code[0])) != nil {
				d.put(d.shape.Code[0], "0")
			}
			d.put(path, own)
			return
		}
	}
	d.put(d.shape.Code[0], code)
}
