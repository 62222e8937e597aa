package command

import (
	"context"
	"slices"
	"sync"
	"time"

	"winnow/internal/console"
	"winnow/segments"
	"winnow/store"
)

// deliverer brings published runs to remotes in the daemon that holds the job lock.
// It is no job: jobs run one at a time, and a server that is slow would hold up
// sweeps. Each export and remote is seen to for itself, for the same reason.
type deliverer struct {
	d      *daemon
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{} // holds one when there is something new
	done   chan struct{} // closed when nothing is under way any more

	mu    sync.Mutex
	hurry map[route]bool // those that have a new run
	busy  map[route]bool // those under way
}

// route is from an export to a remote.
type route struct{ export, remote string }

// deliverEvery is how often the deliverer looks for what is to be tried again.
const deliverEvery = time.Minute

func newDeliverer(d *daemon) *deliverer {
	p := &deliverer{d: d, wake: make(chan struct{}, 1), done: make(chan struct{}), hurry: map[route]bool{}, busy: map[route]bool{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// nudge tells that an export has a new run.
func (p *deliverer) nudge(export string) {
	p.hasten(func(of route) bool { return of.export == export })
}

// retry makes everything that waits be tried now, however long it was put off:
// what kept a server from taking it may be mended.
func (p *deliverer) retry() { p.hasten(func(route) bool { return true }) }

func (p *deliverer) hasten(those func(route) bool) {
	p.mu.Lock()
	for _, e := range p.d.current.Load().Exports {
		for _, to := range remotesOf(e) {
			if r := (route{e.Name, to.String()}); those(r) {
				p.hurry[r] = true
			}
		}
	}
	p.mu.Unlock()
	p.look()
}

// look makes the deliverer look now.
func (p *deliverer) look() {
	select {
	case p.wake <- struct{}{}:
	default: // it is being woken
	}
}

// end cuts short the deliveries under way, which start over at the next start,
// and waits for them.
func (p *deliverer) end() {
	p.cancel()
	<-p.done
}

// run delivers what is due until it is ended.
func (p *deliverer) run() {
	defer close(p.done)
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	for p.ctx.Err() == nil {
		if p.d.runner.Holding() {
			for _, e := range p.d.current.Load().Exports {
				p.round(e, &all)
			}
		}
		select {
		case <-p.ctx.Done():
		case <-tick.C:
		case <-p.wake:
		}
	}
}

// round begins to deliver the runs of an export to each of its remotes, unless
// that is under way.
func (p *deliverer) round(e segments.Export, all *sync.WaitGroup) {
	for _, to := range remotesOf(e) {
		on := route{e.Name, to.String()}
		hurry, begin := p.take(on)
		if !begin {
			continue
		}
		all.Go(func() {
			err := p.d.acts().deliverTo(p.ctx, e, to, hurry)
			if p.leave(on); err != nil && p.ctx.Err() == nil {
				p.d.log.Error("the deliveries of an export have trouble", "export", on.export, "to", on.remote, "error", err)
			}
		})
	}
}

func (p *deliverer) take(on route) (hurry, begin bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[on] {
		return false, false
	}
	hurry = p.hurry[on]
	delete(p.hurry, on)
	p.busy[on] = true
	return hurry, true
}

// leave ends what was under way; what is new since then is looked at next.
func (p *deliverer) leave(on route) {
	p.mu.Lock()
	delete(p.busy, on)
	again := p.hurry[on]
	p.mu.Unlock()
	if again {
		p.look()
	}
}

// tried tells how a delivery went.
func (d *daemon) tried(y store.Delivery) {
	about := []any{"export", y.Export, "run", y.Run, "to", y.Remote, "tries", y.Tries}
	switch y.Status {
	case store.Delivered:
		d.log.Info("delivered", about...)
	case store.Gone:
		d.log.Error("a run was never delivered", append(about, "error", y.Error)...)
	default:
		d.log.Warn("a delivery failed and is tried again", append(about, "next", y.NextAt.String(), "error", y.Error)...)
	}
}

// deliveries count what waits for remotes, and tell when they last got a run.
func (d *daemon) deliveries() (map[string]console.Deliveries, error) {
	counts := map[string]console.Deliveries{}
	for _, e := range d.current.Load().Exports {
		remotes := remotesOf(e)
		if len(remotes) == 0 {
			continue
		}
		known, err := d.store.Deliveries(e.Name)
		if err != nil {
			return nil, err
		}
		waiting := len(waitingFor(e, known))
		count := console.Deliveries{Waiting: waiting, Lost: len(undelivered(e, known)) - waiting}
		for i, to := range remotes {
			if last := lastDelivered(to, known); i == 0 || last.Before(count.Last) {
				count.Last = last
			}
		}
		counts[e.Name] = count
	}
	return counts, nil
}

// lastDelivered is when the remote last got a run; the zero time for never.
func lastDelivered(to segments.Destination, known []store.Delivery) (last time.Time) {
	for _, y := range known {
		if y.Remote == to.String() && y.DeliveredAt != 0 && y.DeliveredAt.Time().After(last) {
			last = y.DeliveredAt.Time()
		}
	}
	return last
}

// waitingFor are the deliveries that wait for remotes that the export has, that
// of the run begun first at first.
func waitingFor(e segments.Export, known []store.Delivery) []store.Delivery {
	return slices.DeleteFunc(slices.Clone(known), func(d store.Delivery) bool {
		return d.Status != store.Waiting || !slices.ContainsFunc(remotesOf(e), func(to segments.Destination) bool { return to.String() == d.Remote })
	})
}

// undelivered are those that wait, and those that were lost since the remote last
// got a run: once it has a later one, the loss is over.
func undelivered(e segments.Export, known []store.Delivery) []store.Delivery {
	list := waitingFor(e, known)
	for _, to := range remotesOf(e) {
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

// destinationsOf names the destinations of an export, without secrets.
func destinationsOf(e *segments.Export) []string {
	var list []string
	for _, to := range e.To {
		list = append(list, to.String())
	}
	return list
}
