package pages

import (
	"fmt"
	"net/url"
	"sync"
	"time"
)

// longActs are acts of forms that may take longer than a proxy waits for an answer. They
// go on behind the page, which shows how they end. A restart forgets them; what they do
// is as safe from an interruption as when a command does it.
type longActs struct {
	mu   sync.Mutex
	acts map[string]*longAct
}

// longAct is one act, by what it is about.
type longAct struct {
	by      string
	began   time.Time
	done    chan struct{} // closed when it has ended
	outcome outcome
}

// outcome is how an act ended.
type outcome struct {
	next   *url.URL // where to look; nil for where the form says
	notice Notice
	err    error
}

const (
	// patience is how long the answer to a form waits: proxies give up after a minute, some
	// sooner.
	patience = 20 * time.Second
	// keepOutcome is how long pages show how an act ended that nobody waited for.
	keepOutcome = time.Hour
)

// do acts, unless the same is under way: the answer to a second click must not say that
// nothing was done. what says it in a notice: "The run is being made".
func (l *longActs) do(about, by, what string, next *url.URL, act func() outcome) (*url.URL, Notice, error) {
	l.mu.Lock()
	if other := l.acts[about]; other != nil && other.isRunning() {
		l.mu.Unlock()
		return next, Notice{Failed: true, Text: fmt.Sprintf("%s already, since %s, by %s; nothing was done besides.", what, other.began.UTC().Format("15:04:05 UTC"), other.by)}, nil
	}
	a := &longAct{by: by, began: time.Now(), done: make(chan struct{})}
	if l.acts == nil {
		l.acts = map[string]*longAct{}
	}
	l.acts[about] = a
	l.mu.Unlock()
	go a.run(act)
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-a.done:
		l.drop(about, a)
		if a.outcome.next != nil {
			next = a.outcome.next
		}
		return next, a.outcome.notice, a.outcome.err
	case <-timeout.C:
		time.AfterFunc(keepOutcome, func() { l.drop(about, a) })
		return next, Notice{Text: what + ".", More: []string{"This page shows how it ends."}}, nil
	}
}

func (a *longAct) run(act func() outcome) {
	defer close(a.done)
	defer func() {
		if p := recover(); p != nil {
			a.outcome = outcome{err: fmt.Errorf("this is a bug in winnow: %T", p)}
		}
	}()
	a.outcome = act()
}

func (a *longAct) isRunning() bool {
	select {
	case <-a.done:
		return false
	default:
		return true
	}
}

// drop forgets an act that has ended.
func (l *longActs) drop(about string, a *longAct) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.acts[about] == a && !a.isRunning() {
		delete(l.acts, about)
	}
}

// longState is what a page shows of an act that it did not wait for.
type longState struct {
	By      string
	Since   string
	Running bool
	Notice  Notice // how it ended
}

// state is that of the act about something; nil for none.
func (l *longActs) state(about string) *longState {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.acts[about]
	if a == nil {
		return nil
	}
	s := &longState{By: a.by, Since: a.began.UTC().Format("15:04 UTC"), Running: a.isRunning()}
	if !s.Running {
		if s.Notice = a.outcome.notice; a.outcome.err != nil {
			s.Notice = Notice{Failed: true, Text: "It failed: " + a.outcome.err.Error()}
		}
	}
	return s
}
