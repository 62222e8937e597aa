package presets

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/yamldoc"
)

// ReadFormat reads a format that has the shape [Read], and reports what is wrong with it.
// base is the preset beside it, of which it says what differs; nil for none. Without an
// entry it is base. ok says that nothing was wrong.
func ReadFormat(e *yamldoc.Entry, base *provider.Format) (f *provider.Format, ok bool) {
	f = &provider.Format{}
	if base != nil {
		*f = *base
	}
	if e == nil {
		return f, base != nil
	}
	r := &reader{ok: e.Valid()}
	f.Outcomes = append(append([]provider.Line{}, f.Outcomes...), ReadLines(e.Get("outcomes"))...)
	if e.Has("methods") {
		f.Methods = textsOf(e.Get("methods"))
	}
	if e.Has("inside") {
		f.Inside = r.path(e.Get("inside"))
	}
	if e.Has("strict") {
		f.Strict = e.Get("strict").Bool()
	}
	if e.Has("max") {
		f.Max = e.Get("max").Int()
	}
	if e.Has("signature") {
		f.Signs = r.signs(e.Get("signature"))
	}
	if e.Has("answer") {
		f.Answer = r.answer(e.Get("answer"))
	}
	r.shapes(e, f)
	if r.ok {
		r.ok = CheckCodes(e.Get("outcomes"), f)
	}
	return f, r.ok
}

// CheckCodes reports the codes of lines that begin with a path from which no code of the
// format comes. ok says that there is none.
func CheckCodes(lines *yamldoc.Entry, f *provider.Format) (ok bool) {
	var first, others []string
	for _, s := range f.Shapes {
		if len(s.Code) > 0 {
			first, others = append(first, s.Code[0]), append(others, s.Code[1:]...)
		}
	}
	ok = true
	for _, line := range lines.Items() {
		for _, code := range line.Get("code").Items() {
			path, rest, found := strings.Cut(code.Text(), ":")
			switch {
			case !found || rest == "" || slices.Contains(others, path):
			case slices.Contains(first, path):
				code.Report("codes of the first path of code are written without it", "write "+rest)
				ok = false
			case len(others) > 0 && provider.CheckPath(path) == nil && !strings.ContainsAny(rest, " \t"):
				code.Report(yamldoc.Unknown("path of code", path, others))
				ok = false
			}
		}
	}
	return ok
}

// reader reads a format.
type reader struct{ ok bool }

// report reports a problem.
func (r *reader) report(e *yamldoc.Entry, err error) {
	problem, hint, _ := strings.Cut(err.Error(), "; ")
	e.Report(problem, hint)
	r.ok = false
}

// readShapes reads where things are.
func (r *reader) shapes(e *yamldoc.Entry, f *provider.Format) {
	common := []provider.Shape{{Each: "."}}
	if len(f.Shapes) > 0 {
		common = append([]provider.Shape{}, f.Shapes...)
	}
	for i := range common {
		r.shape(e, &common[i])
	}
	f.Shapes = common
	if list := e.Get("alternatives"); list != nil {
		f.Shapes = nil
		for _, item := range list.Items() {
			s := common[0]
			r.shape(item, &s)
			r.checkShape(item, &s)
			f.Shapes = append(f.Shapes, s)
		}
		return
	}
	for i := range f.Shapes {
		r.checkShape(e, &f.Shapes[i])
	}
}

// checkShape reports what a shape lacks.
func (r *reader) checkShape(e *yamldoc.Entry, s *provider.Shape) {
	if e.Valid() && (len(s.ID) == 0 || s.Event == "") {
		e.ReportWhole("it does not say where the message's id and the event are", "write id: and event:, each with a path")
		r.ok = false
	}
}

// readShape reads the keys that are written.
func (r *reader) shape(e *yamldoc.Entry, s *provider.Shape) {
	if each := e.Get("each"); each != nil {
		if err := provider.CheckEach(each.Text()); err != nil {
			r.report(each, err)
		}
		s.Each = each.Text()
	}
	if e.Has("only") {
		s.Only = r.only(e.Get("only"))
	}
	if e.Has("id") {
		s.ID = r.paths(e.Get("id"))
	}
	if e.Has("event") {
		s.Event = r.path(e.Get("event"))
	}
	if e.Has("code") {
		s.Code = r.paths(e.Get("code"))
	}
	if e.Has("to") {
		to := e.Get("to")
		s.To, s.Plus, s.Region = r.path(to.Get("path")), to.Get("plus").Bool(), to.Get("region").Text()
		if s.Plus && s.Region != "" {
			to.ReportKey("region", `"plus" and "region" are both set`, "keep one of them")
			r.ok = false
		}
	}
	if e.Has("at") {
		s.At = r.time(e.Get("at"))
	}
	if e.Has("args") {
		s.Args = r.path(e.Get("args"))
	}
}

