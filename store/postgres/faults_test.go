package postgres_test

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"math/rand/v2"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"winnow/hygiene"
	"winnow/store/appender"
	"winnow/store/engine"
	"winnow/store/lines"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

var (
	crashes = flag.Int("crashes", 1, "crashes of the server under load")
	cuts    = flag.Int("cuts", 15, "cuts of connections at a random byte")
)

func TestAppendsUnderLoadAreStoredOnceWhateverCrashes(t *testing.T) {
	server := pgtest.Server(t)
	e := open(t, server.URL())
	load := begin(e)
	for range *crashes {
		load.await(500)
		server.StopImmediate(t)
		server.Start(t)
	}
	load.await(500)
	storedOnce(t, load.end(t), after(t, e, 0))
}

func TestACommitWhoseConnectionIsLostIsStoredOnce(t *testing.T) {
	for name, where := range map[string]func(id string) cut{
		"before it": func(id string) cut { return cut{request: id} },
		"after it":  func(string) cut { return cut{answer: "COMMIT"} },
	} {
		t.Run(name, func(t *testing.T) {
			p := through(t, pgtest.Database(t))
			e := open(t, p.url)
			log := appending(e)
			var ids []string
			for n := range 6 {
				ids = append(ids, fmt.Sprint("message-", n))
				if n%2 == 1 {
					p.arm(where(ids[n]))
				}
				commit(t, log, ids[n])
			}
			if p.times() != 3 {
				t.Errorf("%d cuts", p.times())
			}
			storedOnce(t, ids, after(t, e, 0))
		})
	}
}

func TestACursorMissesNothingWhereverConnectionsAreCut(t *testing.T) {
	database := pgtest.Database(t)
	p := through(t, database)
	one, two := begin(open(t, p.url)), begin(open(t, p.url))
	reader := open(t, database)
	var seen []string
	for nth := range *cuts {
		p.arm(cut{bytes: 1 + rand.IntN(20_000)})
		for p.times() <= nth {
			one.await(1)
			two.await(1)
			seen = append(seen, after(t, reader, len(seen))...)
		}
	}
	ids := append(one.end(t), two.end(t)...)
	storedOnce(t, ids, append(seen, after(t, reader, len(seen))...))
}

func TestAnAppenderThatHangsHoldsUpNobody(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("in its first commit: %t", first), func(t *testing.T) {
			database := pgtest.Database(t)
			p := through(t, database)
			hanging, e := appending(open(t, p.url)), open(t, database)
			log := appending(e)
			var ids []string
			if !first {
				ids = append(ids, "before")
				commit(t, hanging, "before")
			}
			release, done := make(chan struct{}), make(chan struct{})
			p.arm(cut{request: "hangs", hang: release, tail: untilCommit})
			go func() {
				defer close(done)
				commit(t, hanging, "hangs")
			}()
			p.await()
			commit(t, log, "other")
			ids = append(ids, "other")
			storedOnce(t, ids, after(t, e, 0))
			close(release)
			<-done
			storedOnce(t, append(ids, "hangs"), after(t, e, 0))
		})
	}
}

