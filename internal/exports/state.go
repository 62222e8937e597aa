package exports

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/store/runs"
)

// DestinationState is whether one destination has a run.
type DestinationState struct {
	To     string          `json:"to"`
	Status string          `json:"status"` // published, held, missing; of remotes: delivered, held, waiting, gone, missing
	Error  string          `json:"error,omitempty"`
	NextAt hygiene.Instant `json:"next_at,omitzero"` // when the daemon tries again

	Tries       int64           `json:"-"` // so far
	DeliveredAt hygiene.Instant `json:"-"` // 0 for unknown
}

// missing is the status of a run that a destination does not have.
const missing = "missing"

func deliveryState(d runs.Delivery) DestinationState {
	return DestinationState{To: d.Remote, Status: string(d.Status), Error: d.Error, NextAt: d.NextAt}
}

// ok reports whether the destination has the run, or must not have it yet.
func (s DestinationState) ok() bool {
	return s.Status != missing && s.Status != string(runs.Waiting) && s.Status != string(runs.Lost)
}

// DestinationStates are the states of a run in all destinations of its export, in
// the order of the config.
func (x *Exporter) DestinationStates(e segments.Export, run segments.Run) ([]DestinationState, error) {
	list := []DestinationState{}
	deliveries, err := x.Store.Deliveries(e.Name)
	for _, to := range e.To {
		if folder, isFolder := to.(local.Folder); isFolder {
			list = append(list, folderState(folder, run))
		} else {
			list = append(list, remoteState(to.String(), run, deliveries))
		}
	}
	return list, err
}

// folderState is the state of a run in a folder.
func folderState(folder local.Folder, run segments.Run) DestinationState {
	place, err := folder.Find(run.Export, run.Name)
	s := DestinationState{To: folder.String(), Status: [...]string{local.Missing: missing, local.Held: "held", local.Published: "published"}[place]}
	if err != nil {
		s.Error = destination.Reason(err)
	}
	return s
}

// remoteState is the state of a run in a remote. A run that waits for an older one
// has the error of the older one.
func remoteState(remote string, run segments.Run, deliveries []runs.Delivery) DestinationState {
	s := DestinationState{To: remote, Status: missing}
	if run.Status == segments.Held {
		s.Status = string(segments.Held)
	}
	var first *runs.Delivery // that waits for the remote
	for i := range deliveries {
		d := &deliveries[i]
		if d.Remote != remote {
			continue
		}
		if first == nil && d.Status == runs.Waiting {
			first = d
		}
		if d.ScheduledAt != run.ScheduledAt {
			continue
		}
		s.Status, s.Error, s.NextAt, s.Tries, s.DeliveredAt = string(d.Status), d.Error, d.NextAt, d.Tries, d.DeliveredAt
		if d.Status == runs.Waiting && d != first {
			s.Error, s.NextAt = "run "+first.Export+"/"+first.Run+" goes there first: "+first.Error, first.NextAt
		}
	}
	return s
}

// needsStates reports whether to print the destinations: if there are remotes, or
// if a destination lacks the run.
func needsStates(e segments.Export, list []DestinationState) bool {
	return len(Remotes(e)) > 0 || slices.ContainsFunc(list, func(s DestinationState) bool { return !s.ok() })
}

// printStates prints which destinations have the run, and on stderr why the others
// do not, with the command that delivers it there. The error is [ui.ErrReported] if one
// lacks it.
func printStates(out *ui.Printer, export, run string, list []DestinationState) error {
	if !out.JSON && len(list) > 0 {
		rows := [][]string{{"DESTINATION", "STATUS"}}
		for _, s := range list {
			rows = append(rows, []string{s.To, s.Status})
		}
		ui.Table(out.Stdout, rows)
	}
	var err error
	for _, s := range list {
		if s.ok() {
			continue
		}
		err = ui.ErrReported
		why, retry := fmt.Sprintf("destination %s does not have run %s/%s", s.To, export, run), ""
		if s.Error != "" {
			why = fmt.Sprintf("destination %s: delivering run %s/%s: %s", s.To, export, run, s.Error)
		}
		if s.Status == string(runs.Waiting) {
			retry = fmt.Sprintf("a daemon retries automatically, not before %s; ", s.NextAt)
		}
		out.Warn("%s", why)
		out.Warn("%sto deliver it now: winnow export %s --run %s --to %s", retry, export, run, s.To)
	}
	return err
}