// nothing is the word for a path where nothing is.
const nothing = "nothing"

func (r *reader) only(e *yamldoc.Entry) (list []provider.Condition) {
	for _, item := range e.Items() {
		if err := provider.CheckPath(item.Key()); err != nil {
			e.ReportKey(item.Key(), err.Error(), "")
			r.ok = false
		}
		c := provider.Condition{Path: item.Key(), Words: textsOf(item)}
		if i := slices.Index(c.Words, nothing); i >= 0 {
			c.Words[i] = ""
		}
		list = append(list, c)
	}
	return list
}

func (r *reader) paths(e *yamldoc.Entry) (list []string) {
	for _, item := range e.Items() {
		list = append(list, r.path(item))
	}
	return list
}

func (r *reader) path(e *yamldoc.Entry) string {
	if e == nil {
		return ""
	}
	if err := provider.CheckPath(e.Text()); err != nil {
		r.report(e, err)
	}
	return e.Text()
}

func (r *reader) time(e *yamldoc.Entry) provider.Time {
	t := provider.Time{Path: r.path(e.Get("path")), Layout: e.Get("layout").Text()}
	if zone := e.Get("zone"); zone != nil {
		var err error
		if t.Zone, err = time.LoadLocation(zone.Text()); err != nil || zone.Text() == "Local" {
			zone.Report(yamldoc.Quote(zone.Text())+" is not a time zone", "write a name like UTC or Europe/Istanbul")
			t.Zone, r.ok = nil, false
		}
	}
	if layout := e.Get("layout"); layout != nil {
		if err := provider.CheckTime(t.Layout, t.Zone); err != nil {
			r.report(layout, err)
		}
	}
	return t
}

// EventsOf are the events of a line of an outcome table, as they are compared.
func EventsOf(line *yamldoc.Entry) (events []string) {
	for _, e := range line.Get("event").Items() {
		events = append(events, provider.NormalizeEvent(e.Text()))
	}
	return events
}

// ReadLines reads the lines of an outcome table, and reports those that are there twice.
func ReadLines(e *yamldoc.Entry) []provider.Line {
	var lines []provider.Line
	seen := map[[2]string]int{} // lines of the file
	for _, l := range e.Items() {
		of := readLine(l)
		for _, line := range of {
			if key := [2]string{line.Event, line.Code}; l.Valid() && line.Event != "" && !l.Has("table") {
				if before := seen[key]; before > 0 {
					l.Report("duplicate line for "+described(line), fmt.Sprintf("line %d has one, too; keep one of them", before))
					break
				}
				seen[key] = l.Line()
			}
		}
		lines = append(lines, of...)
	}
	return lines
}

// described is what a line is about.
func described(l provider.Line) string {
	if l.Code == "" {
		return "the event " + yamldoc.Quote(l.Event)
	}
	return "the event " + yamldoc.Quote(l.Event) + " with the code " + yamldoc.Quote(l.Code)
}

// readLine reads a line: each of its events with each of its codes.
func readLine(e *yamldoc.Entry) (lines []provider.Line) {
	switch {
	case e.Has("table") && (e.Has("code") || e.Has("outcome")):
		e.ReportWhole("a line with a table has neither code nor outcome", "write a line of its own for them; later lines go before the table")
		return nil
	case !e.Has("table") && !e.Has("outcome") && e.Valid():
		e.ReportWhole(`"outcome" is missing`, "it must be "+OutcomeShape.Expect)
		return nil
	}
	for _, word := range EventsOf(e) {
		if t := e.Get("table"); t != nil {
			for _, line := range table(t.Text()) {
				line.Event = word
				lines = append(lines, line)
			}
			continue
		}
		if !e.Has("code") {
			lines = append(lines, provider.Line{Event: word, Outcome: outcomeOf(e)})
		}
		for _, code := range e.Get("code").Items() {
			lines = append(lines, provider.Line{Event: word, Code: code.Text(), Outcome: outcomeOf(e)})
		}
	}
	return lines
}

func outcomeOf(e *yamldoc.Entry) hygiene.Outcome {
	o, _ := hygiene.ParseOutcome(e.Get("outcome").Text())
	return o
}

func textsOf(e *yamldoc.Entry) (list []string) {
	for _, item := range e.Items() {
		list = append(list, item.Text())
	}
	return list
}