func TestACommitThatIsStillUnderWayWhenItsConnectionIsLostIsStoredOnce(t *testing.T) {
	for _, tail := range []int{untilCommit, untilLinesAreCounted} {
		t.Run(fmt.Sprint(tail, " bytes are missing"), func(t *testing.T) {
			database := pgtest.Database(t)
			p := through(t, database)
			e := open(t, p.url)
			log := appending(e)
			commit(t, log, "before")
			release, done := make(chan struct{}), make(chan struct{})
			p.arm(cut{request: "late", next: true, hang: release, tail: tail, lost: true})
			go func() {
				defer close(done)
				commit(t, log, "late")
			}()
			p.await()
			await(t, database, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
			close(release)
			<-done
			storedOnce(t, []string{"before", "late"}, after(t, e, 0))
		})
	}
}

// How many bytes are missing of what a transaction sends after its lines, so that it is not
// committed, or also does not say how many lines its appender has.
const (
	untilCommit          = 60
	untilLinesAreCounted = 150
)

// await asks until the answer is not 0.
func await(t testing.TB, database, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for n := 0; n == 0; {
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASynchronousStandbyThatIsPromotedUnderLoadHasWhatWasAnswered(t *testing.T) {
	primary := pgtest.Server(t)
	standby := primary.Standby(t)
	primary.Synchronous(t)
	e := open(t, primary.URL(standby))
	load := begin(e)
	load.await(500)
	primary.StopImmediate(t)
	standby.Promote(t)
	load.await(500)
	storedOnce(t, load.end(t), after(t, e, 0))
}

func TestWhatAnAsynchronousStandbyLacksIsPutBack(t *testing.T) {
	primary := pgtest.Server(t)
	standby := primary.Standby(t)
	e := open(t, primary.URL(standby))
	one, two := begin(e), begin(open(t, primary.URL(standby)))
	one.await(100)
	two.await(100)
	standby.StopImmediate(t)
	one.await(100) // which the standby never gets
	two.await(100)
	before := named(t, e)
	primary.StopImmediate(t)
	standby.Start(t)
	standby.Promote(t)
	one.await(100)
	two.await(100)
	storedOnce(t, append(one.end(t), two.end(t)...), after(t, e, 0))
	for line, id := range named(t, e) {
		if was := before[line]; was != "" && was != id {
			t.Fatalf("line %v was %s, and is %s", line, was, id)
		}
	}
}

// A host that pulls the log knows lines by their writer and their place. What had places on
// the server that was lost, and has none yet on the one that was promoted, may get others.
func TestALineThatAStandbyHasInAnotherPlaceHasAnotherName(t *testing.T) {
	primary := pgtest.Server(t)
	standby := primary.Standby(t)
	one, two := abandoned(t, primary.URL()), abandoned(t, primary.URL())
	logs := []*appender.Appender{appending(one), appending(two)}
	held, err := pgx.Connect(t.Context(), primary.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close(context.Background())
	if _, err := held.Exec(t.Context(), "BEGIN; SELECT 1 FROM log_end FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	commit(t, logs[0], "first-1")
	commit(t, logs[1], "second-1")
	commit(t, logs[1], "second-2")
	primary.AwaitStandby(t)
	standby.StopImmediate(t)
	commit(t, logs[0], "first-2")
	if err := held.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := named(t, one)
	primary.StopImmediate(t)
	standby.Start(t)
	standby.Promote(t)
	after := named(t, open(t, standby.URL()))
	if len(before) != 4 || len(after) != 3 {
		t.Errorf("lines before: %v, after: %v", before, after)
	}
	for line, id := range after {
		if was := before[line]; was != "" && was != id {
			t.Errorf("line %v was %s, and is %s", line, was, id)
		}
	}
}

// lineName is what a host that pulls the log knows a line by.
type lineName struct {
	writer string
	n      int64
}

// named are the messages of the lines of the log.
func named(t testing.TB, e engine.Engine) map[lineName]string {
	t.Helper()
	ids := map[lineName]string{}
	log := lines.Of(e)
	last, err := log.LastLine()
	for n := int64(0); n < last; {
		var list []lines.Line
		if list, err = log.Lines(n, 1000, 1<<20); err != nil {
			break
		}
		for i := range list {
			n = list[i].N
			ids[lineName{list[i].Writer, n}] = list[i].Event.MessageID
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// open opens a database, and closes it after the test.
func open(t testing.TB, at string) *postgres.Engine {
	t.Helper()
	e, err := postgres.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// abandoned opens a database whose server is gone before it is closed.
func abandoned(t testing.TB, at string) *postgres.Engine {
	t.Helper()
	e, err := postgres.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func event(id string) hygiene.Event {
	at := hygiene.Instant(1_767_225_600_000_000)
	return hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: id, Name: "delivered", Outcome: hygiene.Delivered, Contact: "crm-1", Body: []byte(`{}`)}
}

// appending is the appender of an engine.
func appending(e engine.Engine) *appender.Appender {
	return appender.Start(e, func(err error) error { return err })
}

func commit(t testing.TB, log *appender.Appender, id string) {
	t.Helper()
	if err := log.Commit(t.Context(), &appender.Batch{Events: []hygiene.Event{event(id)}}); err != nil {
		t.Errorf("%s: %v", id, err)
	}
}

// load is callers that append one event after the other.
type load struct {
	log     *appender.Appender
	callers sync.WaitGroup
	mu      sync.Mutex
	more    *sync.Cond
	ids     []string // of what was answered
	failed  []error
	ended   bool
}

const callers = 8

func begin(e engine.Engine) *load {
	l := &load{log: appending(e)}
	l.more = sync.NewCond(&l.mu)
	for caller := range callers {
		l.callers.Go(func() {
			for n := 0; l.append(fmt.Sprintf("%p-%d-%d", l, caller, n)); n++ {
			}
		})
	}
	return l
}

// append appends one event; false when there are to be no more.
func (l *load) append(id string) bool {
	err := l.log.Commit(context.Background(), &appender.Batch{Events: []hygiene.Event{event(id)}})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.ids = append(l.ids, id)
	} else {
		l.failed = append(l.failed, err)
	}
	l.more.Broadcast()
	return !l.ended && len(l.failed) == 0
}

// await waits until so many more were answered, or one failed.
func (l *load) await(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n += len(l.ids); len(l.ids) < n && len(l.failed) == 0; {
		l.more.Wait()
	}
}

// end ends the load, and returns what was answered.
func (l *load) end(t testing.TB) []string {
	t.Helper()
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.callers.Wait()
	if err := errors.Join(append(l.failed, l.log.Close())...); err != nil {
		t.Error(err)
	}
	return l.ids
}

// after reads the messages of the events after that seq.
func after(t testing.TB, e engine.Engine, seq int) (ids []string) {
	t.Helper()
	err := e.ReadLog(func(r engine.LogReader) error {
		ids = nil
		for {
			events, err := r.EventsAfter(int64(seq+len(ids)), 1000, 1<<20)
			if err != nil || len(events) == 0 {
				return err
			}
			for i := range events {
				ids = append(ids, events[i].MessageID)
				if want := int64(seq + len(ids)); events[i].Seq != want {
					t.Fatalf("seq %d is in the place of %d", events[i].Seq, want)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// storedOnce checks that what was answered is what is stored, each once.
func storedOnce(t testing.TB, answered, stored []string) {
	t.Helper()
	times := map[string]int{}
	for _, id := range stored {
		times[id]++
	}
	lost := 0
	for _, id := range answered {
		if times[id] == 0 {
			lost++
		}
	}
	if len(stored) != len(answered) || len(times) != len(answered) || lost > 0 {
		t.Errorf("%d were answered, of which %d are lost; %d are stored, %d different", len(answered), lost, len(stored), len(times))
	}
	t.Logf("answered %d, stored %d, different %d", len(answered), len(stored), len(times))
}
