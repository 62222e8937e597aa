package config

import (
	"fmt"

	"winnow/internal/yamldoc"
	"winnow/segments"
)

var export = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Fields: []yamldoc.Field{
	{Key: "name", Shape: NameShape, Required: true, Doc: "Name of the export and of its folder."},
	{Key: "schedule", Omit: true, Shape: cron, Required: true, Doc: "When it runs, in the time zone of this file."},
	{Key: "segments", Shape: unordered(listOf(1, NameShape, "a list of segments")), Required: true, Doc: "The segments to write."},
	{Key: "formats", Shape: unordered(listOf(1, format, "a list of formats")), Default: "[csv]", Doc: "File formats: csv, json (one array), ndjson (one object per line), xlsx or parquet; csv, json and ndjson with .gz, like csv.gz, compressed."},
	{Key: "delta", Shape: delta, Default: "[]", Doc: "Segments that also get a file of who entered and who left since the last published run. {SEGMENT: [entered, left, changed]} also lists members with another row."},
	{Key: "to", Omit: true, Shape: listOf(1, target, "a list of destinations"), Required: true, Doc: "Destinations: directories, relative to this file, and folders on servers, by their URL."},
	{Key: "guard", Omit: true, Shape: guard, Default: "{}", Doc: "Limits beyond which a run is held for a decision instead of being published."},
	{Key: "keep", Omit: true, Shape: positive, Default: "30", Doc: "How many runs are kept."},
	{Key: "csv", Shape: csv, Default: "{}", Doc: "How CSV files are written."},
	{Key: "times", Shape: choice("seconds, full or date", "form of times", "seconds", "full", "date"), Default: "seconds", Doc: "How all formats write times: seconds, like 2026-11-23T02:00:00Z; full, with all digits that are known; or date, like 2026-11-23."},
	{Key: "zone", Shape: choice("utc or local", "zone", "utc", "local"), Default: "utc", Doc: "Zone of the times in all formats: utc, or local, which is the time zone of this file."},
}}

// delta is a list of segments, or the changes of each.
var (
	delta   = &yamldoc.Shape{Kind: yamldoc.ItemOrMap, Item: deltaOf, Map: changes, Expect: deltaOf.Expect}
	deltaOf = unordered(listOf(0, NameShape, "a list of segments, or the changes of each, like {reachable: [entered, left, changed]}"))
	changes = &yamldoc.Shape{Kind: yamldoc.Map, Min: 1, Item: unordered(listOf(1, change, "a list of changes like [entered, left, changed]")), Expect: deltaOf.Expect}
	change  = choice("entered, left or changed", "change", segments.ChangeWords()...)
)

var csv = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "profile", Shape: choice("crm or spreadsheet", "profile", "crm", "spreadsheet"), Default: "crm", Doc: "crm writes every value as it is. spreadsheet adds a BOM, and disarms cells that a spreadsheet would run as formulas."},
	{Key: "delimiter", Shape: delimiter, Default: "comma", Doc: "Between two cells: comma, semicolon, tab or pipe, or the character itself."},
	{Key: "lists", Shape: separator, Default: "pipe", Doc: "Between the names in one cell, such as tags: pipe, semicolon or comma, or the character itself."},
}}

var guard = &yamldoc.Shape{Kind: yamldoc.Object, Fields: []yamldoc.Field{
	{Key: "max_change", Shape: maxChange, Doc: "How much a segment's size may differ from the last published run's, in percent of it."},
	{Key: "max_growth", Shape: maxChange, Doc: "How much a segment may grow, where only growth does harm."},
	{Key: "max_shrink", Shape: maxChange, Doc: "How much a segment may shrink, where only shrinking does harm."},
	{Key: "after", Shape: positive, Default: "7", Doc: "On how many different days a segment must have been published before its growth is limited. A shrink is limited from the second run on."},
	{Key: "min_rows", Shape: &yamldoc.Shape{Kind: yamldoc.Map, Item: positive, Min: 1, Expect: "a number for each segment"}, Doc: "How many rows a segment must have."},
}}

