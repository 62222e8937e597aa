package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"winnow/internal/ui"
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
		if c.JSON {
			return c.PrintJSON(swept{did.Events, did.Repeats, did.Unmatched, did.Changes, did.Held, did.Cursor})
		}
		_, err = fmt.Fprintf(c.Stdout, "swept %s: %s, %s unmatched; %s in the ledger; through seq %s\n", ui.Count(did.Events, "event"),
			ui.Count(did.Repeats, "repeat"), ui.Number(did.Unmatched), ui.Count(did.Changes, "change"), ui.Number(did.Cursor))
		return err
	})
}

// act makes the acts of a command by hand, with progress for whoever looks.
func (c *call) act(h *house, noun string) (*act, func()) {
	show, done := c.Progress(noun)
	return &act{config: h.config, store: h.store, version: c.version, progress: show, tripped: c.tripped, busy: c.busy, await: c.awaitTurn}, done
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
		if c.JSON {
			return c.PrintJSON(map[string]int64{"contacts": did.Contacts, "changed": did.Changed, "changes": did.Changes})
		}
		_, err = fmt.Fprintf(c.Stdout, "reviewed %s: %s in the ledger of %s\n", ui.Count(did.Contacts, "contact"),
			ui.Count(did.Changes, "change"), ui.Count(did.Changed, "contact"))
		return err
	})
}

// exportCommand runs an export.
type exportCommand struct {
	Name  string   `arg:"" help:"The export's name in the config."`
	Which *string  `name:"run" placeholder:"RUN" help:"Make no run: bring this one, like 2026-11-23T020000Z or latest, where it is missing."`
	To    []string `sep:"none" placeholder:"DEST" help:"With --run: bring it there; a destination of the config, or any directory. Several times for several."`
}

// Run makes the run, brings it to the remotes, and shows what there is now.
func (x exportCommand) Run(c *call) error {
	switch {
	case x.Which == nil && len(x.To) > 0:
		return ui.Usagef("--to goes with --run: it says where a run that exists is brought")
	case x.Which != nil && *x.Which == "", slices.Contains(x.To, ""): // as out of a variable that is not set
		return ui.Usagef("what is given as --run or --to is empty: write --run latest, or a run like 2026-11-23T020000Z, and a destination")
	}
	return c.with(store.Open, func(h *house) error {
		a, done := c.act(h, "contact")
		defer done()
		if x.Which != nil {
			return c.makeUp(a, x)
		}
		empty, err := emptyLists(h.config, h.store)
		if err != nil {
			return err
		}
		for _, told := range empty {
			fmt.Fprintln(c.Stderr, "winnow: "+told)
		}
		result, err := a.export(c.ctx, x.Name, c.now(), c.present)
		done()
		if err != nil && result.Run.Status != segments.Published && result.Run.Status != segments.Held {
			return err
		}
		e, _ := a.exportNamed(x.Name)
		// A run that was made is told, also when something went wrong after it.
		return cmp.Or(err, c.showRun(a, e, result))
	})
}

// makeUp brings a run where it is missing, and tells where it is now.
func (c *call) makeUp(a *act, x exportCommand) error {
	var done func()
	a.sent, done = c.sending()
	did, err := a.makeUp(c.ctx, x.Name, *x.Which, x.To)
	done()
	if err != nil {
		return err
	}
	if c.JSON {
		if err := c.PrintJSON(did); err != nil {
			return err
		}
	} else if len(did.Destinations) == 0 {
		_, err := fmt.Fprintf(c.Stdout, "every destination of %s has run %s\n", did.Export, did.Run)
		return err
	}
	return c.sayArrivals(did.Export, did.Run, did.Destinations)
}

// sending shows how much has been sent, to all remotes at once.
func (c *call) sending() (sent func(int64), done func()) {
	show, done := c.Progress("byte")
	if show == nil {
		return nil, done
	}
	var mu sync.Mutex
	var sum int64
	return func(bytes int64) {
		mu.Lock()
		defer mu.Unlock()
		sum += bytes
		show(sum)
	}, done
}

// delivered brings the remotes of the export what they lack, and tells where the
// run is now.
func (c *call) delivered(a *act, e segments.Export, run segments.Run) ([]arrival, error) {
	var done func()
	a.sent, done = c.sending()
	err := a.deliver(c.ctx, e, true)
	done()
	list, listErr := a.arrivals(e, run)
	return list, errors.Join(err, listErr)
}

// troubled tells what went wrong with a run that was made, a sentence a line.
func (c *call) troubled(r segments.Result) error {
	for _, trouble := range r.Troubles {
		fmt.Fprintf(c.Stderr, "winnow: %v\n", trouble)
	}
	if len(r.Troubles) > 0 {
		return ui.ErrNo
	}
	return nil
}

// showRun tells of a run that was made. People read of its files while it is on
// its way to the remotes.
func (c *call) showRun(a *act, e segments.Export, r segments.Result) error {
	if !c.JSON {
		c.showFiles(r)
	}
	list, err := c.delivered(a, e, r.Run)
	if c.JSON {
		err = errors.Join(err, c.PrintJSON(struct {
			segments.Run
			Files        []segments.File    `json:"files"`
			Failed       []segments.Failure `json:"failed,omitempty"`
			Destinations []arrival          `json:"destinations"`
		}{r.Run, r.Manifest.Files, r.Manifest.Failed, list}))
	}
	troubled := c.troubled(r)
	if err == nil && worthSaying(e, list) {
		if !c.JSON {
			fmt.Fprintln(c.Stdout)
		}
		err = c.sayArrivals(e.Name, r.Run.Name, list)
	}
	return cmp.Or(err, troubled)
}

func (c *call) showFiles(r segments.Result) {
	fmt.Fprintf(c.Stdout, "%s %s/%s as of %s, through seq %s\n", r.Run.Status, r.Run.Export, r.Run.Name, r.Run.AsOf, ui.Number(r.Run.ThroughSeq))
	rows := [][]string{{"FILE", "ROWS", "BYTES"}}
	for _, f := range r.Manifest.Files {
		rows = append(rows, []string{f.Name, ui.Number(f.Rows), ui.Number(f.Bytes)})
	}
	ui.Table(c.Stdout, rows)
}
