package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// GrowthOptions say how far to grow.
type GrowthOptions struct {
	Options
	Contacts []int  // a store for each
	Events   []int  // sizes of the log at which all is measured
	Sample   int    // events that are appended and swept at each size
	Results  string // file to which each measurement is added as a line of JSON; those it has are not measured again
}

// growthLot is how many events are appended between two sweeps on the way. These are of
// contact after contact, so that the way is short; what is measured is a sample of events of
// any contacts, as always.
const growthLot = 2_000_000

// Grown is what was measured with so many contacts, at a size of the log. The wall times
// depend on what else the machine did; CPU and bytes do so much less.
type Grown struct {
	Machine  Machine `json:"machine"`
	Contacts int     `json:"contacts"`
	Events   int     `json:"events"` // in the log before the sample
	Sample   int     `json:"sample"` // events appended and swept

	Append Cost  `json:"append"` // of the sample
	Sweep  Cost  `json:"sweep"`  // of the sample
	Run    Cost  `json:"run"`    // of all contacts
	Start  Cost  `json:"start"`  // until the daemon answers
	Bytes  int64 `json:"store_bytes"`
}

// Grow measures at all sizes, and returns them in order, with what the results file had.
func Grow(ctx context.Context, o GrowthOptions) (list []Grown, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if list, err = readGrown(o.Results); err != nil {
		return nil, err
	}
	b, err := newBench(o.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, contacts := range o.Contacts {
		sizes := slices.DeleteFunc(slices.Sorted(slices.Values(o.Events)), func(events int) bool {
			return slices.ContainsFunc(list, func(g Grown) bool { return g.Contacts == contacts && g.Events == events })
		})
		err := b.grow(ctx, contacts, sizes, o.Sample, func(g Grown) error {
			list = append(list, g)
			return addGrown(o.Results, g)
		})
		if err != nil {
			return list, err
		}
	}
	slices.SortFunc(list, func(a, b Grown) int {
		if a.Contacts != b.Contacts {
			return a.Contacts - b.Contacts
		}
		return a.Events - b.Events
	})
	return list, nil
}

// check is an error if that can't be measured.
func (o GrowthOptions) check() error {
	if slices.Min(append(slices.Clone(o.Contacts), o.Sample)) < 1 || slices.Min(append(slices.Clone(o.Events), 0)) < 0 {
		return fmt.Errorf("%v contacts, %v events and a sample of %d can't be measured: contacts and the sample are at least 1, events at least 0", o.Contacts, o.Events, o.Sample)
	}
	return nil
}

// grow measures one store at all sizes.
func (b *bench) grow(ctx context.Context, contacts int, sizes []int, sample int, found func(Grown) error) error {
	if len(sizes) == 0 {
		return nil
	}
	s, err := b.newSite(siteOptions{key: "text", every: "1h"})
	if err != nil {
		return err
	}
	b.note("making %d contacts", contacts)
	if _, err := s.stage(ctx, "fill", contacts, 0); err != nil {
		return err
	}
	for _, size := range sizes {
		for s.events < size {
			b.note("%d contacts: the log grows from %d events to %d", contacts, s.events, size)
			if _, _, err := s.appendAndSweep(ctx, "visits", min(growthLot, size-s.events), contacts); err != nil {
				return err
			}
		}
		b.note("%d contacts, %d events: measuring", contacts, s.events)
		g, err := s.sample(ctx, contacts, sample)
		if err != nil {
			return err
		}
		if err := found(g); err != nil {
			return err
		}
	}
	return s.remove()
}

// appendAndSweep adds new events to the log by one of the stages that do, and sweeps them.
func (s *site) appendAndSweep(ctx context.Context, stage string, count, contacts int) (appending, sweeping Cost, err error) {
	m, err := s.stage(ctx, stage, count, contacts, s.events)
	if err != nil {
		return appending, sweeping, err
	}
	s.events += count
	var did appended
	if err := json.Unmarshal(m.output, &did); err != nil {
		return appending, sweeping, err
	}
	swept, err := s.winnow(ctx, "sweep")
	return Cost{did.Took, did.Used}, Cost{swept.took, swept.Usage}, err
}

// sample measures everything at the size that the store has.
func (s *site) sample(ctx context.Context, contacts, events int) (g Grown, err error) {
	g = Grown{Machine: s.b.report.Machine, Contacts: contacts, Events: s.events, Sample: events}
	if g.Bytes, err = s.size(); err != nil {
		return g, err
	}
	started, err := s.b.startCost(ctx, s)
	if err != nil {
		return g, err
	}
	run, err := s.export(ctx)
	if err != nil {
		return g, err
	}
	g.Start, g.Run = started, Cost{run.took, run.Usage}
	g.Append, g.Sweep, err = s.appendAndSweep(ctx, "log", events, contacts)
	return g, err
}

// readGrown reads a results file. One that is not there has none.
func readGrown(path string) (list []Grown, err error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var g Grown
		switch err := d.Decode(&g); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("read the results in %s: %w", path, err)
		}
		list = append(list, g)
	}
}

// addGrown adds a measurement to the results file.
func addGrown(path string, g Grown) (err error) {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return json.NewEncoder(f).Encode(g)
}
