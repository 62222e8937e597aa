package exports

import (
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/ui"
	"winnow/store"
)

// backlog is how far a remote is behind with the runs of an export.
type backlog struct {
	waiting int64
	first   store.Delivery // that waits
	lost    store.Delivery // the last that is
}

// firstDeliveryGrace is how long nothing is said of a run that is on its way for the first
// time.
const firstDeliveryGrace = 2 * time.Minute

// DeliveryAlerts tells, for each remote that has not got its runs, what it waits for and
// what to do.
func DeliveryAlerts(list []store.Delivery, now hygiene.Instant) (troubles []console.Trouble) {
	type place struct{ export, remote string }
	var order []place
	at := map[place]*backlog{}
	for _, d := range list {
		p := place{d.Export, d.Remote}
		if at[p] == nil {
			order, at[p] = append(order, p), &backlog{}
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

func (b *backlog) add(d store.Delivery) {
	if d.Status == store.Gone {
		b.lost = d
		return
	}
	if b.waiting++; b.waiting == 1 {
		b.first = d
	}
}

func (b *backlog) trouble(now hygiene.Instant) (t console.Trouble, ok bool) {
	d, lost := b.first, b.lost
	switch {
	case b.waiting > 0 && d.Tries == 0 && now.Sub(d.PublishedAt) > firstDeliveryGrace:
		t.What = fmt.Sprintf("%s has not got %s of %s yet, the first %s, published at %s: it is on its way for the first time, or no daemon runs",
			d.Remote, ui.Count(b.waiting, "run"), d.Export, d.Run, d.PublishedAt)
		return t, true
	case d.Tries == 0:
		t.What = fmt.Sprintf("%s never got run %s of %s: %s; whoever reads deltas there takes the next run's whole files", lost.Remote, lost.Run, lost.Export, lost.Error)
		return t, lost.Run != ""
	}
	why := strings.TrimPrefix(strings.TrimPrefix(d.Error, "destination "+d.Remote+": "), "delivering run "+d.Export+"/"+d.Run+": ")
	t.What = fmt.Sprintf("%s has not got %s of %s, the first %s: %s; tried %s, a daemon tries again by itself, not before %s",
		d.Remote, ui.Count(b.waiting, "run"), d.Export, d.Run, why, ui.Count(d.Tries, "time"), d.NextAt)
	if lost.Run != "" {
		t.What += fmt.Sprintf("; older runs are lost to it, the last of them %s, since no whole copy is kept here any more", lost.Run)
	}
	t.Do = fmt.Sprintf("winnow export %s --run %s --to %s", d.Export, d.Run, d.Remote)
	return t, true
}
