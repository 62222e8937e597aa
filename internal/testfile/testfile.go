// Package testfile reads files of rule tests, and makes checked cases of them for the
// config that they test. Package ruletest defines what a case means, and runs it.
//
// Names in a test must be known to the config: rules, reasons, segments, events of a
// source. With a misspelt name a test would pass or fail for the wrong reason.
//
// To add a key: a field in schema.go, and the line that reads it, in events.go for
// what happens and in expectations.go for what is expected. A test finds a key that
// no code reads.
package testfile

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/ruletest"
	"winnow/internal/config"
	"winnow/internal/suggest"
	"winnow/internal/yamldoc"
)

// MaxSize is the most bytes that a file of rule tests may have.
const MaxSize = 8 << 20

// Load reads and checks the file of rule tests at path, for this config and its
// sources. The error is a [*yamldoc.Problems] when the file can be read and has
// problems.
func Load(path string, c *config.Config, sources []ruletest.Source) ([]ruletest.Case, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: name the files in it, like %s", path, filepath.Join(path, "*.yaml"))
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxSize {
		return nil, fmt.Errorf("%s is larger than 8 MiB; split it into several files of tests", path)
	}
	return Parse(path, text, c, sources)
}

// Parse checks the text of a file of rule tests. path is its name in problems, and
// callback files are relative to its folder. The error is a [*yamldoc.Problems].
func Parse(path string, text []byte, c *config.Config, sources []ruletest.Source) ([]ruletest.Case, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	doc := yamldoc.Read(path, text, file, yamldoc.Options{Env: os.LookupEnv, EmptyHint: "write tests: and a list below it"})
	r := &reader{path: path, folder: folder, config: c, accounts: sources}
	r.defineNames()
	cases := r.read(doc.Root)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return cases, nil
}

// reader turns entries into cases.
type reader struct {
	path, folder string // of the file
	config       *config.Config
	accounts     []ruletest.Source

	rules, reasons, tags, segments, lists, sources, attributes, codes yamldoc.Names
}

func (r *reader) read(e *yamldoc.Entry) []ruletest.Case {
	list := e.Get("tests")
	yamldoc.Define("test", list)
	r.defineReasons(list)
	var cases []ruletest.Case
	for _, item := range list.Items() {
		cases = append(cases, r.readCase(item))
	}
	return cases
}

func (r *reader) readCase(e *yamldoc.Entry) ruletest.Case {
	c := ruletest.Case{File: r.path, Line: e.Line(), Name: e.Get("name").Text()}
	c.Contact = r.readContact(e)
	for _, list := range e.Get("lists").Items() {
		c.Lists = append(c.Lists, r.lists.Refer(list, "list"))
	}
	for _, event := range e.Get("events").Items() {
		c.Steps = append(c.Steps, r.readStep(event, c.Steps))
	}
	countSteps(e.Get("events"), c.Steps)
	for _, item := range e.Get("expect").Items() {
		c.Expect = append(c.Expect, r.readExpectation(item, item.Get("at").Duration()))
	}
	for _, item := range e.Get("never").Items() {
		c.Never = append(c.Never, r.readExpectation(item, 0))
	}
	if !e.Has("expect") && !e.Has("never") && e.Valid() {
		e.ReportWhole("this test expects nothing", "write expect: [{at: 4h, status: retry}], or never: suppressed")
	}
	return c
}

func (r *reader) readContact(e *yamldoc.Entry) hygiene.Contact {
	var c hygiene.Contact
	var err error
	if key := e.Get("contact"); key != nil {
		if c.Key, err = r.config.Keys.Normalize(key.Text()); err != nil {
			key.Report(err.Error(), "")
		}
	}
	if phone := e.Get("phone"); phone != nil {
		if c.Phone, err = contactkey.ParsePhone(phone.Text(), r.config.Keys.Region); err != nil {
			phone.Report(err.Error(), "")
		}
	}
	attributes := e.Get("attributes")
	for _, a := range attributes.Items() {
		if meant := suggest.Nearest(a.Key(), r.attributes.List()); meant != "" && !r.attributes.Has(a.Key()) {
			attributes.ReportKey(a.Key(), "no rule or segment uses the attribute "+yamldoc.Quote(a.Key()), fmt.Sprintf("did you mean %q?", meant))
		}
		c.Attributes = c.Attributes.With(a.Key(), a.Value())
	}
	return c
}
