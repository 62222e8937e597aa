package daemon

import (
	"context"
	"sync"
	"time"

	"winnow/segments"
	"winnow/store"
)

// dispatcher brings published runs to remotes in the daemon that holds the job lock.
// It is no job: jobs run one at a time, and a server that is slow would hold up
// sweeps. Each export and remote is seen to for itself, for the same reason.
type dispatcher struct {
	d      *Daemon
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{} // holds one when there is something new
	done   chan struct{} // closed when nothing is under way any more

	mu    sync.Mutex
	force map[route]bool // those that have a new run
	busy  map[route]bool // those under way
}

// route is from an export to a remote.
type route struct{ export, remote string }

// deliverEvery is how often the deliverer looks for what is to be tried again.
const deliverEvery = time.Minute

func newDispatcher(d *Daemon) *dispatcher {
	p := &dispatcher{d: d, wake: make(chan struct{}, 1), done: make(chan struct{}), force: map[route]bool{}, busy: map[route]bool{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// notify tells that an export has a new run.
func (p *dispatcher) notify(export string) {
	p.markDue(func(of route) bool { return of.export == export })
}

// retry makes everything that waits be tried now, however long it was put off:
// what kept a server from taking it may be mended.
func (p *dispatcher) retry() { p.markDue(func(route) bool { return true }) }

func (p *dispatcher) markDue(those func(route) bool) {
	p.mu.Lock()
	for _, e := range p.d.current.Load().Exports {
		for _, to := range e.Remotes {
			if r := (route{e.Name, to.String()}); those(r) {
				p.force[r] = true
			}
		}
	}
	p.mu.Unlock()
	p.wakeUp()
}

// wakeUp makes the deliverer look now.
func (p *dispatcher) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default: // it is being woken
	}
}

// end cuts short the deliveries under way, which start over at the next start,
// and waits for them.
func (p *dispatcher) end() {
	p.cancel()
	<-p.done
}

// run delivers what is due until it is ended.
func (p *dispatcher) run() {
	defer close(p.done)
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	for p.ctx.Err() == nil {
		if p.d.runner.Holding() {
			for _, e := range p.d.current.Load().Exports {
				p.dispatchExport(e, &all)
			}
		}
		select {
		case <-p.ctx.Done():
		case <-tick.C:
		case <-p.wake:
		}
	}
}

// dispatchExport begins to deliver the runs of an export to each of its remotes, unless
// that is under way.
func (p *dispatcher) dispatchExport(e segments.Export, all *sync.WaitGroup) {
	for _, to := range e.Remotes {
		on := route{e.Name, to.String()}
		hurry, begin := p.begin(on)
		if !begin {
			continue
		}
		all.Go(func() {
			err := p.d.Exporter().DeliverTo(p.ctx, e, to, hurry)
			if p.finish(on); err != nil && p.ctx.Err() == nil {
				p.d.log.Error("the deliveries of an export have trouble", "export", on.export, "to", on.remote, "error", err)
			}
		})
	}
}

func (p *dispatcher) begin(on route) (hurry, begin bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[on] {
		return false, false
	}
	hurry = p.force[on]
	delete(p.force, on)
	p.busy[on] = true
	return hurry, true
}

// finish ends what was under way; what is new since then is looked at next.
func (p *dispatcher) finish(on route) {
	p.mu.Lock()
	delete(p.busy, on)
	again := p.force[on]
	p.mu.Unlock()
	if again {
		p.wakeUp()
	}
}

// logDelivery tells how a delivery went.
func (d *Daemon) logDelivery(y store.Delivery) {
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
