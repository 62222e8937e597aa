package provider

import (
	"errors"
	"fmt"
	"slices"
)

// maxParts is how many bytes of stored parts one request may become, beside what was
// received: what stands around the events of a request is stored with each of them.
const maxParts = 4 << 20

var errAround = errors.New("what stands around its events is too long to be stored with each of them")

// jsonReading is the reading of one text of JSON.
type jsonReading struct {
	*plan
	to    *batch
	body  []byte // the text
	query string
	// withQuery says that the query is stored with each part.
	withQuery bool
	scanner   scanner
	failed    error
	problem   string // why no event is made of the next one; empty for nothing
}

// readJSON reads JSON, in one pass.
func (p *plan) readJSON(text, query string, body []byte, withQuery bool, to *batch) error {
	var j jsonReading // filled where it is: it is large
	j.plan, j.to, j.body, j.query, j.withQuery = p, to, body, query, withQuery
	j.scanner.text, j.scanner.wanted = text, p.root.in
	if p.nested {
		j.scanner.walk = newWalk(p.places, to.reader.max)
	}
	err := j.scanner.elements(func(from, end int) {
		switch d := (document{query: query}); {
		case p.nested:
			j.document(&d, from, end)
		case !j.whole(&d, from, end):
			j.leaveOut(&d, from, end, j.isSilent(&d))
		}
	})
	if err != nil {
		return err
	}
	return j.failed
}

// part is a part of the text as it is stored.
func (j *jsonReading) part(text []byte) []byte {
	if !j.withQuery {
		return text
	}
	part := make([]byte, 0, len(j.query)+len(text)+2)
	part = append(append(append(part, '?'), j.query...), '\n')
	return append(part, text...)
}

// whole adds a document that is itself an event, and reports whether the conditions of a
// shape hold.
func (j *jsonReading) whole(d *document, from, end int) bool {
	for i := range j.shapes {
		if s := &j.shapes[i]; s.whole && s.holds(d, &j.scanner.found) {
			d.body = j.part(j.body[from:end:end])
			j.add(s, d, from)
			return true
		}
	}
	return false
}

// isSilent reports whether nothing says that a document of which no event was read is about
// something else.
func (j *jsonReading) isSilent(d *document) bool {
	for i := range j.shapes {
		if s := &j.shapes[i]; s.whole && !s.isSilent(d, &j.scanner.found) {
			return false
		}
	}
	return true
}

// leaveOut leaves out a document of which no event was read. One about which nothing says
// so is kept: it may be in a form that the provider has since.
func (j *jsonReading) leaveOut(d *document, from, end int, silent bool) {
	if !silent {
		j.to.LeftOut++
		return
	}
	j.to.add(&report{body: j.part(j.body[from:end:end]), problem: j.undecided()})
}

// add adds an event, whose value begins at from.
func (j *jsonReading) add(s *shapePlan, d *document, from int) {
	if j.problem != "" {
		j.to.add(&report{body: d.body, problem: j.problem})
		j.problem = ""
		return
	}
	if s.object && j.body[from] != '{' {
		j.to.add(&report{body: d.body, problem: notObject})
		return
	}
	r := report{body: d.body}
	s.report(&r, d, &j.scanner.found)
	j.to.add(&r)
}

// document adds the events inside a document: those of the first shape that has any, and
// those of others that are apart from them.
func (j *jsonReading) document(d *document, from, end int) {
	w := j.scanner.walk
	if w.more {
		j.to.reports = j.to.reader.max + 1
		return
	}
	none := true // of the events has a shape whose conditions do not hold
	silent := true
	for i := range j.shapes {
		s := &j.shapes[i]
		if s.whole {
			if s.holds(d, &j.scanner.found) {
				j.whole(d, from, end)
				return
			}
			none = false
			silent = silent && s.isSilent(d, &j.scanner.found)
			continue
		}
		w.hideBeside(i, s.ofBody, &j.scanner.found)
		added, left := 0, 0
		for n := range w.events {
			e := &w.events[n]
			if e.shape != i {
				continue
			}
			none = false
			switch w.restore(e, &j.scanner.found); {
			case s.holds(d, &j.scanner.found):
			case !s.isSilent(d, &j.scanner.found):
				left, silent = left+1, false
				continue
			case len(j.shapes) > 1: // another one may hold
				left++
				continue
			default:
				j.problem = j.undecided()
			}
			added++
			j.addCut(s, d, e, from, end)
		}
		if added > 0 {
			j.to.LeftOut += left
			j.others(i, d, from, end)
			return
		}
		silent = silent && s.bodyIsSilent(d, &j.scanner.found)
		none = none && !w.reached[i] && s.mayHold(d, &j.scanner.found)
	}
	if none {
		j.to.add(&report{body: j.part(j.body[from:end:end]), problem: fmt.Sprintf("there is nothing at %s, where its events would be", j.shapes[0].Each)})
	} else if len(w.events) > 0 || !j.anyReached() {
		j.leaveOut(d, from, end, silent)
	}
}

// others adds the events of later shapes that are in other elements than those of the first,
// so that both can be stored alone.
func (j *jsonReading) others(first int, d *document, from, end int) {
	w := j.scanner.walk
	if !slices.ContainsFunc(w.events, func(e inArray) bool { return e.shape > first }) {
		return
	}
	c := census{walk: w, frames: make([]int, len(w.frames)), arrays: make([]int, len(w.arrays))}
	for n := range w.events {
		if e := &w.events[n]; e.shape == first {
			c.add(e)
		}
	}
	for i := first + 1; i < len(j.shapes); i++ {
		s := &j.shapes[i]
		w.hideBeside(i, s.ofBody, &j.scanner.found)
		for n := range w.events {
			e := &w.events[n]
			if e.shape != i || !c.isApart(e) {
				continue
			}
			if w.restore(e, &j.scanner.found); !s.holds(d, &j.scanner.found) {
				j.to.LeftOut++
				continue
			}
			j.addCut(s, d, e, from, end)
		}
		for n := range w.events {
			if e := &w.events[n]; e.shape == i {
				c.add(e)
			}
		}
	}
}

func (j *jsonReading) anyReached() bool {
	for _, reached := range j.scanner.walk.reached {
		if reached {
			return true
		}
	}
	return false
}

// addCut adds an event that others may be beside.
func (j *jsonReading) addCut(s *shapePlan, d *document, e *inArray, from, end int) {
	w := j.scanner.walk
	if !w.isAlone(e) {
		if j.to.stored += w.size(from, end, e); j.to.stored > maxParts {
			j.failed = errAround
			return
		}
	}
	d.body = j.part(w.cut(j.body, from, end, e))
	j.add(s, d, e.from)
}
