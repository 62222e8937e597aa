package config

import (
	"slices"
	"strings"

	"winnow/segments"
)

// readSegments reads the segments, and refuses those that ask for themselves.
func (r *reader) readSegments(e *entry) []segments.Segment {
	var list []segments.Segment
	for _, item := range e.each() {
		list = append(list, r.readSegment(item))
	}
	r.cycles(e)
	return list
}

func (r *reader) readSegment(e *entry) segments.Segment {
	s := segments.Segment{
		Name:       e.get("name").words(),
		List:       e.get("list").words(),
		Suppressed: suppressed[e.get("suppressed").words()],
		Columns:    r.readColumns(e.get("columns")),
	}
	if where := e.get("where"); where != nil {
		s.Where = r.readCondition(where)
	}
	switch {
	case s.Name == "manifest":
		r.tellAt(e.get("name"), `a segment can't be called "manifest"`, "every run has a file of that name")
	case e.has("where") && e.has("list"):
		r.tellKey(e, "list", `"where" and "list" are both written`, "keep one, or write the list as a test: where: {all: [{list: …}, …]}")
	case !e.has("where") && !e.has("list") && s.Suppressed == segments.Exclude && !e.flawed:
		r.at(e.place.at, e.place, `a segment needs "where" or "list"`, "or suppressed: only, for all that are suppressed")
	}
	return s
}

var suppressed = map[string]segments.Suppressed{
	"exclude": segments.Exclude, "include": segments.Include, "only": segments.Only,
}

func (r *reader) readColumns(e *entry) []segments.Column {
	if e == nil {
		return segments.DefaultColumns()
	}
	var columns []segments.Column
	seen := map[segments.Column]bool{}
	for _, item := range e.items {
		c, err := segments.ParseColumn(item.text)
		switch {
		case err != nil && strings.HasPrefix(item.text, "attributes."):
			r.tellAt(item, err.Error(), "")
		case err != nil:
			text, hint := unknown("column", item.text, append(segments.ColumnNames(), "attributes."))
			if hint == "" {
				hint = "write for example contact, phone, last_delivered_at or attributes.country"
			}
			r.tellAt(item, text, hint)
		case seen[c]:
			r.tellAt(item, "the column "+quote(item.text)+" is there already", "")
		}
		seen[c] = true
		columns = append(columns, c)
	}
	return columns
}

// reference is one segment asking for another.
type reference struct {
	to string
	at *entry
}

// cycles tells of segments that ask, over others or not, for themselves: who
// would be in one could not be told.
func (r *reader) cycles(e *entry) {
	asks := map[string][]reference{}
	var order []string
	for _, item := range e.each() {
		name := item.get("name").words()
		order = append(order, name)
		asks[name] = references(nil, item.get("where"))
	}
	done, depth := map[string]bool{}, map[string]int{}
	var way []string
	var visit func(name string)
	visit = func(name string) {
		way = append(way, name)
		depth[name] = len(way)
		for _, ref := range asks[name] {
			if d := depth[ref.to]; d > 0 {
				circle := strings.Join(append(slices.Clone(way[d-1:]), ref.to), " → ")
				r.tellAt(ref.at, "segments ask for each other in a circle: "+shorten(circle, 300), "take one of them out")
			} else if !done[ref.to] {
				visit(ref.to)
			}
		}
		way = way[:len(way)-1]
		depth[name], done[name] = 0, true
	}
	for _, name := range order {
		if !done[name] {
			visit(name)
		}
	}
}

// references collects the segments that a condition asks for.
func references(list []reference, e *entry) []reference {
	if e == nil {
		return list
	}
	of := e.get(e.test)
	switch e.test {
	case "segment":
		if of != nil {
			list = append(list, reference{of.text, of})
		}
	case "not":
		return references(list, of)
	case "all", "any":
		for _, item := range of.each() {
			list = references(list, item)
		}
	}
	return list
}
