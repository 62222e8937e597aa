package config

import (
	"winnow/segments"
)

// readExports reads the exports.
func (r *reader) readExports(e *entry) []segments.Export {
	var list []segments.Export
	for _, item := range e.each() {
		list = append(list, r.readExport(item))
	}
	return list
}

func (r *reader) readExport(e *entry) segments.Export {
	x := segments.Export{
		Name:     e.get("name").words(),
		Schedule: r.schedule(e.get("schedule")),
		CSV:      readCSV(e.get("csv")),
	}
	r.readTargets(&x, e.get("to"))
	if x.Name == "held" || x.Name == "latest" {
		r.tellAt(e.get("name"), "an export can't be called "+quote(x.Name), "folders of runs have that name")
	}
	if keep := e.get("keep"); keep != nil {
		x.Keep = int(keep.number)
	}
	for _, item := range r.once(e.get("formats"), "format") {
		x.Formats = append(x.Formats, segments.Format(item.text))
	}
	own := &names{holes: !e.get("segments").sound()}
	for _, item := range r.once(e.get("segments"), "segment") {
		x.Segments = append(x.Segments, r.refer(item, "segment", &r.segments))
		own.add(item.text)
	}
	for _, item := range r.once(e.get("delta"), "segment") {
		x.Delta = append(x.Delta, r.refer(item, "segment of this export", own))
	}
	x.Guard = r.readGuard(e.get("guard"), own)
	return x
}

// once is the items of a list, of which none may stand there twice.
func (r *reader) once(e *entry, noun string) []*entry {
	seen := map[string]bool{}
	for _, item := range e.each() {
		if seen[item.text] {
			r.tellAt(item, "the "+noun+" "+quote(item.text)+" is there already", "")
		}
		seen[item.text] = true
	}
	return e.each()
}

// readGuard reads the limits. One for all is also kept for each segment, so
// that 0%, no change at all, is told from no limit.
func (r *reader) readGuard(e *entry, own *names) segments.Guard {
	var g segments.Guard
	if change := e.get("max_change"); change != nil {
		g.MaxChange = map[string]float64{}
		g.MaxChangeAll = change.share
		for _, item := range change.items {
			r.known(item, own)
			g.MaxChange[item.place.word] = item.share
		}
		if change.items == nil {
			for _, name := range own.list {
				g.MaxChange[name] = change.share
			}
		}
	}
	if rows := e.get("min_rows"); rows != nil {
		g.MinRows = map[string]int64{}
		for _, item := range rows.items {
			r.known(item, own)
			g.MinRows[item.place.word] = item.number
		}
	}
	return g
}

// known tells whether the key of a table is a segment of the export.
func (r *reader) known(item *entry, own *names) {
	if !own.has(item.place.word) && !own.holes {
		text, hint := unknown("segment of this export", item.place.word, own.list)
		r.at(item.place.at, item.place.parent, text, hint)
	}
}
