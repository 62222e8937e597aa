package traffic

import (
	"container/heap"
	"time"
)

// Sequence is the order in which the events of traffic arrive. It is used by one goroutine at
// a time.
type Sequence struct {
	of      *Traffic
	moment  func(n int64) time.Time
	next    int64 // event that is still to come in order
	place   int64 // of the next callback
	waiting later
}

// Callback is one arrival of an event.
type Callback struct {
	Event
	At    time.Time // when it happened, as it says
	Again bool      // it arrived before
	Late  bool      // it comes after events that happened later
}

// Sequence begins the arrivals of the events from a number on. moment is asked once for each,
// when it begins to arrive: a repeat and one that comes late say the same time.
func (t *Traffic) Sequence(from int64, moment func(n int64) time.Time) *Sequence {
	return &Sequence{of: t, next: from, moment: moment}
}

// Started is how many events have begun to arrive.
func (s *Sequence) Started() int64 { return s.next }

// Next is the next callback. Once limit events have begun to arrive it gives what is still
// to come late, and then false.
func (s *Sequence) Next(limit int64) (c Callback, ok bool) {
	for {
		if s.next >= limit && len(s.waiting) == 0 {
			return Callback{}, false
		}
		if len(s.waiting) > 0 && (s.waiting[0].at <= s.place || s.next >= limit) {
			s.place++
			return heap.Pop(&s.waiting).(arrival).Callback, true
		}
		c := Callback{Event: s.of.Event(s.next), At: s.moment(s.next)}
		s.next++
		if s.delayed(&c) {
			continue
		}
		s.place++
		return c, true
	}
}

// delayed decides whether a callback comes late, and whether it is repeated.
func (s *Sequence) delayed(c *Callback) bool {
	t := s.of
	by := func(draw uint64) int64 { return s.place + 1 + int64(draw%uint64(max(1, t.o.Late))) }
	if t.unit(drawOrder, 2*c.N) < t.o.Repeats {
		again := *c
		again.Again = true
		heap.Push(&s.waiting, arrival{by(t.draw(drawOrder+1, c.N)), again})
	}
	if t.unit(drawOrder, 2*c.N+1) >= t.o.Disorder {
		return false
	}
	c.Late = true
	heap.Push(&s.waiting, arrival{by(t.draw(drawOrder+2, c.N)), *c})
	return true
}

// arrival is a callback that comes at a place or later.
type arrival struct {
	at int64
	Callback
}

// later are arrivals as a heap: the next one first.
type later []arrival

func (l later) Len() int           { return len(l) }
func (l later) Less(i, j int) bool { return l[i].at < l[j].at || l[i].at == l[j].at && l[i].N < l[j].N }
func (l later) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *later) Push(x any)        { *l = append(*l, x.(arrival)) }
func (l *later) Pop() any {
	old := *l
	x := old[len(old)-1]
	*l = old[:len(old)-1]
	return x
}
