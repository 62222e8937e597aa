package config

import (
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

var segment = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, AnyOf: []string{"where", "list", "suppressed"}, NotBoth: []string{"where", "list"}, Fields: []yamldoc.Field{
	{Key: "name", Shape: NameShape, Required: true, Doc: "Name of the segment and of its files."},
	{Key: "where", Shape: segmentCondition, Doc: "Which contacts are in it."},
	{Key: "list", Shape: NameShape, Doc: "A static list instead of a condition; winnow list add fills it."},
	{Key: "suppressed", Shape: handling, Default: "exclude", Doc: "What happens to suppressed contacts: exclude leaves them out, only leaves out all others. {except: [REASON]} leaves them out, except those suppressed for these reasons alone."},
	{Key: "columns", Shape: columns, Default: "[contact, phone, status]", Doc: "Columns of its files: names, or a name with the header to show, like {contact: Phone Number}. Default: contact, phone, status."},
}}

// handling is what a segment does with suppressed contacts.
var (
	handling       = &yamldoc.Shape{Kind: yamldoc.ItemOrMap, Item: handlingChoice, Map: exception, Expect: handlingChoice.Expect}
	handlingChoice = choice("exclude, include or only, or {except: [REASON]}", "value", "exclude", "include", "only")
	exception      = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
		{Key: "except", Shape: unordered(listOf(1, NameShape, "a list of reasons")), Required: true, Doc: "Reasons of another purpose: who is suppressed for them alone may get what this segment is for."},
	}}
)

// A column is a name, or a name with the header to show for it.
var (
	columns    = &yamldoc.Shape{Kind: yamldoc.List, Item: column, Min: 1, Expect: "a list of columns", Hints: yamldoc.Hints{Keys: oneColumnPerItem}}
	column     = &yamldoc.Shape{Kind: yamldoc.ItemOrMap, Item: columnName, Map: renamed, Expect: columnName.Expect}
	columnName = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a column like phone or attributes.country", Words: segments.ColumnNames(), EditorPattern: `^attributes\..`}
	header     = &yamldoc.Shape{Kind: yamldoc.Text, Expect: `a header like "Phone Number"`}
	renamed    = &yamldoc.Shape{Kind: yamldoc.Map, Item: header, MapKey: columnName, Min: 1, Max: 1, Because: oneColumnPerItem, Expect: `a column and its header, like {contact: "Phone Number"}`}
)

const oneColumnPerItem = "start each column with -"

// readSegments reads the segments, and reports cycles of references.
func (r *reader) readSegments(e *yamldoc.Entry) []segments.Segment {
	var list []segments.Segment
	refersTo := map[string][]*yamldoc.Entry{}
	r.columns = map[string]int{}
	for _, item := range e.Items() {
		r.references = nil
		s := r.readSegment(item)
		list = append(list, s)
		r.columns[s.Name] = len(s.Columns)
		refersTo[s.Name] = r.references
	}
	reportCycles(list, refersTo)
	return list
}

func (r *reader) readSegment(e *yamldoc.Entry) segments.Segment {
	s := segments.Segment{
		Name:       e.Get("name").Text(),
		List:       e.Get("list").Text(),
		Suppressed: suppressed[e.Get("suppressed").Text()],
		Columns:    readColumns(e.Get("columns")),
	}
	if of := e.Get("suppressed"); of.Has("except") {
		s.Except = r.readExcept(of.Get("except"))
	}
	if where := e.Get("where"); where != nil {
		s.Where = r.readCondition(where)
	}
	switch {
	case s.Name == "manifest":
		e.Get("name").Report(`a segment cannot be named "manifest"`, "every run has a file with that name")
	case e.Has("where") && e.Has("list"):
		e.ReportKey("list", `"where" and "list" are both set`, "keep one, or test the list in where: {all: [{list: …}, …]}")
	case !e.Has("where") && !e.Has("list") && s.Suppressed == segments.Exclude && e.Valid():
		e.ReportWhole(`a segment needs "where" or "list"`, "or suppressed: only, for all suppressed contacts")
	}
	return s
}

