package store

import (
	"slices"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
)

// DeliveryStatus is how a delivery stands.
type DeliveryStatus string

// The statuses of a delivery. They are stored as these words.
const (
	Waiting   DeliveryStatus = "waiting"   // it will be tried, or tried again
	Delivered DeliveryStatus = "delivered" // the remote has the run
	Gone      DeliveryStatus = "gone"      // no whole copy of the run is left to deliver
)

// Delivery is a published run that a remote is to get, and how far that is.
type Delivery struct {
	Export      string          `json:"export"`
	Run         string          `json:"run"`
	ScheduledAt hygiene.Instant `json:"-"` // of the run; with the export it identifies it
	PublishedAt hygiene.Instant `json:"published_at"`
	Remote      string          `json:"to"`
	Status      DeliveryStatus  `json:"status"`
	Tries       int64           `json:"tries"`
	NextAt      hygiene.Instant `json:"next_at,omitzero"`      // while it waits: when it is tried again
	DeliveredAt hygiene.Instant `json:"delivered_at,omitzero"` // 0 until then
	Error       string          `json:"error,omitempty"`       // of the last try; empty when delivered
}

// deliveriesOf asks for the deliveries of an export, of the run begun first at
// first: who reads what has changed reads the runs in that order.
const deliveriesOf = `SELECT d.export, d.scheduled_at, d.remote, d.status, d.tries, d.next_at, d.delivered_at, d.error, runs.finished_at
	FROM deliveries AS d JOIN runs USING (export, scheduled_at) WHERE export = ? ORDER BY runs.id`

func deliveries(c engine.Querier, export string) (list []Delivery, err error) {
	r := c.Query(deliveriesOf, export)
	for r.Next() {
		at := hygiene.Instant(r.Int(1))
		list = append(list, Delivery{Export: r.Text(0), Run: segments.RunName(at), ScheduledAt: at, Remote: r.Text(2), Status: DeliveryStatus(r.Text(3)),
			Tries: r.Int(4), NextAt: hygiene.Instant(r.Int(5)), DeliveredAt: hygiene.Instant(r.Int(6)), Error: r.Text(7), PublishedAt: hygiene.Instant(r.Int(8))})
	}
	return list, r.Close()
}

// Deliveries are the deliveries of the export, of the run begun first at first.
// Remotes that the config no longer has are among them.
func (s *Store) Deliveries(export string) (list []Delivery, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		list, err = deliveries(c, export)
		return err
	})
	return list, err
}

// EnterDelivery enters how a delivery stands now.
func (s *Store) EnterDelivery(d Delivery) error {
	return s.write(func(c engine.Writer) error {
		return c.Exec(`INSERT INTO deliveries (export, scheduled_at, remote, status, tries, next_at, delivered_at, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (export, scheduled_at, remote) DO UPDATE SET status = excluded.status, tries = excluded.tries,
			next_at = excluded.next_at, delivered_at = excluded.delivered_at, error = excluded.error`,
			d.Export, int64(d.ScheduledAt), d.Remote, string(d.Status), d.Tries, int64(d.NextAt), int64(d.DeliveredAt), d.Error)
	})
}

// Owe enters what the remotes of the export are to get and nobody wrote down yet:
// every run that was published after the last one known for the remote, and no
// more than are kept, for a remote that was long out of the config; for a remote
// without any the newest alone. Of what is settled it keeps the newest so many of
// each remote. It can be repeated, and then writes nothing.
func (s *Store) Owe(export string, remotes []string, keep int) error {
	owed, stale, err := s.owed(export, remotes, keep)
	if err != nil || len(owed)+len(stale) == 0 {
		return err
	}
	return s.write(func(c engine.Writer) error {
		for _, d := range owed {
			err := c.Exec(`INSERT INTO deliveries (export, scheduled_at, remote, status, tries, next_at, delivered_at, error)
				VALUES (?, ?, ?, ?, 0, 0, 0, '') ON CONFLICT DO NOTHING`, export, int64(d.ScheduledAt), d.Remote, string(Waiting))
			if err != nil {
				return err
			}
		}
		for _, d := range stale {
			if err := c.Exec("DELETE FROM deliveries WHERE export = ? AND scheduled_at = ? AND remote = ?", export, int64(d.ScheduledAt), d.Remote); err != nil {
				return err
			}
		}
		return nil
	})
}

// owed finds what is to be entered and what is to be forgotten.
func (s *Store) owed(export string, remotes []string, keep int) (owed, stale []Delivery, err error) {
	var known []Delivery
	var published []segments.Run // the one begun last first
	err = s.read(func(c engine.Reader) (err error) {
		if known, err = deliveries(c, export); err == nil {
			published, err = runsOf(c, export, max(keep, 1), segments.Published, segments.Released)
		}
		return err
	})
	slices.Reverse(known)
	settled := map[string]int{}
	for _, d := range known {
		if d.Status == Waiting {
			continue
		}
		if settled[d.Remote]++; settled[d.Remote] > max(keep, 1) {
			stale = append(stale, d)
		}
	}
	for _, remote := range remotes {
		last := slices.IndexFunc(known, func(d Delivery) bool { return d.Remote == remote })
		for i, run := range published {
			if last < 0 && i > 0 || last >= 0 && run.ScheduledAt == known[last].ScheduledAt {
				break
			}
			owed = append(owed, Delivery{Remote: remote, ScheduledAt: run.ScheduledAt})
		}
	}
	return owed, stale, err
}
