package runs

import (
	"slices"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store/engine"
)

// DeliveryStatus is the state of a delivery.
type DeliveryStatus string

// The statuses of a delivery. They are stored as these words.
const (
	Waiting   DeliveryStatus = "waiting"   // it will be tried, or tried again
	Delivered DeliveryStatus = "delivered" // the remote has the run
	Lost      DeliveryStatus = "gone"      // no complete copy of the run is left to deliver
)

// Delivery is a published run that a remote is to get, and the state of that.
type Delivery struct {
	Export      string
	Run         string
	ScheduledAt hygiene.Instant // of the run; with the export it identifies it
	PublishedAt hygiene.Instant
	Remote      string
	Status      DeliveryStatus
	Tries       int64
	NextAt      hygiene.Instant // while it waits: when it is tried again
	DeliveredAt hygiene.Instant // 0 until then
	Error       string          // of the last try; empty when delivered
}

// deliveriesOf reads the deliveries of an export, of the run that began first at
// first: consumers of deltas read the runs in that order.
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

// Deliveries are the deliveries of the export, of the run that began first at first,
// also to remotes that the config no longer has.
func (s *Store) Deliveries(export string) (list []Delivery, err error) {
	err = s.engine.Read(func(c engine.Reader) (err error) {
		list, err = deliveries(c, export)
		return err
	})
	return list, err
}

// SaveDelivery stores the state of a delivery.
func (s *Store) SaveDelivery(d Delivery) error {
	return s.engine.Write(func(c engine.Writer) error { return putDelivery(c, &d) })
}

func putDelivery(c engine.Writer, d *Delivery) error {
	return c.Exec(`INSERT INTO deliveries (export, scheduled_at, remote, status, tries, next_at, delivered_at, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (export, scheduled_at, remote) DO UPDATE SET status = excluded.status, tries = excluded.tries,
		next_at = excluded.next_at, delivered_at = excluded.delivered_at, error = excluded.error`,
		d.Export, int64(d.ScheduledAt), d.Remote, string(d.Status), d.Tries, int64(d.NextAt), int64(d.DeliveredAt), ui.Printable(d.Error))
}

// insertDelivery stores a delivery that waits, unless it is stored already.
func insertDelivery(c engine.Writer, d *Delivery) error {
	return c.Exec(`INSERT INTO deliveries (export, scheduled_at, remote, status, tries, next_at, delivered_at, error)
		VALUES (?, ?, ?, ?, 0, 0, 0, '') ON CONFLICT DO NOTHING`, d.Export, int64(d.ScheduledAt), d.Remote, string(Waiting))
}

func deleteDelivery(c engine.Writer, d *Delivery) error {
	return c.Exec("DELETE FROM deliveries WHERE export = ? AND scheduled_at = ? AND remote = ?", d.Export, int64(d.ScheduledAt), d.Remote)
}

// EnqueueDeliveries adds the deliveries that the remotes of the export lack: of every run that
// was published after the last one known for the remote, but no more than are
// kept, for a remote that was out of the config for long; for a remote without any
// delivery, of the newest run alone. Of deliveries that no longer wait it keeps
// the newest keep of each remote. Repeated, it writes nothing.
func (s *Store) EnqueueDeliveries(export string, remotes []string, keep int) error {
	missing, old, err := s.missingDeliveries(export, remotes, max(keep, 1))
	if err != nil || len(missing)+len(old) == 0 {
		return err
	}
	return s.engine.Write(func(c engine.Writer) error {
		for i := range missing {
			if err := insertDelivery(c, &missing[i]); err != nil {
				return err
			}
		}
		for i := range old {
			if err := deleteDelivery(c, &old[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// missingDeliveries finds the deliveries to add, and those to delete.
func (s *Store) missingDeliveries(export string, remotes []string, keep int) (missing, old []Delivery, err error) {
	var known []Delivery
	var published []segments.Run // the one that began last first
	err = s.engine.Read(func(c engine.Reader) (err error) {
		if known, err = deliveries(c, export); err == nil {
			published, err = runsOf(c, export, keep, segments.Published, segments.Released)
		}
		return err
	})
	slices.Reverse(known)
	ended := map[string]int{}
	for _, d := range known {
		if d.Status == Waiting {
			continue
		}
		if ended[d.Remote]++; ended[d.Remote] > keep {
			old = append(old, d)
		}
	}
	for _, remote := range remotes {
		last := slices.IndexFunc(known, func(d Delivery) bool { return d.Remote == remote })
		for i, run := range published {
			if last < 0 && i > 0 || last >= 0 && run.ScheduledAt == known[last].ScheduledAt {
				break
			}
			missing = append(missing, Delivery{Export: export, Remote: remote, ScheduledAt: run.ScheduledAt})
		}
	}
	return missing, old, err
}