var (
	format    = choice("csv, json, ndjson, xlsx or parquet, or one of the first three with .gz", "format", formatNames()...)
	delimiter = &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "comma, semicolon, tab or pipe", Noun: "delimiter",
		Words: []string{"comma", "semicolon", "tab", "pipe"}, OtherWords: []string{",", ";", "\t", `\t`, "|"}}
	separator = &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "pipe, semicolon or comma", Noun: "separator",
		Words: []string{"pipe", "semicolon", "comma"}, OtherWords: []string{"|", ";", ","}}
	share     = &yamldoc.Shape{Kind: yamldoc.Percent, Expect: "a percentage like 30%", Max: 1000, ZeroAllowed: true}
	maxChange = &yamldoc.Shape{Kind: yamldoc.ItemOrMap, Item: share, Expect: "a percentage like 30%, or one for each segment",
		Map: &yamldoc.Shape{Kind: yamldoc.Map, Item: share, Expect: "a percentage like 30%, or one for each segment"}}
)

// characters are the delimiters and separators, by their words.
var characters = map[string]byte{
	"comma": ',', "semicolon": ';', "tab": '\t', "pipe": '|', ",": ',', ";": ';', "\t": '\t', `\t`: '\t', "|": '|',
}

func formatNames() []string {
	var list []string
	for _, f := range segments.Formats() {
		list = append(list, string(f))
	}
	return list
}

// readExports reads the exports.
func (r *reader) readExports(e *yamldoc.Entry) []segments.Export {
	var list []segments.Export
	for _, item := range e.Items() {
		list = append(list, r.readExport(item))
	}
	return list
}

func (r *reader) readExport(e *yamldoc.Entry) segments.Export {
	x := segments.Export{
		Name:     e.Get("name").Text(),
		Schedule: r.readSchedule(e.Get("schedule")),
		Keep:     e.Get("keep").Int(),
		CSV:      readCSV(e.Get("csv")),
		Times:    r.readTimes(e),
	}
	r.readTargets(&x, e.Get("to"))
	if x.Name == "held" || x.Name == "latest" {
		e.Get("name").Report("an export cannot be named "+yamldoc.Quote(x.Name), "folders of runs have that name")
	}
	for _, item := range distinct(e.Get("formats"), "format") {
		x.Formats = append(x.Formats, segments.Format(item.Text()))
	}
	r.reportWide(e)
	own := &yamldoc.Names{Incomplete: !e.Get("segments").Valid()}
	for _, item := range distinct(e.Get("segments"), "segment") {
		x.Segments = append(x.Segments, r.segments.Refer(item, "segment"))
		if r.segments.Has(item.Text()) {
			own.Add(item.Text())
		} else {
			own.Incomplete = true // it is misspelt here, and other keys may have it right
		}
	}
	readDelta(&x, e.Get("delta"), own)
	x.Guard = readGuard(e.Get("guard"), own)
	return x
}

// reportWide reports segments with more columns than a format has room for, with the one
// of deltas.
func (r *reader) reportWide(e *yamldoc.Entry) {
	for _, format := range e.Get("formats").Items() {
		most := segments.Format(format.Text()).MaxColumns()
		for _, item := range e.Get("segments").Items() {
			if n := r.columns[item.Text()] + 1; most > 0 && n > most {
				format.Report(fmt.Sprintf("segment %s has %d columns, and a file of %s has room for %d", yamldoc.Quote(item.Text()), n-1, format.Text(), most-1), "leave out this format, or columns")
			}
		}
	}
}

