package pages

import (
	"context"
	"net/http"
	"time"
)

// turns keep people who look from taking the processor from callbacks: one page is made at
// a time, and while callbacks come in the next one waits for three times as long as the
// last took. So pages have a quarter of one processor, however many people click. A person
// notices nothing of it: a page takes some milliseconds.
type turns struct {
	slot chan struct{} // holds who makes a page
	free time.Time     // from when on the next may begin
	busy func() bool   // whether callbacks come in; nil: they don't
}

// pauseOf is how long the next page waits for one that took so long. One that waited for
// something took less of the processor than of the time.
func pauseOf(took time.Duration) time.Duration { return 3 * min(took, 100*time.Millisecond) }

func newTurns(busy func() bool) *turns { return &turns{slot: make(chan struct{}, 1), busy: busy} }

// take waits for the turn and returns what ends it. Its error is that of the context.
func (t *turns) take(ctx context.Context) (end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case t.slot <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if wait := time.Until(t.free); wait > 0 && t.busy != nil && t.busy() {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			<-t.slot
			return nil, ctx.Err()
		}
	}
	began := time.Now()
	return func() {
		t.free = time.Now().Add(pauseOf(time.Since(began)))
		<-t.slot
	}, nil
}

// turnWriter ends the turn of what is written.
type turnWriter struct {
	http.ResponseWriter
	end func() // nil once it has ended
}

func (w *turnWriter) release() {
	if w.end != nil {
		w.end()
		w.end = nil
	}
}

func (w *turnWriter) WriteHeader(status int) {
	w.release()
	w.ResponseWriter.WriteHeader(status)
}

func (w *turnWriter) Write(b []byte) (int, error) {
	w.release()
	return w.ResponseWriter.Write(b)
}

// Unwrap returns the writer below, for http.ResponseController.
func (w *turnWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
