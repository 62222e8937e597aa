package exports

import (
	"errors"
	"slices"
	"time"

	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/segments"
	"winnow/store"
	"winnow/store/runs"
)

// CountDeliveries counts, for each export with remotes, the deliveries that wait
// and those that were lost. Last is of the remote that got a run longest ago.
func CountDeliveries(cfg *config.Config, s *store.Store) (map[string]console.DeliveryTotals, error) {
	counts := map[string]console.DeliveryTotals{}
	for _, e := range cfg.Exports {
		remotes := Remotes(e)
		if len(remotes) == 0 {
			continue
		}
		deliveries, err := s.Deliveries(e.Name)
		if err != nil {
			return nil, err
		}
		waiting := len(WaitingFor(e, deliveries))
		count := console.DeliveryTotals{Waiting: waiting, Lost: len(Undelivered(e, deliveries)) - waiting}
		for i, to := range remotes {
			if last := LastDelivered(to, deliveries); i == 0 || last.Before(count.Last) {
				count.Last = last
			}
		}
		counts[e.Name] = count
	}
	return counts, nil
}

// LastDelivered is when the remote last got a run; the zero time if it never did.
func LastDelivered(to segments.Destination, deliveries []runs.Delivery) (last time.Time) {
	for _, d := range deliveries {
		if d.Remote == to.String() && d.DeliveredAt != 0 && d.DeliveredAt.Time().After(last) {
			last = d.DeliveredAt.Time()
		}
	}
	return last
}

// WaitingFor are the deliveries that wait for remotes of the export, in their
// order.
func WaitingFor(e segments.Export, deliveries []runs.Delivery) []runs.Delivery {
	return slices.DeleteFunc(slices.Clone(deliveries), func(d runs.Delivery) bool {
		return d.Status != runs.Waiting || !slices.ContainsFunc(Remotes(e), func(to segments.Destination) bool { return to.String() == d.Remote })
	})
}

// Undelivered are the deliveries that wait, and those that were lost since the
// remote last got a run. A later run makes up for a lost one.
func Undelivered(e segments.Export, deliveries []runs.Delivery) []runs.Delivery {
	list := WaitingFor(e, deliveries)
	for _, to := range Remotes(e) {
		var lost []runs.Delivery
		for _, d := range deliveries {
			switch {
			case d.Remote != to.String():
			case d.Status == runs.Delivered:
				lost = nil
			case d.Status == runs.Lost:
				lost = append(lost, d)
			}
		}
		list = append(list, lost...)
	}
	return list
}

// UndeliveredRuns are the undelivered runs of all exports.
func UndeliveredRuns(cfg *config.Config, s *store.Store) (list []view.Delivery, err error) {
	for _, e := range cfg.Exports {
		if len(Remotes(e)) == 0 {
			continue
		}
		deliveries, readErr := s.Deliveries(e.Name)
		for _, d := range Undelivered(e, deliveries) {
			list = append(list, view.Delivery{Export: d.Export, Run: d.Run, PublishedAt: d.PublishedAt, Remote: d.Remote, Status: string(d.Status),
				Tries: d.Tries, NextAt: d.NextAt, DeliveredAt: d.DeliveredAt, Error: d.Error})
		}
		err = errors.Join(err, readErr)
	}
	return list, err
}
