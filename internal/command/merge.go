package command

import (
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/impact"
	"winnow/internal/imports"
	"winnow/internal/ui"
	"winnow/store"
)

// mergeCommand merges contacts that the CRM joined.
type mergeCommand struct {
	Old       []string `arg:"" optional:"" name:"old" help:"Keys of the contacts that the CRM gave up."`
	Into      string   `placeholder:"NEW" help:"Merge them into the contact of this key; with --file, read it from this column (default: new)."`
	File      string   `placeholder:"FILE" help:"Merge the pairs of this CSV or JSON file; - for stdin."`
	Key       string   `placeholder:"COLUMN" help:"Read the old keys of the file from this column (default: old)."`
	Note      string   `placeholder:"TEXT" help:"Record this note with the change."`
	New       bool     `help:"Merge contacts that are not known as written, although their keys are nearly those of known ones."`
	Rejected  string   `placeholder:"FILE" help:"Write rejected lines of the file to this file, with line number and reason."`
	Apply     bool     `help:"Apply the changes (default: preview only)."`
	textFlags `embed:""`
}

// Help says what merging does.
func (mergeCommand) Help() string {
	return `History, suppressions, lists and pins become those of the new contact. Its own phone and attributes stay, and those that
it lacks come from the old one. What suppressed one of the two suppresses both, and a pin that leaves a contact out of a
segment stands. The old key names the new contact from then on, in callbacks, imports, commands and the API.

winnow undo --batch N parts them again. What came in meanwhile goes to the contact by whose key it came, and opt-outs
stay on both.`
}

// Run previews the merge, or applies it.
func (x mergeCommand) Run(c *invocation) error {
	switch {
	case x.File != "" && len(x.Old) > 0, x.File == "" && (len(x.Old) == 0 || x.Into == ""):
		return ui.Usagef("merge needs the old key and the new one: winnow merge OLD --into NEW; or --file FILE with the columns old and new")
	case x.File == "" && x.Rejected+x.Key != "":
		return ui.Usagef("--key and --rejected are for the lines of --file")
	}
	o := impact.MergeOptions{By: app.Operator(), Note: x.Note, New: x.New, Apply: x.Apply}
	if x.File != "" {
		in := imports.Options{File: x.File, Stdin: c.process.Stdin, Rejected: x.Rejected, Key: x.Key, Into: x.Into, Apply: x.Apply, Config: c.config, Now: c.now}
		if err := x.addTo(&in); err != nil {
			return err
		}
		return c.open(previewUnless(x.Apply), func(a *app.App) error {
			ops, _ := c.operations(a, "pair")
			return imports.Merges(c.ctx, c.Printer, a, ops, in, o)
		})
	}
	return c.open(previewUnless(x.Apply), func(a *app.App) error { return x.merge(c, a, o) })
}

func (x mergeCommand) merge(c *invocation, a *app.App, o impact.MergeOptions) error {
	keys := a.Store.Keys(a.Config.Keys)
	into, err := keys.Named(x.Into)
	errs := []error{inContact(x.Into, err)}
	var pairs []store.MergePair
	command := "winnow merge"
	for _, given := range x.Old {
		old, err := keys.Named(given)
		errs = append(errs, inContact(given, err))
		pairs = append(pairs, store.MergePair{Old: old, New: into})
		command += " " + ui.ShellQuote(given)
	}
	if err := errors.Join(errs...); err != nil {
		return errors.Join(err, errors.New("nothing was changed"))
	}
	ops, _ := c.operations(a, "contact")
	m, err := impact.NewMerger(ops, o, c.instant())
	if err != nil {
		return err
	}
	if err := m.Add(c.ctx, pairs, nil); err != nil {
		return err
	}
	r, err := m.End()
	if err != nil {
		return err
	}
	return errors.Join(r.Print(c.Printer, command+" --into "+ui.ShellQuote(x.Into)+x.flags()+app.ConfigFlag(c.config), c.config), r.Err())
}

// flags are the flags of the command that applies the preview.
func (x mergeCommand) flags() string {
	text := ""
	if x.New {
		text += " --new"
	}
	if x.Note != "" {
		text += " --note " + ui.ShellQuote(x.Note)
	}
	return text
}

// inContact names the contact that an error is about; nil for no error.
func inContact(given string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", ui.ShellQuote(given), err)
}
