package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"winnow/internal/ui"
)

// entries are how many events each contact has in its history where that matters: both
// outcomes have as many as a history keeps of one.
const entries = 32

// append appends events without HTTP, as imports do and with a smaller commit.
func (b *bench) append(ctx context.Context) error {
	for _, commit := range []int{importCommit, 128} {
		b.note("appending, %d events a commit", commit)
		s, err := b.newSite(siteOptions{key: "text", every: "1h"})
		if err != nil {
			return err
		}
		m, err := s.stage(ctx, "append", b.Events, commit)
		if err != nil {
			return err
		}
		var did appended
		if err := json.Unmarshal(m.output, &did); err != nil {
			return err
		}
		line := Line{Row: "append", What: fmt.Sprintf("events appended, %d a commit", commit), Unit: "/s", Value: float64(b.Events) / did.Took.Seconds()}
		if commit == importCommit {
			line.Goal = ">= 200000"
		}
		b.report.add(line.using(measured{Usage: did.Used}).of(b.Events))
		if err := s.remove(); err != nil {
			return err
		}
	}
	return nil
}

// of makes what a process used that of each of n things.
func (l Line) of(n int) Line {
	l.Each, l.CPU, l.Written = true, l.CPU/float64(n), l.Written/float64(n)
	return l
}

// full is a site whose contacts have full histories; it is made when it is first asked for.
func (b *bench) full(ctx context.Context) (*site, error) {
	if b.filled != nil {
		return b.filled, nil
	}
	b.note("making %s with %d events each", ui.Count(int64(b.Contacts), "contact"), entries)
	s, err := b.newSite(siteOptions{key: "text", every: "1h"})
	if err != nil {
		return nil, err
	}
	if _, err := s.stage(ctx, "fill", b.Contacts, entries); err != nil {
		return nil, err
	}
	if _, err := s.winnow(ctx, "sweep"); err != nil {
		return nil, err
	}
	b.filled = s
	return s, nil
}

// sweep sweeps events of all contacts into an empty roster, and into one of full histories.
func (b *bench) sweep(ctx context.Context) error {
	empty, err := b.newSite(siteOptions{key: "text", every: "1h"})
	if err != nil {
		return err
	}
	if err := b.sweepInto(ctx, empty, "an empty roster", ">= 150000", ""); err != nil {
		return err
	}
	if err := empty.remove(); err != nil {
		return err
	}
	full, err := b.full(ctx)
	if err != nil {
		return err
	}
	return b.sweepInto(ctx, full, fmt.Sprintf("%d entries in each history", entries), ">= 40000", "<= 4")
}

// sweepInto measures a sweep. The goals are of events a second, and of GB written for each
// million events.
func (b *bench) sweepInto(ctx context.Context, s *site, roster, rate, written string) error {
	b.note("sweeping %s into %s", ui.Count(int64(b.Events), "event"), roster)
	_, did, err := s.appendAndSweep(ctx, "log", b.Events, b.Contacts)
	if err != nil {
		return err
	}
	m := measured{Usage: did.Usage, took: did.Took}
	b.report.add(Line{Row: "sweep", What: "events swept into " + roster, Goal: rate, Unit: "/s", Value: m.perSecond(b.Events)}.using(m).of(b.Events))
	if written != "" {
		b.report.add(Line{Row: "sweep", What: "written by the same, for a million events", Goal: written, Unit: "GB", Value: float64(m.Written) / 1e9 * 1e6 / float64(b.Events)})
	}
	return nil
}

// idle sweeps when there is nothing to sweep.
func (b *bench) idle(ctx context.Context) error {
	s, err := b.full(ctx)
	if err != nil {
		return err
	}
	b.note("sweeping nothing")
	m, err := s.stage(ctx, "idle", 200)
	if err != nil {
		return err
	}
	var took time.Duration
	if err := json.Unmarshal(m.output, &took); err != nil {
		return err
	}
	b.report.add(Line{Row: "idle", What: "a sweep of nothing", Goal: "<= 1", Unit: "ms", Value: took.Seconds() * 1e3})
	return nil
}

// plan judges all contacts under the config, as an edit of a rule would.
func (b *bench) plan(ctx context.Context) error {
	s, err := b.full(ctx)
	if err != nil {
		return err
	}
	b.note("planning")
	m, err := s.winnow(ctx, "plan")
	if err != nil {
		return err
	}
	b.report.add(Line{Row: "plan", What: "winnow plan, for a million contacts", Goal: "<= 2", Unit: "s", Value: m.took.Seconds() * 1e6 / float64(b.Contacts)}.using(m))
	return nil
}

// start starts the daemon over a long log.
func (b *bench) start(ctx context.Context) error {
	s, err := b.full(ctx)
	if err != nil {
		return err
	}
	b.note("starting the daemon")
	var took []float64
	var m measured
	for range b.Rounds {
		c, err := b.startCost(ctx, s)
		if err != nil {
			return err
		}
		took, m.Usage = append(took, c.Took.Seconds()*1e3), c.Usage
	}
	events := b.Contacts*entries + s.events
	b.report.add(Line{Row: "start", What: "start of the daemon with " + ui.Count(int64(events), "event"), Goal: "<= 200", Unit: "ms", Value: median(took)}.using(m))
	return nil
}
