package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"winnow/internal/exports"
	"winnow/segments"
	"winnow/store/runs"
)

// dispatcher delivers published runs to remotes, in the daemon that holds the job lock, and in
// others that may have their files.
//
// A delivery is not a job: jobs run one at a time, and a slow server would hold up
// sweeps. For the same reason each export is delivered to each remote independently.
type dispatcher struct {
	log     *slog.Logger
	exports func() []segments.Export // of the config in force
	active  func() bool              // reports whether this daemon is the one that delivers
	deliver deliverFunc

	ctx     context.Context // ends with the dispatcher
	cancel  context.CancelFunc
	trigger chan struct{} // holds a value when there may be something to deliver
	done    chan struct{} // closed when run has returned and nothing is under way

	mu     sync.Mutex
	forced map[route]bool // to be tried now, although a retry may be due later
	busy   map[route]bool // under way
}

// deliverFunc delivers what waits on one route. force ignores when a retry is due.
type deliverFunc func(ctx context.Context, e segments.Export, to segments.Destination, force bool) error

// route is from an export to one of its remotes.
type route struct{ export, remote string }

// deliverEvery is how often the dispatcher checks for deliveries whose retry is due.
const deliverEvery = time.Minute

func newDispatcher(log *slog.Logger, exports func() []segments.Export, active func() bool, deliver deliverFunc) *dispatcher {
	p := &dispatcher{log: log, exports: exports, active: active, deliver: deliver,
		trigger: make(chan struct{}, 1), done: make(chan struct{}), forced: map[route]bool{}, busy: map[route]bool{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// notify delivers a new run of an export.
func (p *dispatcher) notify(export string) {
	p.force(func(r route) bool { return r.export == export })
}

// retryAll tries all waiting deliveries now: what kept a server from accepting them may
// have been fixed.
func (p *dispatcher) retryAll() { p.force(func(route) bool { return true }) }

func (p *dispatcher) force(match func(route) bool) {
	p.mu.Lock()
	for _, e := range p.exports() {
		for _, to := range exports.Remotes(e) {
			if r := (route{e.Name, to.String()}); match(r) {
				p.forced[r] = true
			}
		}
	}
	p.mu.Unlock()
	p.check()
}

// check makes run check for deliveries now.
func (p *dispatcher) check() {
	select {
	case p.trigger <- struct{}{}:
	default: // it is about to
	}
}

// stop cancels the deliveries under way, which start over at the next start, and waits
// for them to end.
func (p *dispatcher) stop() {
	p.cancel()
	<-p.done
}

// run delivers what is due until the dispatcher is stopped.
func (p *dispatcher) run() {
	defer close(p.done)
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	for p.ctx.Err() == nil {
		if p.active() {
			for _, e := range p.exports() {
				p.dispatch(e, &deliveries)
			}
		}
		select {
		case <-p.ctx.Done():
		case <-tick.C:
		case <-p.trigger:
		}
	}
}

// dispatch starts to deliver the runs of an export to each remote to which no delivery
// is under way.
func (p *dispatcher) dispatch(e segments.Export, deliveries *sync.WaitGroup) {
	for _, to := range exports.Remotes(e) {
		r := route{e.Name, to.String()}
		force, ok := p.begin(r)
		if !ok {
			continue
		}
		deliveries.Go(func() {
			err := p.deliver(p.ctx, e, to, force)
			if p.end(r); err != nil && p.ctx.Err() == nil {
				p.log.Error("runs of an export could not be delivered", "export", r.export, "to", r.remote, "error", err)
			}
		})
	}
}

// begin marks a route as busy. ok is false if it is busy already.
func (p *dispatcher) begin(r route) (force, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy[r] {
		return false, false
	}
	force = p.forced[r]
	delete(p.forced, r)
	p.busy[r] = true
	return force, true
}

// end marks a route as free, and checks again if it was forced meanwhile.
func (p *dispatcher) end(r route) {
	p.mu.Lock()
	delete(p.busy, r)
	again := p.forced[r]
	p.mu.Unlock()
	if again {
		p.check()
	}
}

// logDelivery logs the result of an attempt to deliver a run.
func (d *Daemon) logDelivery(y runs.Delivery) {
	attrs := []any{"export", y.Export, "run", y.Run, "to", y.Remote, "tries", y.Tries}
	switch y.Status {
	case runs.Delivered:
		d.log.Info("delivered", attrs...)
	case runs.Lost:
		d.log.Error("a run is lost to a remote", append(attrs, "error", y.Error)...)
	default:
		d.log.Warn("a delivery failed; it will be retried", append(attrs, "next", y.NextAt.String(), "error", y.Error)...)
	}
}
