package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/ruletest"
)

// MaxTests is the most bytes that a file of rule tests may have.
const MaxTests = 8 << 20

// LoadRuleTests reads and checks the file of rule tests at path, for this config
// and its sources as the tests know them. The error is a [*Problems] when the
// file could be read and something in it is wrong.
func LoadRuleTests(path string, c *Config, sources []ruletest.Source) ([]ruletest.Case, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: name the files in it, like %s", path, filepath.Join(path, "*.yaml"))
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxTests+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxTests {
		return nil, fmt.Errorf("%s is larger than 8 MiB: split it into several files of tests", path)
	}
	return ParseRuleTests(path, text, c, sources)
}

// ParseRuleTests checks the text of a file of rule tests. path names it in
// problems, and files of callbacks are relative to its folder. The error is a
// [*Problems].
func ParseRuleTests(path string, text []byte, c *Config, sources []ruletest.Source) ([]ruletest.Case, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	d := &document{file: path, refused: map[*yaml.Node]bool{}}
	t := &testReader{
		reader:   &reader{walker: &walker{document: d, lookup: os.LookupEnv}, folder: folder},
		config:   c,
		accounts: sources,
		bodies:   map[*yaml.Node]*yaml.Node{},
	}
	root := d.parse(text)
	if root == nil {
		d.adviseTests()
		return nil, d.err()
	}
	t.learnFrom(c)
	t.lengthen(root)
	cases := t.read(t.walk(&place{index: -1, at: root, node: root}, ruleTestFile, false))
	if err := d.err(); err != nil {
		return nil, err
	}
	return cases, nil
}

// adviseTests gives advice for tests where that for configs was given.
func (d *document) adviseTests() {
	for i := range d.problems {
		switch p := &d.problems[i]; {
		case strings.Contains(p.Hint, "config.example.yaml"):
			p.Hint = "write tests: and below it a list of them"
		case strings.Contains(p.Hint, "a config is one document"):
			p.Hint = "take the line --- out"
		}
	}
}

// testReader reads rule tests. What they name must be known to the config.
type testReader struct {
	*reader
	config   *Config
	accounts []ruletest.Source
	bodies   map[*yaml.Node]*yaml.Node // what stands at body, by what was put in its place

	rules, lists, attributes, codes names
}

func (t *testReader) read(e *entry) []ruletest.Case {
	list := e.get("tests")
	t.define("test", list)
	t.learnByHand(list)
	var cases []ruletest.Case
	for _, item := range list.each() {
		cases = append(cases, t.readCase(item))
	}
	return cases
}

func (t *testReader) readCase(e *entry) ruletest.Case {
	c := ruletest.Case{File: t.file, Line: e.place.node.Line, Name: e.get("name").words()}
	c.Contact = t.readContact(e)
	for _, list := range e.get("lists").each() {
		c.Lists = append(c.Lists, t.refer(list, "list", &t.lists))
	}
	for _, event := range e.get("events").each() {
		c.Steps = append(c.Steps, t.readStep(event, c.Steps))
	}
	t.countSteps(e.get("events"), c.Steps)
	for _, item := range e.get("expect").each() {
		c.Expect = append(c.Expect, t.readExpectation(item))
	}
	for _, item := range e.get("never").each() {
		c.Never = append(c.Never, t.readExpectation(item))
	}
	if !e.has("expect") && !e.has("never") && !e.flawed {
		t.at(e.place.at, e.place, "this test expects nothing", "write expect: [{at: 4h, status: retry}], or never: suppressed")
	}
	return c
}

