package command

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"winnow/hygiene/ruletest"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/testfile"
	"winnow/internal/ui"
	"winnow/internal/yamldoc"
)

// testCommand runs rule tests.
type testCommand struct {
	Files   []string `arg:"" name:"file" help:"Files of rule tests."`
	Pick    string   `name:"run" placeholder:"REGEXP" help:"Run only the tests whose name matches."`
	Verbose bool     `short:"v" help:"List the tests that passed too."`
}

// testReport is what test prints as JSON.
type testReport struct {
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Tests    []testResult      `json:"tests"`
	Coverage ruletest.Coverage `json:"coverage"`
	Problems []yamldoc.Problem `json:"problems"`
}

type testResult struct {
	File     string             `json:"file"`
	Line     int                `json:"line"`
	Name     string             `json:"name"`
	Passed   bool               `json:"passed"`
	Failures []ruletest.Failure `json:"failures"`
}

// Run runs the tests of all files, and prints how they went.
func (x testCommand) Run(c *invocation) error {
	pick, err := regexp.Compile(x.Pick)
	if err != nil {
		return ui.Usagef("--run %q is not a regular expression: %w", x.Pick, err)
	}
	cfg, err := c.load()
	if err != nil {
		return err
	}
	bench, err := app.RuleTests(cfg)
	if err != nil {
		return err
	}
	cases, err := x.read(c, cfg, bench.Sources)
	if err != nil {
		return err
	}
	cases = slices.DeleteFunc(cases, func(t ruletest.Case) bool { return !pick.MatchString(t.Name) })
	if len(cases) == 0 {
		return fmt.Errorf("no test name matches %q", x.Pick)
	}
	report := testReport{Tests: []testResult{}, Problems: []yamldoc.Problem{}}
	for i := range cases {
		result := bench.Run(&cases[i])
		report.add(&result)
		if !c.JSON {
			x.printResult(c, &result)
		}
	}
	report.Coverage = bench.Coverage()
	if c.JSON {
		err = c.PrintJSON(report)
	} else {
		x.printSummary(c, &report)
	}
	if report.Failed > 0 {
		err = errors.Join(err, ui.ErrReported)
	}
	return err
}

// read reads the tests of all files. The error has the problems of all of them; as
// JSON, they are printed.
func (x testCommand) read(c *invocation, cfg *config.Config, sources []ruletest.Source) ([]ruletest.Case, error) {
	var cases []ruletest.Case
	all := &yamldoc.Problems{}
	var errs []error
	for _, file := range x.Files {
		more, err := testfile.Load(file, cfg, sources)
		var problems *yamldoc.Problems
		if errors.As(err, &problems) {
			all.List = append(all.List, problems.List...)
		} else {
			errs = append(errs, err)
		}
		cases = append(cases, more...)
	}
	if len(all.List) > 0 {
		if c.JSON {
			report := testReport{Tests: []testResult{}, Coverage: ruletest.Coverage{Rules: []string{}, Codes: []ruletest.Code{}}, Problems: all.List}
			return nil, errors.Join(append(errs, c.PrintJSON(report), ui.ErrReported)...)
		}
		errs = append(errs, all)
	}
	return cases, errors.Join(errs...)
}

func (p *testReport) add(r *ruletest.Result) {
	t := testResult{File: r.Case.File, Line: r.Case.Line, Name: r.Case.Name, Passed: r.Passed(), Failures: r.Failures}
	if t.Passed {
		p.Passed++
		t.Failures = []ruletest.Failure{}
	} else {
		p.Failed++
	}
	p.Tests = append(p.Tests, t)
}

// printResult prints how one test went: if it failed, what was expected, and what
// happened to its contact.
func (x testCommand) printResult(c *invocation, r *ruletest.Result) {
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
	for i := range r.Timeline {
		s := &r.Timeline[i]
		rows = append(rows, []string{"  " + s.String(), s.What})
		for _, n := range s.Notes {
			text := n.Text
			if n.Rule != "" {
				text = n.Rule + ": " + text
			}
			rows = append(rows, []string{"", "  " + text})
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(c.Stdout)
		ui.Table(c.Stdout, elide(rows))
	}
	fmt.Fprintln(c.Stdout)
}

// How many rows of a long story are printed: its beginning and its end.
const (
	firstRows = 8
	lastRows  = 40
)

// elide leaves out the middle of a long story.
func elide(rows [][]string) [][]string {
	omitted := len(rows) - firstRows - lastRows
	if omitted <= 1 {
		return rows
	}
	gap := []string{"  …", ui.Count(int64(omitted), "more line")}
	return slices.Concat(rows[:firstRows], [][]string{gap}, rows[len(rows)-lastRows:])
}

// printSummary prints the counts and, if all tests were run, what no test covers.
func (x testCommand) printSummary(c *invocation, p *testReport) {
	fmt.Fprintf(c.Stdout, "%s: %s passed", ui.Count(int64(len(p.Tests)), "test"), ui.Number(int64(p.Passed)))
	if p.Failed > 0 {
		fmt.Fprintf(c.Stdout, ", %s failed", ui.Number(int64(p.Failed)))
	}
	fmt.Fprintln(c.Stdout)
	if x.Pick != "" { // others may cover it
		return
	}
	if len(p.Coverage.Rules) > 0 {
		fmt.Fprintf(c.Stdout, "rules that no test triggered: %s\n", strings.Join(p.Coverage.Rules, ", "))
	}
	var codes []string
	for _, code := range p.Coverage.Codes {
		codes = append(codes, fmt.Sprintf("%s %s %s", code.Source, code.Event, code.Code))
	}
	if len(codes) > 0 {
		fmt.Fprintf(c.Stdout, "codes that no test sent: %s\n", strings.Join(codes, ", "))
	}
}
