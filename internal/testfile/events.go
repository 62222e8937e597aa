package testfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/ruletest"
	"winnow/internal/yamldoc"
)

// countSteps reports more events than a test can have.
func countSteps(e *yamldoc.Entry, steps []ruletest.Step) {
	n := 0
	for i := range steps {
		n += steps[i].Repeat
	}
	if n > ruletest.MaxEvents {
		e.Report(fmt.Sprintf("%d events are too many; a test can have %d", n, ruletest.MaxEvents), "")
	}
}

// readStep reads an event, a callback, or a manual action.
func (r *reader) readStep(e *yamldoc.Entry, before []ruletest.Step) ruletest.Step {
	s := ruletest.Step{Line: e.Line(), Repeat: 1, Every: e.Get("every").Duration()}
	switch at := e.Get("at"); {
	case at != nil:
		s.At = at.Duration()
	case len(before) > 0:
		s.At = before[len(before)-1].Last()
	}
	readRepeat(e, &s)
	switch kindOfStep(e) {
	case "outcome":
		s.Event = r.readOutcome(e)
	case "event":
		s.Event = r.readEvent(e)
	case "body":
		s.Callback = &ruletest.Callback{Source: r.readSource(e).Name, Body: readBody(e.Get("body"))}
	case "file":
		s.Callback = &ruletest.Callback{Source: r.readSource(e).Name, Body: r.readBodyFile(e.Get("file"))}
	case "suppress":
		s.Instruction = readSuppress(e.Get("suppress"), &s)
	case "allow":
		s.Instruction = r.readAllow(e.Get("allow"))
	}
	return s
}

func readRepeat(e *yamldoc.Entry, s *ruletest.Step) {
	if repeat := e.Get("repeat"); repeat != nil {
		s.Repeat = repeat.Int()
	}
	const century = 100 * 365 * hygiene.Day
	switch {
	case e.Has("every") && !e.Has("repeat"):
		e.ReportKey("every", `"every" needs "repeat"`, "add repeat: 3")
	case e.Has("repeat") && !e.Has("every"):
		e.ReportKey("repeat", `"repeat" needs "every"`, "add the time between two of them, like every: 1d")
	case s.Repeat > 1 && s.Every > (century-s.At)/time.Duration(s.Repeat-1):
		e.ReportKey("repeat", "the last of these is more than 100 years after the start", "")
		s.Repeat = 1
	}
}

// stepKinds are the keys of an event that say what happens, and the keys that each
// can be combined with.
var stepKinds = []struct {
	key  string
	with []string
}{
	{"outcome", []string{"code", "id", "source"}},
	{"event", []string{"code", "id", "source"}},
	{"body", []string{"source"}},
	{"file", []string{"source"}},
	{"suppress", nil},
	{"allow", nil},
}

// kindOfStep is the key that says what happens; empty when there is none or its value
// is invalid.
func kindOfStep(e *yamldoc.Entry) string {
	kind := ""
	var with []string
	for _, k := range stepKinds {
		switch {
		case !e.Has(k.key):
		case kind == "":
			kind, with = k.key, k.with
		default:
			e.ReportKey(k.key, fmt.Sprintf("%q and %q are two events", kind, k.key), "write them as two items")
			return ""
		}
	}
	if kind == "" {
		if e.Valid() {
			e.ReportWhole("no event is set", "write one of outcome, event, body, file, suppress, allow")
		}
		return ""
	}
	for _, key := range []string{"code", "id", "source"} {
		if e.Has(key) && !slices.Contains(with, key) {
			e.ReportKey(key, fmt.Sprintf("%q cannot be combined with %q", key, kind), "")
		}
	}
	if e.Get(kind) == nil {
		return ""
	}
	return kind
}

// readSource reads the account that an event comes from.
func (r *reader) readSource(e *yamldoc.Entry) ruletest.Source {
	named := r.sources.Refer(e.Get("source"), "source")
	for _, s := range r.accounts {
		if s.Name == named {
			return s
		}
	}
	if len(r.accounts) > 0 {
		return r.accounts[0]
	}
	if !e.Has("outcome") {
		e.ReportWhole("the config has no source that could send this", "use outcome instead")
	}
	return ruletest.Source{Name: named}
}

