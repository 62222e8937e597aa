// Package logpull pulls the logs of the hosts that receive callbacks for this one, which
// judges: each its own goroutine, so that none waits for another.
//
// A pull asks for the lines after the last one that is here, and stores them as they come,
// some hundred at a time, each time together with how far that is. So a kill of either
// side loses nothing and stores nothing twice. What a line is known by, and what happens
// when a receiver was restored from a backup, is said in [winnow/store/lines].
//
// A body is read anew, under the config of this host. Its time of receipt is the
// receiver's. Signatures are verified there: only the receiver has the URL and the headers
// of each callback, and the time of its receipt, and to send them along would make each
// line of the log much longer. Each answer names the sources that it verifies. An event of
// a source that is verified here and not there stops the receiver, as an unknown source does.
// What the receiver could not verify comes with what is needed for it: it is verified again
// with the secrets of this host, and stays in quarantine if that fails. A source that this config does not have stops the receiver at that line: it
// stays there, and is read when the config has the source.
//
// A receiver is not trusted further than its lines: an answer is bounded in lines, in time
// and in the length of a line, is read as a stream, and a redirect is not followed. What
// is wrong with it is an error of that receiver alone, with what to do about it.
//
// Where to change what: one pull is in pull.go, what a line becomes in read.go, the request
// and its errors in request.go, when a receiver is asked in this file.
package logpull

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/config"
	"winnow/internal/loglimit"
	"winnow/internal/ui"
	"winnow/store/engine"
)

// Store stores what was pulled.
type Store interface {
	// Pulled is how far each writer was pulled, the latest of a receiver last.
	Pulled() ([]engine.Pulled, error)
	// PulledOf is how far a writer was pulled.
	PulledOf(writer string) (engine.Pulled, error)
	// AppendPulled stores events, bodies, and how far that is, all or nothing.
	AppendPulled(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable, pulled []engine.Pulled) error
}

// Lock keeps other processes from pulling into the same store.
type Lock interface {
	Acquire(ctx context.Context, busy func(holder engine.Holder)) error
	Unlock() error
}

// Settings are what of a config is needed.
type Settings struct {
	Receivers []config.Receiver
	Readers   map[string]*provider.Reader // by source
	Keys      contactkey.Format
	// Accounts verify the callbacks of sources, by source.
	Accounts map[string]*signature.Account
}

// State is how it is with one receiver.
type State struct {
	URL       string
	CaughtUp  time.Time // when all of its log was here last; zero for not since the start
	Lag       int64     // lines that were not here then, as of the last answer
	Failed    string    // why the last pull failed, a sentence for people; empty if it did not
	Since     time.Time // since when pulls have failed
	Failures  int64     // pulls that failed since the start
	Lines     int64     // pulled since the start
	Bytes     int64     // of them, before they were compressed
	beginning time.Time
}

// Behind is for how long not all of the log has been here.
func (s *State) Behind(now time.Time) time.Duration {
	since := s.CaughtUp
	if since.IsZero() {
		since = s.beginning
	}
	return max(0, now.Sub(since))
}

// Puller pulls. Its methods are safe for use by many goroutines.
type Puller struct {
	store Store
	lock  Lock
	log   *slog.Logger

	mu        sync.Mutex
	ctx       context.Context // nil while it does not run
	settings  Settings
	followers []*follower
	ended     sync.WaitGroup

	locking sync.Mutex
	locked  bool
}

// New returns a puller that does nothing before [Puller.Start].
func New(s Store, lock Lock, log *slog.Logger) *Puller {
	return &Puller{store: s, lock: lock, log: log}
}

// Set puts settings in force: receivers that are new are pulled from now on, those that are
// gone no longer.
func (p *Puller) Set(s Settings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settings = s
	p.adjust()
}

// Start begins to pull, until ctx ends or [Puller.Stop].
func (p *Puller) Start(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx = ctx
	p.adjust()
}

// Stop ends all pulls, and waits for what is being stored.
func (p *Puller) Stop() error {
	p.mu.Lock()
	p.settings.Receivers = nil
	p.adjust()
	p.ctx = nil
	p.mu.Unlock()
	p.ended.Wait()
	p.locking.Lock()
	defer p.locking.Unlock()
	if !p.locked {
		return nil
	}
	p.locked = false
	return p.lock.Unlock()
}