func (t *testReader) readContact(e *entry) hygiene.Contact {
	var c hygiene.Contact
	var err error
	if key := e.get("contact"); key != nil {
		if c.Key, err = t.config.Keys.Normalize(key.text); err != nil {
			t.tellAt(key, err.Error(), "")
		}
	}
	if phone := e.get("phone"); phone != nil {
		if c.Phone, err = hygiene.ParsePhone(phone.text, t.config.Keys.Region); err != nil {
			t.tellAt(phone, err.Error(), "")
		}
	}
	for _, a := range e.get("attributes").each() {
		name := a.place.word
		if meant := nearest(name, t.attributes.list, reach(name)); meant != "" && !t.attributes.has(name) {
			t.at(a.place.at, a.place.parent, "no rule and no segment asks for the attribute "+quote(name), fmt.Sprintf("did you mean %q?", meant))
		}
		c.Attributes = c.Attributes.With(name, a.scalar)
	}
	return c
}

// countSteps refuses more events than a test may have.
func (t *testReader) countSteps(e *entry, steps []ruletest.Step) {
	n := 0
	for i := range steps {
		n += steps[i].Repeat
	}
	if n > ruletest.MostEvents {
		t.tellAt(e, fmt.Sprintf("these are %d events, a test may have %d", n, ruletest.MostEvents), "")
	}
}

// readStep reads one thing that happens.
func (t *testReader) readStep(e *entry, before []ruletest.Step) ruletest.Step {
	s := ruletest.Step{Line: e.place.node.Line, Repeat: 1, Every: e.get("every").duration()}
	switch at := e.get("at"); {
	case at != nil:
		s.At = at.span
	case len(before) > 0:
		s.At = before[len(before)-1].Last()
	}
	t.readRepeat(e, &s)
	switch t.kindOfStep(e) {
	case "outcome":
		s.Event = t.readOutcome(e)
	case "event":
		s.Event = t.readEvent(e)
	case "body":
		s.Callback = &ruletest.Callback{Source: t.source(e).Name, Body: t.body(e.get("body"))}
	case "file":
		s.Callback = &ruletest.Callback{Source: t.source(e).Name, Body: t.callbackFile(e.get("file"))}
	case "suppress":
		s.Told = t.readSuppress(e.get("suppress"), &s)
	case "allow":
		s.Told = t.readAllow(e.get("allow"))
	}
	return s
}

func (t *testReader) readRepeat(e *entry, s *ruletest.Step) {
	if repeat := e.get("repeat"); repeat != nil {
		s.Repeat = int(repeat.number)
	}
	const century = 100 * 365 * hygiene.Day
	switch {
	case e.has("every") && !e.has("repeat"):
		t.tellKey(e, "every", `"every" does not stand alone`, "write repeat: 3 beside it")
	case e.has("repeat") && !e.has("every"):
		t.tellKey(e, "repeat", `"every" is missing`, "write how far apart they are, like every: 1d")
	case s.Repeat > 1 && s.Every > (century-s.At)/time.Duration(s.Repeat-1):
		t.tellKey(e, "repeat", "the last of these is more than 100 years away", "")
		s.Repeat = 1
	}
}

// stepKinds are the keys of an event that say what happens, and the keys that
// may stand beside each.
var stepKinds = []struct{ key, beside string }{
	{"outcome", "code id source"}, {"event", "code id source"}, {"body", "source"}, {"file", "source"}, {"suppress", ""}, {"allow", ""},
}

// kindOfStep is the one key that says what happens; empty when it is not told
// or its value is wrong.
func (t *testReader) kindOfStep(e *entry) string {
	kind, beside := "", ""
	for _, k := range stepKinds {
		switch {
		case !e.has(k.key):
		case kind == "":
			kind, beside = k.key, k.beside
		default:
			t.tellKey(e, k.key, fmt.Sprintf("%q and %q are two events", kind, k.key), "write them one after the other")
			return ""
		}
	}
	if kind == "" && !e.flawed {
		t.at(e.place.at, e.place, "nothing happens here", "write outcome, event, body, file, suppress or allow")
	}
	for _, key := range []string{"code", "id", "source"} {
		if kind != "" && e.has(key) && !slices.Contains(strings.Fields(beside), key) {
			t.tellKey(e, key, fmt.Sprintf("%q does not go with %q", key, kind), "")
		}
	}
	if e.get(kind) == nil {
		return ""
	}
	return kind
}

