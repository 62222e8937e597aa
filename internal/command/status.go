package command

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/segments"
	"winnow/store"
)

// status is the numbers of the whole.
type status struct {
	Events      int64            `json:"events"`
	LastSeq     int64            `json:"last_seq"`
	Repeats     int64            `json:"repeats"`
	Quarantined int64            `json:"quarantined"`
	Unmatched   int64            `json:"unmatched"`
	Contacts    int64            `json:"contacts"`
	Statuses    map[string]int64 `json:"statuses"`
	Sweep       sweepStatus      `json:"sweep"`
	Breaker     int64            `json:"breaker,omitempty"` // trips that wait for review
	Policy      string           `json:"policy"`
	Runs        []segments.Run   `json:"runs"`
	Taken       *taken           `json:"taken,omitempty"`      // the process that others have waited for, for long
	Held        []string         `json:"held_runs,omitempty"`  // that wait for a release, as EXPORT/RUN
	Deliveries  []store.Delivery `json:"deliveries,omitempty"` // runs that a remote has not got: what waits, and what was lost since it last got one
}

type sweepStatus struct {
	Cursor int64 `json:"cursor"`
	Lag    int64 `json:"lag"`
}

// statusCommand counts events and contacts.
type statusCommand struct{}

// Run prints the numbers.
func (statusCommand) Run(c *call) error {
	return c.under(store.Open, func(h *house) error {
		st, err := statusOf(h.config, h.store)
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(st)
		}
		st.print(c.Stdout, c.present())
		return nil
	})
}

func statusOf(cfg *config.Config, s *store.Store) (*status, error) {
	t, err := s.Totals()
	if err != nil {
		return nil, err
	}
	surgings, err := s.Surgings()
	if err != nil {
		return nil, err
	}
	waiting := int64(0)
	for _, of := range surgings {
		waiting += of.Waiting
	}
	held, err := heldRunNames(cfg, s)
	if err != nil {
		return nil, err
	}
	deliveries, err := undeliveredRuns(cfg, s)
	if err != nil {
		return nil, err
	}
	runs, err := s.Runs()
	if runs == nil {
		runs = []segments.Run{}
	}
	return &status{Events: t.Events, LastSeq: t.LastSeq, Repeats: t.Repeats, Quarantined: t.Quarantined, Unmatched: t.Unmatched,
		Contacts: t.Contacts, Statuses: t.Statuses, Sweep: sweepStatus{t.Cursor, t.Lag}, Breaker: waiting, Policy: cfg.Hash, Runs: runs, Taken: takenLong(s), Held: held, Deliveries: deliveries}, err
}

// heldRunNames names the runs that wait for a release.
func heldRunNames(cfg *config.Config, s *store.Store) (names []string, err error) {
	for _, e := range cfg.Exports {
		held, runsErr := s.RunsOf(e.Name, store.AllRuns, segments.Held)
		names, err = append(names, runNames(held)...), errors.Join(err, runsErr)
	}
	return names, err
}

// undeliveredRuns are the runs that remotes have not got.
func undeliveredRuns(cfg *config.Config, s *store.Store) (list []store.Delivery, err error) {
	for _, e := range cfg.Exports {
		if len(remotesOf(e)) == 0 {
			continue
		}
		known, knownErr := s.Deliveries(e.Name)
		list, err = append(list, undelivered(e, known)...), errors.Join(err, knownErr)
	}
	return list, err
}

// behind is how far a remote is behind with the runs of an export.
type behind struct {
	waiting int64
	first   store.Delivery // that waits
	lost    store.Delivery // the last that is
}

// patience is how long nothing is said of a run that is on its way for the first
// time.
const patience = 2 * time.Minute

// late tells, for each remote that has not got its runs, what it waits for and
// what to do.
func late(list []store.Delivery, now hygiene.Instant) (troubles []console.Trouble) {
	type place struct{ export, remote string }
	var order []place
	at := map[place]*behind{}
	for _, d := range list {
		p := place{d.Export, d.Remote}
		if at[p] == nil {
			order, at[p] = append(order, p), &behind{}
		}
		at[p].add(d)
	}
	for _, p := range order {
		if t, ok := at[p].trouble(now); ok {
			troubles = append(troubles, t)
		}
	}
	return troubles
}

func (b *behind) add(d store.Delivery) {
	if d.Status == store.Gone {
		b.lost = d
		return
	}
	if b.waiting++; b.waiting == 1 {
		b.first = d
	}
}

func (b *behind) trouble(now hygiene.Instant) (t console.Trouble, ok bool) {
	d, lost := b.first, b.lost
	switch {
	case b.waiting > 0 && d.Tries == 0 && now.Sub(d.PublishedAt) > patience:
		t.What = fmt.Sprintf("%s has not got %s of %s yet, the first %s, published at %s: it is on its way for the first time, or no daemon runs",
			d.Remote, plural(b.waiting, "run"), d.Export, d.Run, d.PublishedAt)
		return t, true
	case d.Tries == 0:
		t.What = fmt.Sprintf("%s never got run %s of %s: %s; whoever reads deltas there takes the next run's whole files", lost.Remote, lost.Run, lost.Export, lost.Error)
		return t, lost.Run != ""
	}
	t.What = fmt.Sprintf("%s has not got %s of %s, the first %s: %s; tried %s, a daemon tries again by itself, not before %s",
		d.Remote, plural(b.waiting, "run"), d.Export, d.Run, d.Error, plural(d.Tries, "time"), d.NextAt)
	if lost.Run != "" {
		t.What += fmt.Sprintf("; older runs are lost to it, the last of them %s, since no whole copy is kept here any more", lost.Run)
	}
	t.Do = fmt.Sprintf("winnow export %s --run %s --to %s", d.Export, d.Run, d.Remote)
	return t, true
}

