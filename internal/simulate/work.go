package simulate

import (
	"container/heap"
	"strings"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/simulate/answered"
	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/load"
	"winnow/internal/simulate/traffic"
)

// work sends traffic to a target, again where it was not stored, and notes the answers.
type work struct {
	run      string
	target   *target
	traffic  *traffic.Traffic
	maker    *bodies.Maker
	ledger   *answered.Ledger
	retries  []time.Duration // when a callback is sent again, each counted from the try before
	limit    int64           // events; 0 for none
	until    time.Time       // when no more events begin; zero for never
	sequence *traffic.Sequence

	mu         sync.Mutex
	waiting    tries
	counts     map[hygiene.Outcome]int64
	unexpected map[unexpected]int64
	givenUp    int64
	again      int64
}

// try is one sending of a callback.
type try struct {
	traffic.Callback
	before int // tries before this one
}

// Next implements [load.Work].
func (w *work) Next() (load.Job[try], bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) > 0 && !w.waiting[0].due.After(time.Now()) {
		return w.pop(), true
	}
	limit := w.limit
	if !w.until.IsZero() && !time.Now().Before(w.until) || limit == 0 && w.until.IsZero() {
		limit = w.sequence.Started()
	} else if limit == 0 {
		limit = 1 << 62
	}
	if c, ok := w.sequence.Next(limit); ok {
		if !c.Again && c.Lie == traffic.NoLie {
			w.counts[c.Outcome]++
		}
		return load.Job[try]{Key: try{Callback: c}}, true
	}
	if len(w.waiting) > 0 {
		return w.pop(), true
	}
	return load.Job[try]{}, false
}

func (w *work) pop() load.Job[try] {
	d := heap.Pop(&w.waiting).(delayed)
	return load.Job[try]{Key: d.try, Due: d.due}
}

// Request implements [load.Work].
func (w *work) Request(t try) *load.Request {
	v := w.target.values(w.run, &t.Callback)
	r := w.maker.Make(&t.Event, &v)
	token := w.target.token
	if t.Lie == traffic.WrongToken {
		token = traffic.Prefix + strings.Repeat("0", 24)
	}
	out := &load.Request{Method: r.Method, Target: w.target.path + "/callbacks/" + token, Body: r.Body}
	if r.Query != "" {
		out.Target += "?" + r.Query
	}
	if r.Type != "" {
		out.Header = append(out.Header, [2]string{"Content-Type", r.Type})
	}
	out.Header = append(out.Header, w.target.header...)
	if w.target.signer != nil {
		w.target.signer.sign(out, r.Type, &t)
	}
	return out
}

// unexpected is an answer that a callback should not have got.
type unexpected struct {
	Lie    traffic.Lie
	Status int
}

// Done implements [load.Work].
func (w *work) Done(t try, a load.Answer) {
	expect := w.maker.Expects(&t.Event)
	stored := a.Status >= 200 && a.Status < 300
	refused := a.Status >= 400 && a.Status < 500 && a.Status != 429
	// An error of the server says that it is not certain whether the callback is stored.
	uncertain := a.Status == 0 && a.Sent || a.Status >= 500 || a.Status == 429
	w.ledger.Add(t.N, expect, stored, uncertain)
	w.mu.Lock()
	defer w.mu.Unlock()
	if stored && expect == bodies.AsRefused || refused && expect != bodies.AsRefused {
		w.unexpected[unexpected{t.Lie, a.Status}]++
	}
	if stored || refused || expect == bodies.AsRefused {
		return
	}
	if t.before >= len(w.retries) {
		w.givenUp++
		return
	}
	w.again++
	due := time.Now().Add(w.retries[t.before])
	t.before++
	heap.Push(&w.waiting, delayed{due, t})
}

// delayed is a try that is due at a time.
type delayed struct {
	due time.Time
	try
}

// tries are delayed ones as a heap, the first due first.
type tries []delayed

func (t tries) Len() int           { return len(t) }
func (t tries) Less(i, j int) bool { return t[i].due.Before(t[j].due) }
func (t tries) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *tries) Push(x any)        { *t = append(*t, x.(delayed)) }
func (t *tries) Pop() any {
	old := *t
	x := old[len(old)-1]
	*t = old[:len(old)-1]
	return x
}

// Retries are the times after which a callback is sent again that was not stored, each counted
// from the try before, by name: soon, for a run of a minute, or for an hour, as Insider does.
var Retries = map[string][]time.Duration{
	"none": nil,
	"soon": {time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second},
	"hour": {time.Minute, time.Minute, time.Minute, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute, 12 * time.Minute},
}
