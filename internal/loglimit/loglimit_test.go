package loglimit

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestALimiterCountsWhatItLeavesOut(t *testing.T) {
	l, begin := New(10*time.Second), time.Now()
	for i, want := range []struct {
		after time.Duration
		count int
		ok    bool
	}{{0, 1, true}, {time.Second, 0, false}, {9 * time.Second, 0, false}, {10 * time.Second, 3, true}, {11 * time.Second, 0, false}} {
		if count, ok := l.Allow(begin.Add(want.after)); count != want.count || ok != want.ok {
			t.Errorf("occurrence %d: %d %v, want %d %v", i, count, ok, want.count, want.ok)
		}
	}
}

func TestALimiterLogsAfterTheClockIsSetBack(t *testing.T) {
	l, begin := New(10*time.Second), time.Now()
	l.Allow(begin)
	if _, ok := l.Allow(begin.Add(-time.Hour)); !ok {
		t.Error("nothing is logged for an hour")
	}
}

func TestABurstIsLoggedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var lines []string
		b := NewBurst(time.Minute, func(count int, latest string) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, fmt.Sprint(count, " ", latest))
		})
		for i := range 1000 {
			b.Add(fmt.Sprint("error ", i))
		}
		wantLines := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if strings.Join(lines, "|") != strings.Join(want, "|") {
				t.Errorf("logged %q, want %q", lines, want)
			}
		}
		wantLines("1 error 0")
		time.Sleep(time.Minute + time.Second)
		wantLines("1 error 0", "999 error 999")
		b.Add("one more, in the minute of the last line")
		wantLines("1 error 0", "999 error 999")
		time.Sleep(10 * time.Minute)
		wantLines("1 error 0", "999 error 999", "1 one more, in the minute of the last line")
		b.Add("after a quiet time")
		wantLines("1 error 0", "999 error 999", "1 one more, in the minute of the last line", "1 after a quiet time")
		time.Sleep(10 * time.Minute)
	})
}

func TestErrorsOfConnectionsAreTwoLinesHoweverMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		errors := HTTPErrors(slog.New(slog.NewTextHandler(&out, nil)), "admin")
		for i := range 500 {
			errors.Printf("http: TLS handshake error from 192.0.2.1:%d: %s", i, strings.Repeat("x", 10_000))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := strings.Count(out.String(), "\n"); n != 2 || out.Len() > 2000 || !strings.Contains(out.String(), "server=admin count=499") {
			t.Errorf("%d lines:\n%.2000s", n, out.String())
		}
	})
}
