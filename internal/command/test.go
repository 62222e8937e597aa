package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/ruletest"
	"winnow/internal/config"
	"winnow/segments"
)

// testCommand tries the rules in made-up lives.
type testCommand struct {
	Files   []string `arg:"" name:"file" help:"Files of rule tests."`
	Pick    string   `name:"run" placeholder:"REGEXP" help:"Only the tests whose name matches."`
	Verbose bool     `short:"v" help:"List the tests that passed too."`
}

// tested is what test prints as JSON.
type tested struct {
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Tests    []testedCase      `json:"tests"`
	Coverage ruletest.Coverage `json:"coverage"`
	Problems []config.Problem  `json:"problems"`
}

type testedCase struct {
	File     string             `json:"file"`
	Line     int                `json:"line"`
	Name     string             `json:"name"`
	Passed   bool               `json:"passed"`
	Failures []ruletest.Failure `json:"failures"`
}

// Run tries the tests of all files.
func (x testCommand) Run(c *call) error {
	pick, err := regexp.Compile(x.Pick)
	if err != nil {
		return &usageError{fmt.Errorf("--run %q is not a regular expression: %w", x.Pick, err)}
	}
	cfg, err := c.load(false)
	if err != nil {
		return err
	}
	bench, err := benchOf(cfg)
	if err != nil {
		return err
	}
	cases, err := x.read(c, cfg, bench.Sources)
	if err != nil {
		return err
	}
	cases = slices.DeleteFunc(cases, func(t ruletest.Case) bool { return !pick.MatchString(t.Name) })
	if len(cases) == 0 {
		return fmt.Errorf("no test has a name that matches %q", x.Pick)
	}
	did := tested{Tests: []testedCase{}, Problems: []config.Problem{}}
	for i := range cases {
		result := bench.Run(&cases[i])
		did.add(&result)
		if !c.json {
			x.tell(c, &result)
		}
	}
	did.Coverage = bench.Coverage()
	return x.sum(c, &did)
}

// read reads all files, so that all their problems are told at once.
func (x testCommand) read(c *call, cfg *config.Config, sources []ruletest.Source) ([]ruletest.Case, error) {
	var cases []ruletest.Case
	problems := &config.Problems{}
	var errs []error
	for _, file := range x.Files {
		more, err := config.LoadRuleTests(file, cfg, sources)
		var wrong *config.Problems
		if errors.As(err, &wrong) {
			problems.List = append(problems.List, wrong.List...)
		} else {
			errs = append(errs, err)
		}
		cases = append(cases, more...)
	}
	if len(problems.List) > 0 {
		if c.json {
			nothing := tested{Tests: []testedCase{}, Coverage: ruletest.Coverage{Rules: []string{}, Codes: []ruletest.Code{}}, Problems: problems.List}
			return nil, errors.Join(append(errs, c.printJSON(nothing), errNo)...)
		}
		errs = append(errs, problems)
	}
	return cases, errors.Join(errs...)
}

func (d *tested) add(r *ruletest.Result) {
	t := testedCase{File: r.Case.File, Line: r.Case.Line, Name: r.Case.Name, Passed: r.Passed(), Failures: r.Failures}
	if t.Passed {
		d.Passed++
		t.Failures = []ruletest.Failure{}
	} else {
		d.Failed++
	}
	d.Tests = append(d.Tests, t)
}

// sum prints what came of all tests.
func (x testCommand) sum(c *call, did *tested) error {
	var no error
	if did.Failed > 0 {
		no = errNo
	}
	if c.json {
		return errors.Join(c.printJSON(did), no)
	}
	fmt.Fprintf(c.Stdout, "%s: %s passed", plural(int64(len(did.Tests)), "test"), grouped(int64(did.Passed)))
	if did.Failed > 0 {
		fmt.Fprintf(c.Stdout, ", %s failed", grouped(int64(did.Failed)))
	}
	fmt.Fprintln(c.Stdout)
	if x.Pick == "" { // of a few tests it would say what the others do
		c.tellCoverage(&did.Coverage)
	}
	return no
}

func (c *call) tellCoverage(not *ruletest.Coverage) {
	if len(not.Rules) > 0 {
		fmt.Fprintf(c.Stdout, "rules that no test made act: %s\n", strings.Join(not.Rules, ", "))
	}
	var codes []string
	for _, code := range not.Codes {
		codes = append(codes, fmt.Sprintf("%s %s %s", code.Source, code.Event, code.Code))
	}
	if len(codes) > 0 {
		fmt.Fprintf(c.Stdout, "codes that no test sent: %s\n", strings.Join(codes, ", "))
	}
}

// tell prints how one test went: of one that failed what was expected and the
// story of its contact.
func (x testCommand) tell(c *call, r *ruletest.Result) {
	t := r.Case
	if r.Passed() {
		if x.Verbose {
			fmt.Fprintf(c.Stdout, "%s:%d: %s: passed\n", t.File, t.Line, t.Name)
		}
		return
	}
	for _, f := range r.Failures {
		fmt.Fprintf(c.Stdout, "%s:%d: %s: expected %s; found %s\n", t.File, f.Line, t.Name, f.Expected, f.Found)
	}
	var rows [][]string
	for i := range r.Story {
		rows = append(rows, sceneRows(&r.Story[i])...)
	}
	if len(rows) > 0 {
		fmt.Fprintln(c.Stdout)
		table(c.Stdout, abridged(rows))
	}
	fmt.Fprintln(c.Stdout)
}

// sceneRows is one thing that happened, and below it what came of it.
func sceneRows(s *ruletest.Scene) [][]string {
	rows := [][]string{{"  " + s.String(), s.What}}
	for _, n := range s.Notes {
		text := n.Text
		if n.Rule != "" {
			text = n.Rule + ": " + text
		}
		rows = append(rows, []string{"", "  " + text})
	}
	return rows
}

// How much of a long story is told: how it began, and what came last.
const (
	storyBegins = 8
	storyEnds   = 40
)

func abridged(rows [][]string) [][]string {
	left := len(rows) - storyBegins - storyEnds
	if left <= 1 {
		return rows
	}
	gap := []string{"  …", plural(int64(left), "more line")}
	return slices.Concat(rows[:storyBegins], [][]string{gap}, rows[len(rows)-storyEnds:])
}

// benchOf is where the tests of a config are tried.
func benchOf(cfg *config.Config) (*ruletest.Bench, error) {
	byName, err := readers(cfg)
	if err != nil {
		return nil, err
	}
	b := &ruletest.Bench{Policy: cfg.Policy}
	b.Membership = func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) (bool, error) {
		return membership(cfg.Segments, c, lists, at).In(segment)
	}
	b.WhyMember = func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) hygiene.Phrase {
		f, err := membership(cfg.Segments, c, lists, at).Explain(segment)
		if err != nil {
			return hygiene.Phrase{err.Error()}
		}
		return f.Why
	}
	for _, s := range cfg.Sources {
		b.Sources = append(b.Sources, ruletest.Source{Name: s.Name, Reader: byName[s.Name], Table: byName[s.Name].Lines()})
	}
	return b, nil
}

// onLists is the static lists that the contact of a test is on.
type onLists []string

// InList implements [segments.Lists].
func (l onLists) InList(list, _ string) (bool, error) { return slices.Contains(l, list), nil }

// membership asks the segments themselves about the contact of a test.
func membership(all []segments.Segment, c *hygiene.Contact, lists []string, at hygiene.Instant) *segments.Membership {
	m := segments.NewMembership(all, onLists(lists), at)
	m.Turn(c)
	return m
}
