package exports

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/store"
)

// CountDeliveries counts what waits for remotes, and when they last got a run.
func CountDeliveries(cfg *config.Config, s *store.Store) (map[string]console.Deliveries, error) {
	counts := map[string]console.Deliveries{}
	for _, e := range cfg.Exports {
		if len(e.Remotes) == 0 {
			continue
		}
		known, err := s.Deliveries(e.Name)
		if err != nil {
			return nil, err
		}
		waiting := len(WaitingFor(e, known))
		count := console.Deliveries{Waiting: waiting, Lost: len(Undelivered(e, known)) - waiting}
		for i, to := range e.Remotes {
			if last := LastDelivered(to, known); i == 0 || last.Before(count.Last) {
				count.Last = last
			}
		}
		counts[e.Name] = count
	}
	return counts, nil
}

// LastDelivered is when the remote last got a run; the zero time for never.
func LastDelivered(to segments.Remote, known []store.Delivery) (last time.Time) {
	for _, y := range known {
		if y.Remote == to.String() && y.DeliveredAt != 0 && y.DeliveredAt.Time().After(last) {
			last = y.DeliveredAt.Time()
		}
	}
	return last
}

// WaitingFor are the deliveries that wait for remotes that the export has, that
// of the run begun first at first.
func WaitingFor(e segments.Export, known []store.Delivery) []store.Delivery {
	return slices.DeleteFunc(slices.Clone(known), func(d store.Delivery) bool {
		return d.Status != store.Waiting || !slices.ContainsFunc(e.Remotes, func(to segments.Remote) bool { return to.String() == d.Remote })
	})
}

// Undelivered are those that wait, and those that were lost since the remote last
// got a run: once it has a later one, the loss is over.
func Undelivered(e segments.Export, known []store.Delivery) []store.Delivery {
	list := WaitingFor(e, known)
	for _, to := range e.Remotes {
		var lost []store.Delivery
		for _, d := range known {
			switch {
			case d.Remote != to.String():
			case d.Status == store.Delivered:
				lost = nil
			case d.Status == store.Gone:
				lost = append(lost, d)
			}
		}
		list = append(list, lost...)
	}
	return list
}

// DestinationNames names the destinations of an export, without secrets.
func DestinationNames(e *segments.Export) []string {
	list := slices.Clone(e.To)
	for _, to := range e.Remotes {
		list = append(list, to.String())
	}
	return list
}

// ManifestOf reads a run's manifest in the first directory that has it. Of a run
// that none has any more it is empty.
func ManifestOf(dirs []destination.Directory, run segments.Run) (m segments.Manifest) {
	folder := run.Export
	if run.Status == segments.Held {
		folder = filepath.Join(run.Export, "held")
	}
	for _, dir := range dirs {
		text, err := os.ReadFile(filepath.Join(string(dir), folder, run.Name, segments.ManifestName))
		if err == nil && json.Unmarshal(text, &m) == nil {
			return m
		}
	}
	return segments.Manifest{}
}

// UndeliveredRuns are the runs that remotes have not got.
func UndeliveredRuns(cfg *config.Config, s *store.Store) (list []store.Delivery, err error) {
	for _, e := range cfg.Exports {
		if len(e.Remotes) == 0 {
			continue
		}
		known, knownErr := s.Deliveries(e.Name)
		list, err = append(list, Undelivered(e, known)...), errors.Join(err, knownErr)
	}
	return list, err
}
