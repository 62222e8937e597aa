// Package testrun runs the rule tests of files under a config, and prints how they went.
package testrun

import (
	"errors"
	"fmt"
	"io"
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

// Options say which tests are run.
type Options struct {
	Files   []string
	Pick    *regexp.Regexp // the names of the tests; empty for all
	Verbose bool           // list the tests that passed too
}

// report is what a run of tests prints as JSON.
type report struct {
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Tests    []result          `json:"tests"`
	Coverage ruletest.Coverage `json:"coverage"`
	Problems []yamldoc.Problem `json:"problems"`
}

type result struct {
	File     string             `json:"file"`
	Line     int                `json:"line"`
	Name     string             `json:"name"`
	Passed   bool               `json:"passed"`
	Failures []ruletest.Failure `json:"failures"`
}

// Run runs the tests of all files, and prints how they went.
func Run(out *ui.Printer, cfg *config.Config, o Options) error {
	bench, err := app.RuleTests(cfg)
	if err != nil {
		return err
	}
	cases, err := o.read(out, cfg, bench.Sources)
	if err != nil {
		return err
	}
	cases = slices.DeleteFunc(cases, func(t ruletest.Case) bool { return !o.Pick.MatchString(t.Name) })
	if len(cases) == 0 {
		return fmt.Errorf("no test name matches %q", o.Pick)
	}
	all := report{Tests: []result{}, Problems: []yamldoc.Problem{}}
	for i := range cases {
		r := bench.Run(&cases[i])
		all.add(&r)
		if !out.JSON {
			o.printResult(out.Stdout, &r)
		}
	}
	all.Coverage = bench.Coverage()
	if out.JSON {
		err = out.PrintJSON(all)
	} else {
		o.printSummary(out.Stdout, &all)
	}
	if all.Failed > 0 {
		err = errors.Join(err, ui.ErrReported)
	}
	return err
}

// read reads the tests of all files. The error has the problems of all of them; as
// JSON, they are printed.
func (o Options) read(out *ui.Printer, cfg *config.Config, sources []ruletest.Source) ([]ruletest.Case, error) {
	var cases []ruletest.Case
	all := &yamldoc.Problems{}
	var errs []error
	for _, file := range o.Files {
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
		if out.JSON {
			r := report{Tests: []result{}, Coverage: ruletest.Coverage{Rules: []string{}, Codes: []ruletest.Code{}}, Problems: all.List}
			return nil, errors.Join(append(errs, out.PrintJSON(r), ui.ErrReported)...)
		}
		errs = append(errs, all)
	}
	return cases, errors.Join(errs...)
}

func (p *report) add(r *ruletest.Result) {
	t := result{File: r.Case.File, Line: r.Case.Line, Name: r.Case.Name, Passed: r.Passed(), Failures: r.Failures}
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
func (o Options) printResult(w io.Writer, r *ruletest.Result) {
	t := r.Case
	if r.Passed() {
		if o.Verbose {
			fmt.Fprintf(w, "%s:%d: %s: passed\n", t.File, t.Line, t.Name)
		}
		return
	}
	for _, f := range r.Failures {
		fmt.Fprintf(w, "%s:%d: %s: expected %s; found %s\n", t.File, f.Line, t.Name, f.Expected, f.Found)
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
		fmt.Fprintln(w)
		ui.Table(w, elide(rows))
	}
	fmt.Fprintln(w)
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
func (o Options) printSummary(w io.Writer, p *report) {
	fmt.Fprintf(w, "%s: %s passed", ui.Count(int64(len(p.Tests)), "test"), ui.Number(int64(p.Passed)))
	if p.Failed > 0 {
		fmt.Fprintf(w, ", %s failed", ui.Number(int64(p.Failed)))
	}
	fmt.Fprintln(w)
	if o.Pick.String() != "" { // others may cover it
		return
	}
	if len(p.Coverage.Rules) > 0 {
		fmt.Fprintf(w, "rules that no test triggered: %s\n", strings.Join(p.Coverage.Rules, ", "))
	}
	var codes []string
	for _, code := range p.Coverage.Codes {
		codes = append(codes, fmt.Sprintf("%s %s %s", code.Source, code.Event, code.Code))
	}
	if len(codes) > 0 {
		fmt.Fprintf(w, "codes that no test sent: %s\n", strings.Join(codes, ", "))
	}
}