// readDelta reads which segments have a delta, and of which changes.
func readDelta(x *segments.Export, e *yamldoc.Entry, own *yamldoc.Names) {
	if !e.IsMap() {
		for _, item := range distinct(e, "segment") {
			x.Delta = append(x.Delta, own.Refer(item, "segment of this export"))
		}
		return
	}
	x.Changes = map[string]segments.Changes{}
	for _, item := range e.Items() {
		own.ReferKey(e, item.Key(), "segment of this export")
		x.Delta = append(x.Delta, item.Key())
		for _, word := range distinct(item, "change") {
			is, err := segments.ParseChange(word.Text())
			if err != nil {
				panic(err) // the words are those of the shape
			}
			x.Changes[item.Key()] |= is
		}
	}
}

// distinct is the items of a list. It reports duplicates.
func distinct(e *yamldoc.Entry, kind string) []*yamldoc.Entry {
	seen := map[string]bool{}
	for _, item := range e.Items() {
		if seen[item.Text()] {
			item.Report("duplicate "+kind+" "+yamldoc.Quote(item.Text()), "")
		}
		seen[item.Text()] = true
	}
	return e.Items()
}

// readGuard reads the limits.
func readGuard(e *yamldoc.Entry, own *yamldoc.Names) segments.Guard {
	if e == nil {
		return segments.Guard{}
	}
	g := segments.Guard{
		MaxChange: readShares(e.Get("max_change"), own), MaxGrowth: readShares(e.Get("max_growth"), own), MaxShrink: readShares(e.Get("max_shrink"), own),
		After: e.Get("after").Int(),
	}
	if change := e.Get("max_change"); change.IsScalar() {
		g.MaxChangeAll = change.Share()
	}
	reportLimitedTwice(e, g.MaxChange)
	if rows := e.Get("min_rows"); rows != nil {
		g.MinRows = map[string]int64{}
		for _, item := range rows.Items() {
			own.ReferKey(rows, item.Key(), "segment of this export")
			g.MinRows[item.Key()] = int64(item.Int())
		}
	}
	return g
}

// readShares reads a limit by segment. One for all segments is set for each, so
// that 0% (no change allowed) differs from no limit.
func readShares(e *yamldoc.Entry, own *yamldoc.Names) map[string]float64 {
	if e == nil {
		return nil
	}
	shares := map[string]float64{}
	for _, item := range e.Items() {
		own.ReferKey(e, item.Key(), "segment of this export")
		shares[item.Key()] = item.Share()
	}
	if e.IsScalar() {
		for _, name := range own.List() {
			shares[name] = e.Share()
		}
	}
	return shares
}

// reportLimitedTwice reports segments with a limit for changes of both kinds and
// one for growth or shrink alone.
func reportLimitedTwice(e *yamldoc.Entry, both map[string]float64) {
	for _, key := range []string{"max_growth", "max_shrink"} {
		oneWay := e.Get(key)
		if oneWay.IsScalar() && len(both) > 0 {
			oneWay.Report("max_change limits segments too", "write max_change, or max_growth and max_shrink")
		}
		for _, item := range oneWay.Items() {
			if _, twice := both[item.Key()]; twice {
				item.Report("segment "+yamldoc.Quote(item.Key())+" has a max_change too", "write max_change, or max_growth and max_shrink")
			}
		}
	}
}

// readTimes reads how the files of an export write times.
func (r *reader) readTimes(e *yamldoc.Entry) segments.TimeOptions {
	o := segments.TimeOptions{Form: map[string]segments.TimeForm{"seconds": segments.Seconds, "full": segments.FullTime, "date": segments.DateOnly}[e.Get("times").Text()]}
	if e.Get("zone").Text() == "local" {
		o.Zone = r.timezone
	}
	return o
}

// readCSV reads the options of CSV files.
func readCSV(e *yamldoc.Entry) segments.CSVOptions {
	return segments.CSVOptions{
		Spreadsheet:   e.Get("profile").Text() == "spreadsheet",
		Delimiter:     characters[e.Get("delimiter").Text()],
		ListSeparator: characters[e.Get("lists").Text()],
	}
}
