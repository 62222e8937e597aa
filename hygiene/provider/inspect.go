package provider

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
)

// Found is an event of a request, with what was made of it and why.
type Found struct {
	Event hygiene.Event
	// Time and Number are as the request writes them; empty for none. TimeUsed says that
	// Time is that of the event.
	Time, Number string
	TimeUsed     bool
	ZoneUnknown  bool // so that Time can't be used
	// Line is the line of the outcome table that decided, and Known that there is one.
	Line  Line
	Known bool
	// LeftOver are the paths of what is stored of the event and nothing reads, sorted.
	LeftOver []string
}

// Inspect reads a request as [Reader.Read] does, and says how. It is for people who try a
// format, and slower.
func (r *Reader) Inspect(request *Request) ([]Found, Reading, error) {
	b := batch{reader: r, receivedAt: request.ReceivedAt, inspects: true}
	is, err := b.read(request)
	if err != nil {
		return nil, is, err
	}
	found := make([]Found, len(is.Events))
	for i := range found {
		e, n := &is.Events[i], &b.noted[i]
		f := Found{Event: *e, Time: n.at, Number: n.to, LeftOver: r.plan.leftOver(e.Body)}
		f.TimeUsed, f.ZoneUnknown = n.used != 0 && e.At == n.used, n.at != "" && n.zoneless
		f.Line, f.Known = r.table.decides(e.Name, e.Code)
		found[i] = f
	}
	return found, is, nil
}

// decides finds the line that decides an outcome.
func (t OutcomeTable) decides(event, code string) (Line, bool) {
	event, code = NormalizeEvent(event), codeOfText(code)
	for _, key := range []eventCode{{event, code}, {event, NoCode}, {event, ""}} {
		if o, ok := t[key]; ok && (key.code != NoCode || code == "" || code == NoCode) {
			return Line{Event: key.event, Code: key.code, Outcome: o}, true
		}
	}
	return Line{}, false
}

// maxLeftOver is how many paths of what is left over are listed.
const maxLeftOver = 100

// leftOver are the paths of a stored body that nothing reads.
func (p *plan) leftOver(body []byte) []string {
	query, rest := "", body
	if p.query {
		query, rest = cutQuery(body)
	}
	text := string(rest)
	var paths []string
	add := func(path string) {
		if !p.reads(path) && len(paths) < maxLeftOver {
			paths = append(paths, path)
		}
	}
	if p.isForm(text) {
		_ = form(text, func(name, _ string) error { add(name); return nil })
	} else {
		if inner, ok := innerText(text, p.inside); p.inside != nil && ok {
			text = inner
		}
		decoder := json.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
		decoder.UseNumber()
		var value any
		if decoder.Decode(&value) == nil {
			eachLeaf(value, "", add)
		}
	}
	if query != "" && !slices.ContainsFunc(p.shapes, func(s shapePlan) bool { return s.Args == Query }) && query != text {
		paths = append(paths, Query)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// eachLeaf visits the paths of all values that are neither objects nor arrays.
func eachLeaf(value any, path string, visit func(path string)) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			eachLeaf(inner, strings.TrimPrefix(path+"."+name, "."), visit)
		}
	case []any:
		for i, inner := range v {
			eachLeaf(inner, path+"["+strconv.Itoa(i)+"]", visit)
		}
	default:
		visit(path)
	}
}

// reads reports whether some shape reads what is at a path of the body, or around it.
func (p *plan) reads(leaf string) bool {
	for i := range p.shapes {
		for _, path := range p.shapes[i].absolute {
			if rest, ok := strings.CutPrefix(leaf, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				return true
			}
		}
	}
	return false
}

// writtenPath is a path as [eachLeaf] writes it: of the elements of an array, the first
// stands for all, since what is stored of an event has no others.
func writtenPath(steps []step) string {
	path := ""
	for _, s := range steps {
		switch {
		case s.name != "":
			path += "." + s.name
		case s.index == everyElement:
			path += "[0]"
		default:
			path += "[" + strconv.Itoa(s.index) + "]"
		}
	}
	return strings.TrimPrefix(path, ".")
}