// source is the account that an event is of.
func (t *testReader) source(e *entry) ruletest.Source {
	named := t.refer(e.get("source"), "source", &t.sources)
	for _, s := range t.accounts {
		if s.Name == named {
			return s
		}
	}
	if len(t.accounts) > 0 {
		return t.accounts[0]
	}
	if !e.has("outcome") {
		t.at(e.place.at, e.place, "the config has no source that could send this", "write outcome: instead")
	}
	return ruletest.Source{Name: named}
}

// readOutcome is an event in winnow's word. Its code must be one that the
// source or a rule knows.
func (t *testReader) readOutcome(e *entry) *hygiene.Event {
	source := t.source(e)
	event := &hygiene.Event{Source: source.Name, MessageID: e.get("id").words(), Code: e.get("code").words()}
	event.Outcome, _ = hygiene.ParseOutcome(e.get("outcome").text)
	if event.Code != "" && !t.knowsCode(source, event.Code) {
		text, hint := unknown("code", event.Code, t.codesOf(source, ""))
		if len(source.Table) == 0 {
			hint = "neither the outcomes of " + source.Name + " nor a rule names it"
		}
		t.tellAt(e.get("code"), text, hint)
	}
	return event
}

// knowsCode tells whether the source's outcomes or a rule name the code.
func (t *testReader) knowsCode(source ruletest.Source, code string) bool {
	for _, s := range t.config.Sources {
		if s.Name != source.Name {
			continue
		}
		if m, err := provider.MeaningsOf(s.Preset, s.Outcomes); err == nil && m.Of(code) != 0 {
			return true
		}
	}
	return t.codes.has(code)
}

// readEvent is an event in the provider's word, which the source's table must
// know.
func (t *testReader) readEvent(e *entry) *hygiene.Event {
	source := t.source(e)
	event := &hygiene.Event{Source: source.Name, MessageID: e.get("id").words(), Name: e.get("event").text, Code: e.get("code").words()}
	if source.Reader == nil {
		return event
	}
	event.Outcome = source.Reader.Outcome(event.Name, event.Code)
	if event.Outcome != hygiene.Unrecognized || inTable(source, eventWord(event.Name), event.Code) {
		return event
	}
	t.unknownEvent(e, source, event)
	return event
}

// unknownEvent tells which part of an event the source's table does not know.
func (t *testReader) unknownEvent(e *entry, source ruletest.Source, event *hygiene.Event) {
	const instead = "what the config does not know is sent as a body"
	known := t.codesOf(source, eventWord(event.Name))
	switch {
	case len(source.Table) == 0:
		t.tellAt(e.get("event"), "the outcomes of "+source.Name+" do not know this event and code", instead)
	case len(known) == 0:
		text, hint := unknown("event", event.Name, wordsOf(source))
		t.tellAt(e.get("event"), text+" of "+source.Name, hint+" ("+instead+")")
	case event.Code == "":
		t.tellAt(e.get("event"), quote(event.Name)+" says nothing without a code", "known: "+strings.Join(known, ", "))
	default:
		text, hint := unknown("code", event.Code, known)
		t.tellAt(e.get("code"), text+" of "+quote(event.Name), hint+" ("+instead+")")
	}
}

func (t *testReader) readSuppress(e *entry, s *ruletest.Step) *hygiene.Instruction {
	in := &hygiene.Instruction{Kind: hygiene.Suppress, Hand: hygiene.ByOperator, Reason: e.get("reason").words(), By: "operator", Note: e.get("note").words()}
	if until := e.get("until"); until != nil {
		in.Until = ruletest.Start.Add(until.span)
		if until.span <= s.Last() {
			t.tellAt(until, "this suppression would be over already", "until is counted from the start of the test, like at")
		}
	}
	return in
}

func (t *testReader) readAllow(e *entry) *hygiene.Instruction {
	return &hygiene.Instruction{Kind: hygiene.Allow, Reason: t.reason(e.get("reason")), By: "operator", Note: e.get("note").words()}
}