// States are those of all receivers, in the order of the config.
func (p *Puller) States() (list []State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.followers {
		list = append(list, f.current())
	}
	return list
}

// adjust starts and stops followers. The caller holds the lock.
func (p *Puller) adjust() {
	if p.ctx == nil {
		return
	}
	var now []*follower
	for _, r := range p.settings.Receivers {
		at := slices.IndexFunc(p.followers, func(f *follower) bool { return f.receiver == r })
		if at >= 0 {
			now = append(now, p.followers[at])
			continue
		}
		f := newFollower(p, r)
		now = append(now, f)
		ctx, cancel := context.WithCancel(p.ctx)
		f.cancel = cancel
		p.ended.Go(func() { f.run(ctx) })
	}
	for _, f := range p.followers {
		if !slices.Contains(now, f) {
			f.cancel()
		}
	}
	p.followers = now
}

// current are the settings in force.
func (p *Puller) current() Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings
}

// acquire takes the lock, once for all receivers.
func (p *Puller) acquire(ctx context.Context) error {
	p.locking.Lock()
	defer p.locking.Unlock()
	if p.locked {
		return nil
	}
	err := p.lock.Acquire(ctx, nil)
	p.locked = err == nil
	return err
}

// follower pulls the log of one receiver.
type follower struct {
	puller   *Puller
	receiver config.Receiver
	cancel   context.CancelFunc
	lines    *loglimit.Limiter // of the log about failures

	cursor *position // nil until it is read from the store

	mu    sync.Mutex
	state State
}

func newFollower(p *Puller, r config.Receiver) *follower {
	return &follower{puller: p, receiver: r, cancel: func() {}, lines: loglimit.New(failureLogged), state: State{URL: r.URL, beginning: time.Now()}}
}

func (f *follower) current() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

const (
	// every is how long after a pull begins the next one does.
	every = 500 * time.Millisecond
	// longestWait is how long a receiver that fails is left alone.
	longestWait = 10 * time.Second
	// failureLogged is how often the log says that a receiver fails.
	failureLogged = 5 * time.Minute
)

// run pulls until ctx ends.
func (f *follower) run(ctx context.Context) {
	for err := f.puller.acquire(ctx); err != nil; err = f.puller.acquire(ctx) {
		if ctx.Err() != nil {
			return
		}
		f.note(pulled{}, err, time.Now())
		select {
		case <-ctx.Done():
			return
		case <-time.After(longestWait):
		}
	}
	c := newClient(f.receiver)
	defer func() { c.close() }()
	for failures := 0; ; {
		began := time.Now()
		did, err := f.pull(ctx, c)
		if ctx.Err() != nil {
			return
		}
		f.note(did, err, time.Now())
		wait := every - time.Since(began)
		switch {
		case err != nil:
			failures++
			wait = min(longestWait, every<<min(failures, 10))
			f.cursor = nil
			c.close()
			c = newClient(f.receiver) // its files may be other ones
		case did.more:
			failures, wait = 0, 0
		default:
			failures = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// note remembers and logs how a pull ended.
func (f *follower) note(did pulled, err error, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &f.state
	s.Lines, s.Bytes = s.Lines+did.lines, s.Bytes+did.bytes
	if did.answered {
		s.Lag = did.lag
	}
	if err != nil {
		if s.Failed == "" {
			s.Since = now
		}
		s.Failures++
		s.Failed = ui.Printable(err.Error())
		if count, ok := f.lines.Allow(now); ok {
			f.puller.log.Warn("a receiver can't be pulled; what it received waits there", "receiver", s.URL, "failures", count, "since", s.Since, "error", err)
		}
		return
	}
	if s.Failed != "" {
		f.puller.log.Info("a receiver is pulled again", "receiver", s.URL, "failed_since", s.Since)
		f.lines = loglimit.New(failureLogged)
		s.Failed, s.Since = "", time.Time{}
	}
	if !did.more {
		s.CaughtUp, s.Lag = now, 0
	}
}
