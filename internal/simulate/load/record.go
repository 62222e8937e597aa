package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The bounds and the precision of latencies: to a thousandth of each, up to an hour.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(time.Hour)
	figures  = 3
)

func newHistogram(figures int) *hdrhistogram.Histogram {
	return hdrhistogram.New(shortest, longest, figures)
}

// Interval is a stretch of the run.
type Interval struct {
	At       time.Duration // its beginning
	Length   time.Duration
	Answers  int64
	Failures int64 // requests without an answer
	P99, Max time.Duration
}

// Recorder records answers. It is safe for use by many goroutines.
type Recorder struct {
	mu       sync.Mutex
	began    time.Time
	every    time.Duration
	all      *hdrhistogram.Histogram
	now      *hdrhistogram.Histogram // of the interval
	interval Interval
	list     []Interval
	statuses map[int]int64 // 0 for no answer
	last     time.Time
	why      error // of a request without an answer, the last one
	show     func(int64)
	sent     int64
}

// NewRecorder begins to record, in intervals of that length. show is called with the number
// of answers; it may be nil.
func NewRecorder(began time.Time, every time.Duration, show func(int64)) *Recorder {
	return &Recorder{began: began, every: every, all: newHistogram(figures), now: newHistogram(figures - 1), statuses: map[int]int64{}, show: show, last: began,
		interval: Interval{Length: every}}
}

func (r *Recorder) add(at, due time.Time, a Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(at)
	r.statuses[a.Status]++
	r.last = at
	if r.sent++; r.show != nil {
		r.show(r.sent)
	}
	if a.Status == 0 {
		r.interval.Failures++
		r.why = a.Err
		return
	}
	took := min(max(int64(at.Sub(due)), shortest), longest)
	_ = r.all.RecordValue(took) // it is within the bounds
	_ = r.now.RecordValue(took)
	r.interval.Answers++
}

// advance ends intervals that are over.
func (r *Recorder) advance(at time.Time) {
	for at.Sub(r.began) >= r.interval.At+r.every {
		r.end()
	}
}

func (r *Recorder) end() {
	r.interval.P99, r.interval.Max = time.Duration(r.now.ValueAtQuantile(99)), time.Duration(r.now.Max())
	if r.interval.Answers == 0 {
		r.interval.P99, r.interval.Max = 0, 0
	}
	r.list = append(r.list, r.interval)
	r.interval = Interval{At: r.interval.At + r.every, Length: r.every}
	r.now.Reset()
}

// Measured is what was recorded.
type Measured struct {
	Took                     time.Duration // until the last answer
	Answers, Failures        int64
	Statuses                 map[int]int64
	P50, P90, P99, P999, Max time.Duration
	Intervals                []Interval
	Why                      error // of the last request without an answer
}

// PerSecond is how many requests were answered in a second.
func (m *Measured) PerSecond() float64 {
	if m.Took <= 0 {
		return 0
	}
	return float64(m.Answers) / m.Took.Seconds()
}

// End ends the recording.
func (r *Recorder) End() *Measured {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(r.last)
	if rest := r.last.Sub(r.began) - r.interval.At; rest > 0 && r.interval.Answers+r.interval.Failures > 0 {
		r.interval.Length = rest
		r.end()
	}
	at := func(percent float64) time.Duration { return time.Duration(r.all.ValueAtQuantile(percent)) }
	m := &Measured{Took: r.last.Sub(r.began), Answers: r.all.TotalCount(), Failures: r.statuses[0], Statuses: r.statuses, Intervals: r.list, Why: r.why}
	if m.Answers > 0 {
		m.P50, m.P90, m.P99, m.P999, m.Max = at(50), at(90), at(99), at(99.9), time.Duration(r.all.Max())
	}
	return m
}
