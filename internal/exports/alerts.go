package exports

import (
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store/runs"
)

// backlog is how far a remote is behind with the runs of an export.
type backlog struct {
	waiting      int64
	firstWaiting view.Delivery
	lastLost     view.Delivery
}

// firstDeliveryGrace is how long a run may take for its first try before there is
// an alert.
const firstDeliveryGrace = 2 * time.Minute

// DeliveryAlerts says, for each remote that lacks runs, which ones, why, and what
// to do. The list is that of [UndeliveredRuns].
func DeliveryAlerts(undelivered []view.Delivery, now hygiene.Instant) (alerts []view.Alert) {
	type exportAndRemote struct{ export, remote string }
	var order []exportAndRemote
	backlogs := map[exportAndRemote]*backlog{}
	for _, d := range undelivered {
		key := exportAndRemote{d.Export, d.Remote}
		if backlogs[key] == nil {
			order, backlogs[key] = append(order, key), &backlog{}
		}
		backlogs[key].add(d)
	}
	for _, key := range order {
		if alert, ok := backlogs[key].alert(now); ok {
			alerts = append(alerts, alert)
		}
	}
	return alerts
}

func (b *backlog) add(d view.Delivery) {
	if d.Status == string(runs.Lost) {
		b.lastLost = d
		return
	}
	if b.waiting++; b.waiting == 1 {
		b.firstWaiting = d
	}
}

func (b *backlog) alert(now hygiene.Instant) (alert view.Alert, ok bool) {
	d, lost := b.firstWaiting, b.lastLost
	alert.Title = fmt.Sprintf("%s has not received %s of %s.", d.Remote, ui.Count(b.waiting, "run"), d.Export)
	switch {
	case b.waiting > 0 && d.Tries == 0 && now.Sub(d.PublishedAt) > firstDeliveryGrace:
		alert.Why = fmt.Sprintf("The first is %s, published at %s: it is being delivered for the first time, or no daemon is running.", d.Run, d.PublishedAt)
		return alert, true
	case d.Tries == 0:
		alert.Title = fmt.Sprintf("%s never received run %s of %s.", lost.Remote, lost.Run, lost.Export)
		alert.Why = lost.Error + "; consumers of deltas there must reload the next full files."
		return alert, lost.Run != ""
	}
	alert.Why = fmt.Sprintf("The first is %s: %s; tried %s, a daemon retries automatically, not before %s", d.Run, d.Error, ui.Count(d.Tries, "time"), d.NextAt)
	if lost.Run != "" {
		alert.Why += fmt.Sprintf("; older runs are lost, the last of them %s, because no intact copy is left here", lost.Run)
	}
	alert.Why += "."
	alert.Command = fmt.Sprintf("winnow export %s --run %s --to %s", d.Export, d.Run, d.Remote)
	alert.Actions = []view.Action{{Label: "The run", Path: "/runs/" + d.Export + "/" + d.Run}}
	return alert, true
}

// FailedAlert says that the last run of an export failed.
func FailedAlert(r segments.Run) view.Alert {
	a := view.Alert{Title: fmt.Sprintf("The CRM gets no new files of %s.", r.Export), Why: "The last run failed: " + r.Error + ".", Command: "winnow export " + r.Export, Run: r.Export + "/" + r.Name,
		Actions: []view.Action{{Label: "Make a new run", Path: "/runs/make", Post: true, Fields: []view.Field{{Name: "export", Value: r.Export}}, Main: true}}}
	if r.NextTryAt != 0 {
		a.Why = fmt.Sprintf("The last run failed: %s; it is tried again at %s.", r.Error, r.NextTryAt)
	}
	return a
}