var suppressed = map[string]segments.Suppressed{
	"exclude": segments.Exclude, "include": segments.Include, "only": segments.Only,
}

// readExcept reads the reasons for which a suppression does not count. Who opted out, or
// complained, wants no message at all.
func (r *reader) readExcept(e *yamldoc.Entry) []string {
	var except []string
	for _, item := range e.Items() {
		is := r.mentionReason(item)
		if always := is == hygiene.OptedOut || is == hygiene.Complaint; always && is == item.Text() {
			item.Report(is+" is about every message, whatever it is for", "a purpose has a reason of its own, like marketing_opt_out under hygiene.protected")
		}
		except = append(except, is)
	}
	slices.Sort(except)
	return slices.Compact(except)
}

func readColumns(e *yamldoc.Entry) []segments.Column {
	if e == nil {
		return segments.DefaultColumns()
	}
	var columns []segments.Column
	shown, headers := map[segments.Column]bool{}, map[string]bool{}
	for _, item := range e.Items() {
		c, ok := readColumn(item)
		if !ok {
			continue
		}
		switch {
		case shown[c]:
			item.Report("duplicate column "+yamldoc.Quote(c.String()), "")
		case headers[c.Header()]:
			item.Report("duplicate header "+yamldoc.Quote(c.Header()), "every column of a file needs its own header")
		}
		shown[c], headers[c.Header()] = true, true
		columns = append(columns, c)
	}
	return columns
}

// readColumn reads a name, or a name and its header.
func readColumn(e *yamldoc.Entry) (segments.Column, bool) {
	if e.IsScalar() {
		return columnOf(e.Text(), e.Report)
	}
	if len(e.Items()) == 0 {
		return segments.Column{}, false // its header was reported
	}
	header := e.Items()[0]
	c, ok := columnOf(header.Key(), func(text, hint string) { e.ReportKey(header.Key(), text, hint) })
	if !ok {
		return c, false
	}
	c, err := c.WithHeader(header.Text())
	if err != nil {
		header.Report(err.Error(), "")
	}
	return c, err == nil
}

// columnOf is the column of that name.
func columnOf(name string, report func(text, hint string)) (segments.Column, bool) {
	c, err := segments.ParseColumn(name)
	switch {
	case err != nil && strings.HasPrefix(name, "attributes."):
		report(err.Error(), "")
	case err != nil:
		text, hint := yamldoc.Unknown("column", name, append(segments.ColumnNames(), "attributes."))
		if hint == "" {
			hint = "write a name like contact, phone, last_delivered_at or attributes.country"
		}
		report(text, hint)
	}
	return c, err == nil
}

// reportCycles reports segments that refer to themselves, directly or through others.
// references are the entries in which a segment names another, by its name.
func reportCycles(list []segments.Segment, references map[string][]*yamldoc.Entry) {
	done, depth := map[string]bool{}, map[string]int{}
	var path []string
	var visit func(name string)
	visit = func(name string) {
		path = append(path, name)
		depth[name] = len(path)
		for _, ref := range references[name] {
			if d := depth[ref.Text()]; d > 0 {
				cycle := path[d-1:]
				if n := len(cycle); n > 12 { // a program wrote it
					cycle = slices.Concat(cycle[:6], []string{"…"}, cycle[n-5:])
				}
				ref.Report("segments form a cycle: "+yamldoc.Shorten(strings.Join(append(slices.Clone(cycle), ref.Text()), " → "), 300), "remove one of these references")
			} else if !done[ref.Text()] {
				visit(ref.Text())
			}
		}
		path = path[:len(path)-1]
		depth[name], done[name] = 0, true
	}
	for i := range list {
		if !done[list[i].Name] {
			visit(list[i].Name)
		}
	}
}
