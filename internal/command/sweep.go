package command

import (
	"fmt"

	"winnow/segments"
	"winnow/store"
)

// sweepCommand applies the rules to new events.
type sweepCommand struct{}

// swept is what a sweep prints as JSON.
type swept struct {
	Events    int64 `json:"events"`
	Repeats   int64 `json:"repeats"`
	Unmatched int64 `json:"unmatched"`
	Changes   int64 `json:"changes"`
	Held      int64 `json:"held,omitempty"` // events whose verdicts wait for review
	Cursor    int64 `json:"cursor"`
}

// Run sweeps, and tells what it did.
func (sweepCommand) Run(c *call) error {
	return c.with(store.Open, func(h *house) error {
		a, done := c.act(h, "event")
		did, err := a.sweep(c.ctx, c.present())
		done()
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(swept{did.Events, did.Repeats, did.Unmatched, did.Changes, did.Held, did.Cursor})
		}
		_, err = fmt.Fprintf(c.Stdout, "swept %s: %s, %s unmatched; %s in the ledger; through seq %s\n", plural(did.Events, "event"),
			plural(did.Repeats, "repeat"), grouped(did.Unmatched), plural(did.Changes, "change"), grouped(did.Cursor))
		return err
	})
}

// act makes the acts of a command by hand, with progress for whoever looks.
func (c *call) act(h *house, noun string) (*act, func()) {
	show, done := c.progress(noun)
	return &act{config: h.config, store: h.store, version: c.Version, progress: show, tripped: c.tripped}, done
}

// reviewCommand applies the rules that look at the time alone.
type reviewCommand struct{}

// Run reviews, and tells what it did.
func (reviewCommand) Run(c *call) error {
	return c.with(store.Open, func(h *house) error {
		a, done := c.act(h, "contact")
		did, err := a.review(c.ctx, c.present())
		done()
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(map[string]int64{"contacts": did.Contacts, "changed": did.Changed, "changes": did.Changes})
		}
		_, err = fmt.Fprintf(c.Stdout, "reviewed %s: %s in the ledger of %s\n", plural(did.Contacts, "contact"),
			plural(did.Changes, "change"), plural(did.Changed, "contact"))
		return err
	})
}

// exportCommand runs an export.
type exportCommand struct {
	Name string `arg:"" help:"The export's name in the config."`
}

// Run makes the run and shows its files.
func (x exportCommand) Run(c *call) error {
	return c.with(store.Open, func(h *house) error {
		a, done := c.act(h, "contact")
		result, err := a.export(c.ctx, x.Name, c.now(), c.present)
		done()
		if err != nil {
			return err
		}
		if err := c.showRun(h, result); err != nil {
			return err
		}
		return c.troubled(result)
	})
}

// troubled tells what went wrong with a run that was made, a sentence a line.
func (c *call) troubled(r segments.Result) error {
	for _, trouble := range r.Troubles {
		fmt.Fprintf(c.Stderr, "winnow: %v\n", trouble)
	}
	if len(r.Troubles) > 0 {
		return errNo
	}
	return nil
}

func (c *call) showRun(h *house, r segments.Result) error {
	if c.json {
		return c.printJSON(struct {
			segments.Run
			Files []segments.File `json:"files"`
		}{r.Run, r.Manifest.Files})
	}
	fmt.Fprintf(c.Stdout, "%s %s/%s as of %s, through seq %s\n", r.Run.Status, r.Run.Export, r.Run.Name, r.Run.AsOf, grouped(r.Run.ThroughSeq))
	rows := [][]string{{"FILE", "ROWS", "BYTES"}}
	for _, f := range r.Manifest.Files {
		rows = append(rows, []string{f.Name, grouped(f.Rows), grouped(f.Bytes)})
	}
	table(c.Stdout, rows)
	return nil
}
