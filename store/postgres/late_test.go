package postgres_test

import (
	"context"
	"testing"

	"winnow/hygiene"
	"winnow/store/appender"
	"winnow/store/postgres/pgtest"
)

func TestACommitThatNobodyWaitsForAnyMoreIsNotTakenForTheNextOne(t *testing.T) {
	for _, lost := range []bool{true, false} {
		name := "the next one is sent once"
		if lost {
			name = "the connection of the next one is lost"
		}
		t.Run(name, func(t *testing.T) {
			database := pgtest.Database(t)
			p := through(t, database)
			e := open(t, p.url+"&lock_timeout=100ms")
			log := appending(e)
			commit(t, log, "before")
			release := make(chan struct{})
			p.arm(cut{request: "given-up", next: true, hang: release, tail: untilLinesAreCounted, lost: true})
			if err := log.Commit(context.Background(), &appender.Batch{Events: []hygiene.Event{event("given-up")}}); err == nil {
				t.Error("a commit was answered while its first connection was about to commit it")
			}
			p.await()
			if !lost {
				close(release)
				await(t, database, "SELECT 1 - least(count(*), 1) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()")
				commit(t, log, "next")
			} else {
				p.arm(cut{request: "next"})
				done := make(chan struct{})
				go func() {
					defer close(done)
					commit(t, log, "next")
				}()
				p.await()
				close(release)
				<-done
			}
			storedOnce(t, []string{"before", "next"}, after(t, e, 0))
		})
	}
}
