package pagedata

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/exports"
	"winnow/internal/ui"
	"winnow/segments"
)

// weekDays is how far back the page compares the counts of contacts.
const weekDays = 7

// Overview adds to the page what the store and the files of runs have, none of which takes
// a pass. The totals are there already.
func (s *Source) Overview(p *view.Overview) error {
	before, ok, err := s.Store.CountsBefore(p.At, weekDays)
	if ok {
		p.Before = &view.EarlierCounts{Day: before.Start, Statuses: before.Statuses}
	}
	cfg := s.Config()
	var published bool
	for i := range cfg.Exports {
		e := &cfg.Exports[i]
		last, known, lastErr := s.Store.LastRun(e.Name, segments.Published, segments.Released)
		latest, _, latestErr := s.Store.LastRun(e.Name)
		err = errors.Join(err, lastErr, latestErr)
		if published = published || known; known && last.AsOf > p.File.AsOf {
			p.File = view.LastFile{Export: e.Name, AsOf: last.AsOf, Late: latest.Status == segments.Held || latest.Status == segments.Failed}
		}
		rows, rowsErr := s.inFiles(cfg, e)
		p.InFiles, err = append(p.InFiles, rows...), errors.Join(err, rowsErr)
	}
	p.Setup = setupOf(cfg, p)
	p.Setup.Published = published
	return err
}

// inFiles are the segments of an export as its last published run has them.
func (s *Source) inFiles(cfg *config.Config, e *segments.Export) (list []view.SegmentInFile, err error) {
	sizes, err := s.Store.SegmentSizes(e.Name)
	visible, visibleErr := s.Store.RunsOf(e.Name, 2, segments.Published, segments.Released)
	var before segments.Manifest
	if len(visible) == 2 {
		before = exports.ManifestOf(s.Exporter().Directories(*e), visible[1])
	}
	for _, name := range e.Segments {
		row := view.SegmentInFile{Export: e.Name, Segment: name, Words: wordsOf(cfg, name)}
		for _, size := range sizes[name] {
			switch {
			case size.Held && row.Held == nil && row.Run == "":
				row.Held = &size.Rows
			case size.Held:
			case row.Run == "":
				row.Run, row.Rows = size.Run, size.Rows
			case row.Change == nil:
				row.Change = new(row.Rows - size.Rows)
			}
		}
		for _, f := range before.Files {
			if f.Segment == name && f.Kind == segments.Full && row.Run != "" && row.Change == nil {
				row.Change = new(row.Rows - f.Rows)
			}
		}
		list = append(list, row)
	}
	return list, errors.Join(err, visibleErr)
}

// wordsOf says who is in a segment.
func wordsOf(cfg *config.Config, name string) string {
	at := slices.IndexFunc(cfg.Segments, func(s segments.Segment) bool { return s.Name == name })
	if at < 0 {
		return ""
	}
	return cfg.Segments[at].Words()
}

// setupOf is how far the setting up is, apart from exports.
func setupOf(cfg *config.Config, p *view.Overview) (setup view.Setup) {
	for i := range cfg.Sources {
		source := &cfg.Sources[i]
		setup.Callbacks = append(setup.Callbacks, view.Callback{Source: source.Name, URL: callbackURL(cfg), Try: tryCommand(cfg, source)})
	}
	if len(cfg.Exports) > 0 {
		setup.Export = cfg.Exports[0].Name
	}
	setup.Received = p.Events > 0
	setup.Matched = p.Events > 0 && p.Contacts > 0 && p.Unmatched+p.Sweep.Lag < p.Events
	return setup
}

// callbackURL is where a provider calls, with a word in place of the token, and of the
// host where winnow does not know its own.
func callbackURL(cfg *config.Config) string {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return ""
	}
	scheme, suffix := "https", ""
	if cfg.TLS != nil && port != "443" {
		suffix = ":" + port
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "HOST"
	}
	return fmt.Sprintf("%s://%s%s/callbacks/TOKEN", scheme, host, suffix)
}

// tryCommand sends a callback as the provider does, from this machine. It is known for
// presets whose callbacks are one JSON object that names the contact.
func tryCommand(cfg *config.Config, source *config.Source) string {
	_, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil || cfg.TLS != nil || source.Preset != "insider" || source.Contact == "" {
		return ""
	}
	steps := strings.Split(source.Contact, ".")
	contact := strconv.Quote("test-1")
	for i := len(steps) - 1; i >= 0; i-- {
		contact = fmt.Sprintf("%q:%s", steps[i], contact)
		if i > 0 {
			contact = "{" + contact + "}"
		}
	}
	body := fmt.Sprintf(`{"id":"test-1",%s,"event":"delivered"}`, contact)
	return "curl -d " + ui.ShellQuote(body) + " http://127.0.0.1:" + port + "/callbacks/TOKEN"
}