func (s *status) print(w io.Writer, now hygiene.Instant) {
	rows := [][]string{
		{"events", grouped(s.Events), fmt.Sprintf("%s repeats, %s unmatched, %s bodies in quarantine", grouped(s.Repeats), grouped(s.Unmatched), grouped(s.Quarantined))},
		{"swept", grouped(s.Sweep.Cursor), fmt.Sprintf("%s waiting", grouped(s.Sweep.Lag))},
		{"contacts", grouped(s.Contacts), "as of the last sweep"},
	}
	for _, name := range hygiene.StatusNames() {
		rows = append(rows, []string{"  " + name, grouped(s.Statuses[name])})
	}
	if s.Breaker > 0 {
		rows = append(rows, []string{"breaker", grouped(s.Breaker), "tripped and waiting for review: winnow breaker shows what on"})
	}
	table(w, append(rows, []string{"policy", s.Policy}))
	if s.Taken != nil {
		t := s.Taken.trouble()
		fmt.Fprintln(w, strings.TrimSpace(t.What+" "+t.Do))
	}
	for _, name := range s.Held {
		fmt.Fprintf(w, "run %s is held: winnow release %s publishes it\n", name, name)
	}
	for _, t := range late(s.Deliveries, now) {
		if t.Do != "" {
			t.What += "; or now: " + t.Do
		}
		fmt.Fprintln(w, t.What)
	}
	if len(s.Runs) == 0 {
		return
	}
	rows = [][]string{{"LAST RUN", "STATUS", "AS OF", "FINISHED", ""}}
	for _, r := range s.Runs {
		rows = append(rows, []string{r.Export + "/" + r.Name, string(r.Status), r.AsOf.String(), r.FinishedAt.String(), r.Error})
	}
	fmt.Fprintln(w)
	table(w, rows)
}

// quarantineCommand shows what could not be read.
type quarantineCommand struct {
	Limit int `short:"n" default:"20" help:"How many, the latest first."`
}

// Run lists the bodies.
func (x quarantineCommand) Run(c *call) error {
	type item struct {
		ID         int64           `json:"id"`
		ReceivedAt hygiene.Instant `json:"received_at"`
		Source     string          `json:"source"`
		Why        string          `json:"why"`
		Body       string          `json:"body,omitempty"`
		Bytes      []byte          `json:"body_base64,omitempty"` // of a body that is no text
	}
	return c.look(func(h *house) error {
		list, err := h.store.Quarantine(x.Limit)
		if err != nil {
			return err
		}
		items, rows := []item{}, [][]string{{"ID", "RECEIVED", "SOURCE", "WHY", "BODY"}}
		for _, q := range list {
			it := item{ID: q.ID, ReceivedAt: q.ReceivedAt, Source: q.Source, Why: q.Why}
			if utf8.Valid(q.Body) {
				it.Body = string(q.Body)
			} else {
				it.Bytes = q.Body
			}
			items = append(items, it)
			rows = append(rows, []string{fmt.Sprint(q.ID), q.ReceivedAt.String(), q.Source, q.Why, excerpt(q.Body)})
		}
		if c.json {
			return c.printJSON(items)
		}
		if len(items) == 0 {
			_, err := fmt.Fprintln(c.Stdout, "nothing is in quarantine")
			return err
		}
		table(c.Stdout, rows)
		return nil
	})
}

// excerpt is the beginning of a body, safe to print.
func excerpt(body []byte) string {
	const width = 60
	text := fmt.Sprintf("%.*q", width, body)
	if len(body) > width {
		text += fmt.Sprintf(" … %s bytes", grouped(int64(len(body))))
	}
	return text
}

// unmatchedCommand shows events whose contact is not known.
type unmatchedCommand struct {
	Limit int `short:"n" default:"100" help:"How many, by message id."`
}

// Run lists the events.
func (x unmatchedCommand) Run(c *call) error {
	return c.look(func(h *house) error {
		items, rows := []happening{}, [][]string{{"MESSAGE", "SEQ", "AT", "OUTCOME"}}
		err := h.store.Unmatched(x.Limit, func(e hygiene.Event) error {
			items = append(items, happening{e.At, e.Seq, e.Outcome.String(), codeOf(e.Code), e.MessageID})
			rows = append(rows, []string{e.MessageID, fmt.Sprint(e.Seq), e.At.String(), e.Outcome.String()})
			return nil
		})
		if err != nil {
			return err
		}
		if c.json {
			return c.printJSON(items)
		}
		t, err := h.store.Totals()
		if err != nil {
			return err
		}
		if len(items) > 0 {
			table(c.Stdout, rows)
		}
		fmt.Fprintf(c.Stdout, "%s unmatched: register their messages with winnow import messages FILE, and the next sweep judges them\n", plural(t.Unmatched, "event"))
		return nil
	})
}
