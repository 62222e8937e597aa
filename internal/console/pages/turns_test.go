package pages

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// looks asks n times for a page that takes so long to make, all together, and returns when
// the last was answered.
func looks(t *testing.T, s *server, n int, takes time.Duration) time.Duration {
	t.Helper()
	h := s.inTurn(func(w http.ResponseWriter, _ *http.Request, _ Visit) error {
		time.Sleep(takes)
		w.WriteHeader(http.StatusOK)
		return nil
	})
	began, done := time.Now(), make(chan error)
	for range n {
		go func() {
			done <- h(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), Visit{})
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return time.Since(began)
}

func TestPagesHaveAQuarterOfAProcessorWhileCallbacksComeIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := false
		s := &server{turns: newTurns(func() bool { return busy })}
		if took := looks(t, s, 4, 10*time.Millisecond); took != 40*time.Millisecond {
			t.Errorf("four pages took %v while nothing came in", took)
		}
		time.Sleep(time.Second)
		busy = true
		if took := looks(t, s, 1, 10*time.Millisecond); took != 10*time.Millisecond {
			t.Errorf("a page took %v after a pause", took)
		}
		time.Sleep(time.Second)
		if took := looks(t, s, 4, 10*time.Millisecond); took != 130*time.Millisecond {
			t.Errorf("four pages took %v while callbacks came in", took)
		}
		time.Sleep(time.Second)
		if took := looks(t, s, 2, time.Minute); took != 2*time.Minute+300*time.Millisecond {
			t.Errorf("two pages that waited for something took %v", took)
		}
	})
}

func TestWhoReadsAPageSlowlyOrLeavesKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{turns: newTurns(func() bool { return true })}
		slow := s.inTurn(func(w http.ResponseWriter, _ *http.Request, _ Visit) error {
			w.WriteHeader(http.StatusOK)
			time.Sleep(time.Hour) // as a reader who takes nothing
			return nil
		})
		go func() { _ = slow(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), Visit{}) }()
		synctest.Wait()
		if took := looks(t, s, 1, 10*time.Millisecond); took != 10*time.Millisecond {
			t.Errorf("a page took %v beside a slow reader", took)
		}
		ctx, leave := context.WithCancel(context.Background())
		leave()
		end, err := s.turns.take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.turns.take(ctx); err == nil {
			t.Error("who left has the turn")
		}
		end()
		if _, err := s.turns.take(ctx); err == nil {
			t.Error("who left has the turn after it was free")
		}
		if took := looks(t, s, 1, time.Millisecond); took > time.Second {
			t.Errorf("a page took %v after one who left", took)
		}
		time.Sleep(2 * time.Hour)
	})
}