// readOutcome reads an event by winnow's outcome. Its code must be one that the
// source or a rule knows.
func (r *reader) readOutcome(e *yamldoc.Entry) *hygiene.Event {
	source := r.readSource(e)
	event := &hygiene.Event{Source: source.Name, MessageID: e.Get("id").Text(), Code: e.Get("code").Text()}
	event.Outcome, _ = hygiene.ParseOutcome(e.Get("outcome").Text())
	if event.Code != "" && !r.knowsCode(source, event.Code) {
		text, hint := yamldoc.Unknown("code", event.Code, r.codesOf(source, ""))
		if len(source.Lines) == 0 {
			hint = "neither the outcomes of " + source.Name + " nor a rule has it"
		}
		e.Get("code").Report(text, hint)
	}
	return event
}

// knowsCode reports whether the source's outcomes or a rule have the code.
func (r *reader) knowsCode(source ruletest.Source, code string) bool {
	for _, s := range r.config.Sources {
		if s.Name != source.Name {
			continue
		}
		if s.Table().ForCode(code) != 0 {
			return true
		}
	}
	return r.codes.Has(code)
}

// readEvent reads an event by the provider's name, which the source's table must
// have.
func (r *reader) readEvent(e *yamldoc.Entry) *hygiene.Event {
	source := r.readSource(e)
	event := &hygiene.Event{Source: source.Name, MessageID: e.Get("id").Text(), Name: e.Get("event").Text(), Code: e.Get("code").Text()}
	if source.Reader == nil {
		return event
	}
	event.Outcome = source.Reader.Outcome(event.Name, event.Code)
	if event.Outcome == hygiene.Unrecognized && !inTable(source, provider.NormalizeEvent(event.Name), event.Code) {
		r.reportUnknownEvent(e, source, event)
	}
	return event
}

// reportUnknownEvent reports the part of an event that the source's table lacks.
func (r *reader) reportUnknownEvent(e *yamldoc.Entry, source ruletest.Source, event *hygiene.Event) {
	const instead = "to send what the config does not know, use body"
	known := r.codesOf(source, provider.NormalizeEvent(event.Name))
	switch {
	case len(source.Lines) == 0:
		e.Get("event").Report("the outcomes of "+source.Name+" have no line for this event and code", instead)
	case len(known) == 0:
		text, hint := yamldoc.Unknown("event", event.Name, wordsOf(source))
		e.Get("event").Report(text+" of "+source.Name, hint+" ("+instead+")")
	case event.Code == "":
		e.Get("event").Report(yamldoc.Quote(event.Name)+" needs a code", "known: "+strings.Join(known, ", "))
	default:
		text, hint := yamldoc.Unknown("code", event.Code, known)
		e.Get("code").Report(text+" of "+yamldoc.Quote(event.Name), hint+" ("+instead+")")
	}
}

// readBody reads a callback: keys and values become JSON, text is sent as it is.
func readBody(e *yamldoc.Entry) []byte {
	if !e.IsScalar() {
		return e.JSON()
	}
	if !e.IsText() {
		e.Report("expected keys and values, or raw text in quotes, found "+e.KindName(), "")
	}
	return []byte(e.Text())
}

// maxBody is the limit for a callback file, in bytes.
const maxBody = 1 << 20

// readBodyFile reads a callback from a file.
func (r *reader) readBodyFile(e *yamldoc.Entry) []byte {
	path := e.Text()
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.folder, path)
	}
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		var content []byte
		if content, err = io.ReadAll(io.LimitReader(f, maxBody+1)); err == nil {
			if len(content) > maxBody {
				e.Report(yamldoc.Quote(e.Text())+" is larger than 1 MiB, the limit for a callback", "")
			}
			return content
		}
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	e.Report("cannot read "+yamldoc.Quote(e.Text())+": "+err.Error(), "the path is relative to this file")
	return nil
}

func readSuppress(e *yamldoc.Entry, s *ruletest.Step) *hygiene.Instruction {
	in := &hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: e.Get("reason").Text(), By: "operator", Note: e.Get("note").Text()}
	if until := e.Get("until"); until != nil {
		in.Until = ruletest.Start.Add(until.Duration())
		if until.Duration() <= s.Last() {
			until.Report("this suppression would already be over", "until is counted from the start of the test, like at")
		}
	}
	return in
}

func (r *reader) readAllow(e *yamldoc.Entry) *hygiene.Instruction {
	return &hygiene.Instruction{Kind: hygiene.Allow, Reason: r.mentionReason(e.Get("reason")), By: "operator", Note: e.Get("note").Text()}
}
