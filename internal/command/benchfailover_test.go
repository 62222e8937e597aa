package command

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/postgres/pgtest"
)

// BenchmarkFailover measures what the callbacks and the jobs of two daemons on one server lose
// of time when the server crashes and starts again, when its standby is promoted, and when
// the daemon that runs the jobs is killed. Callbacks come steadily to each daemon, as those of a
// provider do that waits 10 seconds for an answer. Run it with -benchtime 1x.
func BenchmarkFailover(b *testing.B) {
	for b.Loop() {
		for _, c := range []struct {
			name string
			with func(primary *pgtest.Cluster) string // the URL of the store
			fail func(primary *pgtest.Cluster, s *shared, holder *host)
		}{
			{"the server crashes and starts again", func(p *pgtest.Cluster) string { return p.URL() }, func(p *pgtest.Cluster, _ *shared, _ *host) {
				p.StopImmediate(b)
				p.Start(b)
			}},
			{"the daemon that runs the jobs is killed", func(p *pgtest.Cluster) string { return p.URL() }, func(_ *pgtest.Cluster, _ *shared, holder *host) {
				holder.process.kill(b)
			}},
		} {
			primary := pgtest.Server(b)
			reportFailure(b, c.name, c.with(primary), func(s *shared, holder *host) { c.fail(primary, s, holder) })
		}
		primary := pgtest.Server(b)
		standby := primary.Standby(b)
		primary.Synchronous(b)
		reportFailure(b, "its synchronous standby is promoted", primary.URL(standby), func(*shared, *host) {
			primary.StopImmediate(b)
			standby.Promote(b)
		})
	}
}

// reportFailure measures one failure, and prints how long what took.
func reportFailure(b *testing.B, name, url string, fail func(s *shared, holder *host)) {
	b.Helper()
	s := newShared(b, url, "1s", 2)
	opened := s.open(b)
	holder, other := s.runsJobs(b, opened)
	until(b, "runs are made", func() bool { return len(s.runs(b, opened)) >= 2 })
	load := []*steady{knock(holder.process.url), knock(other.process.url)}
	time.Sleep(2 * time.Second)
	began := time.Now()
	fail(s, holder)
	took := time.Since(began)
	at := hygiene.InstantOf(time.Now())
	time.Sleep(10 * time.Second)
	until(b, "runs are made again", func() bool { return s.runs(b, opened)[0].AsOf > at })
	for i := len(load) - 1; i >= 0; i-- {
		l := load[i].end()
		b.Logf("%s (which took %.1f s), at the host that ran the jobs: %t: %d callbacks answered 200, %d 503, %d not; the slowest 200 took %.1f s, the longest time without one %.1f s",
			name, took.Seconds(), i == 0, l.answers[200], l.answers[503], l.answers[0], l.slowest.Seconds(), l.longest.Seconds())
	}
	gap := time.Duration(0)
	list := s.runs(b, opened)
	for i := range list[1:] {
		gap = max(gap, list[i].AsOf.Sub(list[i+1].AsOf))
	}
	b.Logf("%s: the longest time between two runs, which are due each second, was %.1f s", name, gap.Seconds())
	for _, h := range s.hosts {
		h.process.Process.Kill()
		h.process.Wait()
	}
}

// steady is a caller that posts a callback every 50 ms, and waits for no answer before the next.
type steady struct {
	mu               sync.Mutex
	answers          map[int]int // by status; 0 for none
	last             time.Time   // when a 200 came last
	slowest, longest time.Duration
	stop             chan struct{}
	posting          sync.WaitGroup
}

func knock(url string) *steady {
	s := &steady{answers: map[int]int{}, last: time.Now(), stop: make(chan struct{})}
	client := &http.Client{Timeout: 10 * time.Second}
	s.posting.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-s.stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			s.posting.Go(func() { s.post(client, url, fmt.Sprintf("%p-%d", s, n)) })
		}
	})
	return s
}

func (s *steady) post(client *http.Client, url, id string) {
	began, status := time.Now(), 0
	if answer, err := client.Post(url, "application/json", bytes.NewReader(callback(id))); err == nil {
		answer.Body.Close()
		status = answer.StatusCode
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[status]++
	if now := time.Now(); status == 200 {
		s.slowest, s.longest, s.last = max(s.slowest, now.Sub(began)), max(s.longest, now.Sub(s.last)), now
	}
}

func (s *steady) end() *steady {
	close(s.stop)
	s.posting.Wait()
	return s
}
