package config

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

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
	shown, headers := map[segments.Column]bool{}, map[string]bool{}
	for _, item := range e.items {
		c, ok := r.readColumn(item)
		if !ok {
			continue
		}
		switch {
		case shown[c]:
			r.tellAt(item, "the column "+quote(c.String())+" is there already", "")
		case headers[c.Header()]:
			r.tellAt(item, "the header "+quote(c.Header())+" is there already", "every column of a file needs its own")
		}
		shown[c], headers[c.Header()] = true, true
		columns = append(columns, c)
	}
	return columns
}

// readColumn reads a name, or a name and the header that files show for it.
func (r *reader) readColumn(e *entry) (segments.Column, bool) {
	if e.place.node.Kind != yaml.MappingNode {
		return r.column(e.text, e.place.node, e.place)
	}
	if pairs := e.place.node.Content; len(pairs) > 2 {
		r.at(pairs[2], e.place, "a second column in one item", "begin each column with -")
		return segments.Column{}, false
	}
	if len(e.items) == 0 {
		return segments.Column{}, false // its header was told of
	}
	header := e.items[0]
	c, ok := r.column(header.place.word, header.place.at, e.place)
	if !ok {
		return c, false
	}
	c, err := c.As(header.text)
	if err != nil {
		r.tellAt(header, err.Error(), "")
	}
	return c, err == nil
}

// column finds the column of that name, which stands at that node.
func (r *reader) column(name string, at *yaml.Node, p *place) (segments.Column, bool) {
	c, err := segments.ParseColumn(name)
	switch {
	case err != nil && strings.HasPrefix(name, "attributes."):
		r.at(at, p, err.Error(), "")
	case err != nil:
		text, hint := unknown("column", name, append(segments.ColumnNames(), "attributes."))
		if hint == "" {
			hint = "write for example contact, phone, last_delivered_at or attributes.country"
		}
		r.at(at, p, text, hint)
	}
	return c, err == nil
}

// readCSV reads how CSV files are written.
func readCSV(e *entry) segments.CSVOptions {
	return segments.CSVOptions{
		Spreadsheet: e.get("profile").words() == "spreadsheet",
		Delimiter:   delimiters[e.get("delimiter").words()],
		Lists:       delimiters[e.get("lists").words()],
	}
}

var delimiters = map[string]byte{
	"comma": ',', "semicolon": ';', "tab": '\t', "pipe": '|', ",": ',', ";": ';', "\t": '\t', `\t`: '\t', "|": '|',
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
