package receiver

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"winnow/hygiene"
)

// withBlockedLog is a fixture whose log stores nothing until unblock is called.
func withBlockedLog(t *testing.T) (h fixture, unblock func()) {
	h = open(t)
	disk := make(chan struct{})
	h.log.fail = func(context.Context) error { <-disk; return nil }
	return h, func() { close(disk) }
}

// send posts a body of that length; -1 for one in chunks.
func (h fixture) send(body io.Reader, length int64, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest("POST", "/callbacks/"+token, body)
	req.ContentLength = length
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return h.do(req)
}

// freeMemory is how much of the memory limit is not reserved, to a KiB.
func (h fixture) freeMemory() int {
	bytes := 0
	for step := maxLargeBodies; step >= 1<<10; step /= 2 {
		if bytes+step <= maxLargeBodies && h.memory.free.TryAcquire(int64(bytes+step)) {
			h.memory.free.Release(int64(bytes + step))
			bytes += step
		}
	}
	return bytes
}

var large = strings.Repeat("x", MaxBody)

func TestMemoryOfLargeBodiesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, unblock := withBlockedLog(t)
		stored := 0
		var posting sync.WaitGroup
		for h.freeMemory() >= (copies+1)*MaxBody {
			posting.Go(func() {
				if w := h.post(large); w.Code != 200 {
					t.Errorf("with room for it: %d", w.Code)
				}
			})
			synctest.Wait()
			if stored++; stored > maxLargeBodies/MaxBody {
				t.Fatalf("%d bodies of 1 MiB wait for the disk, and more have room", stored)
			}
		}
		if stored < maxLargeBodies/(copies+1)/MaxBody {
			t.Errorf("%d bodies filled the memory limit", stored)
		}
		began := time.Now()
		for _, length := range []int64{MaxBody, -1} {
			w := h.send(strings.NewReader(large), length)
			if w.Code != 503 || w.Header().Get("Retry-After") == "" || h.counter.last() != "insider:busy" {
				t.Errorf("one too many: %d, counted %s", w.Code, h.counter.last())
			}
		}
		if took := time.Since(began); took > 2*maxMemoryWait {
			t.Errorf("refused after %s", took)
		}
		unblock()
		posting.Wait()
		if w := h.post(large); w.Code != 200 || h.freeMemory() != maxLargeBodies {
			t.Errorf("after that: %d, %d bytes are reserved", w.Code, maxLargeBodies-h.freeMemory())
		}
	})
}

func TestSmallBodiesNeverWaitForLargeOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, unblock := withBlockedLog(t)
		if !h.memory.free.TryAcquire(maxLargeBodies) {
			t.Fatal("a new memory limit is not entirely free")
		}
		batch := "[" + strings.Repeat(event+",", 200) + event + "]"
		if len(batch) > smallBody {
			t.Fatalf("%d bytes are not small", len(batch))
		}
		var posting sync.WaitGroup
		for _, body := range []string{event, batch} {
			for _, c := range []struct {
				body   string
				length int64
				header []string
			}{
				{body, int64(len(body)), nil},
				{body, -1, nil},
				{zipped(t, body), -1, []string{"Content-Encoding", "gzip"}},
			} {
				for range 50 {
					posting.Go(func() {
						if w := h.send(strings.NewReader(c.body), c.length, c.header...); w.Code != 200 {
							t.Errorf("%d bytes, length %d, %v: %d", len(body), c.length, c.header, w.Code)
						}
					})
				}
			}
		}
		synctest.Wait()
		unblock()
		posting.Wait()
	})
}

func TestSlowSendersReserveOnlyWhatTheySent(t *testing.T) {
	for _, c := range []struct {
		name            string
		senders, arrive int
		length          int64
		header          []string
		most            int
	}{
		{"announced", 400, 20, MaxBody, nil, 0},
		{"in chunks", 400, 20, -1, nil, 0},
		{"zipped", 400, 20, -1, []string{"Content-Encoding", "gzip"}, 0},
		{"a little", 400, 15_000, MaxBody, nil, 0},
		{"a lot", 100, 100_000, -1, nil, 100 * 128 << 10},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := open(t)
			var sending sync.WaitGroup
			var senders []*io.PipeWriter
			for range c.senders {
				body, sender := io.Pipe()
				senders = append(senders, sender)
				sending.Go(func() {
					if w := h.send(body, c.length, c.header...); w.Code != 400 {
						t.Errorf("%s: cut off, it is answered %d", c.name, w.Code)
					}
				})
				sending.Go(func() { _, _ = io.WriteString(sender, strings.Repeat(" ", c.arrive)) })
			}
			synctest.Wait()
			if held := maxLargeBodies - h.freeMemory(); held > c.most {
				t.Errorf("%s: they reserve %d bytes, want at most %d", c.name, held, c.most)
			}
			if w := h.post(large); w.Code != 200 {
				t.Errorf("%s: meanwhile a large body is answered %d", c.name, w.Code)
			}
			for _, sender := range senders {
				sender.CloseWithError(errors.New("gone"))
			}
			sending.Wait()
			if h.freeMemory() != maxLargeBodies {
				t.Errorf("%s: %d bytes are not released", c.name, maxLargeBodies-h.freeMemory())
			}
		})
	}
}

func TestGzippedBodyReservesItsInflatedSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, unblock := withBlockedLog(t)
		body := `{"id":"a","event":"sent","x":"` + strings.Repeat("x", 200_000) + `"}`
		var posting sync.WaitGroup
		posting.Go(func() { h.send(strings.NewReader(zipped(t, body)), -1, "Content-Encoding", "gzip") })
		synctest.Wait()
		if held := maxLargeBodies - h.freeMemory(); held < copies*len(body) || held > (copies+1)*len(body) {
			t.Errorf("%d bytes inflated wait for the disk and reserve %d", len(body), held)
		}
		unblock()
		posting.Wait()
	})
}

// insiderMax is how many objects a callback of the preset insider may have.
const insiderMax = 1000

func TestManyTinyObjectsReserveWhatTheyBecome(t *testing.T) {
	for _, element := range []string{"1", `{"id":"a","event":"b"}`, event} {
		body := "[" + strings.Repeat(element+",", insiderMax-1) + element + "]"
		synctest.Test(t, func(t *testing.T) {
			h, unblock := withBlockedLog(t)
			var posting sync.WaitGroup
			posting.Go(func() { h.post(body) })
			synctest.Wait()
			each := unsafe.Sizeof(hygiene.Event{})
			if element == "1" {
				each = unsafe.Sizeof(hygiene.Unreadable{})
			}
			least := copies*len(body) + insiderMax*int(each)
			if held := maxLargeBodies - h.freeMemory(); held < least && least > 5*smallBody {
				t.Errorf("%d elements %s become %d bytes and reserve %d", insiderMax, element, least, held)
			}
			unblock()
			posting.Wait()
		})
	}
}
