package logpull

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/presets"
	"winnow/store"
	"winnow/store/storetest"
)

// BenchmarkPull compares pulling with reading the same bodies here and appending them, as
// an import of events does.
func BenchmarkPull(b *testing.B) {
	const n = 20_000
	there := storetest.Open(b)
	list := storetest.LifelikeLog(n, n, storetest.Start, 1)
	storetest.AppendMany(b, there, list)
	storetest.CountWriting(b)
	b.ResetTimer()
	b.ReportMetric(0, "ns/op")
	for range b.N {
		pull, bytes := pullOnce(b, there)
		imports := importOnce(b, list)
		b.ReportMetric(n/pull.Seconds(), "pulled/s")
		b.ReportMetric(imports.Seconds()/pull.Seconds(), "of-an-import")
		b.ReportMetric(float64(bytes)/n, "B/event")
	}
}

// pullOnce pulls all into a new store, and returns how long that took and how many bytes
// the lines had.
func pullOnce(b *testing.B, there *store.Store) (took time.Duration, bytes int64) {
	h, err := console.New(console.Config{Token: func() string { return "admin-of-one-host-5820" }, LogToken: func() string { return token }, Log: there, LogAlone: true})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	r, here := config.Receiver{URL: server.URL, Token: token}, storetest.Open(b)
	p := New(here, here.Lock("pull"), nil)
	p.settings = Settings{Receivers: []config.Receiver{r}, Readers: map[string]*provider.Reader{"insider": insider(b)}}
	f, c := newFollower(p, r), newClient(r)
	defer c.close()
	began := time.Now()
	for more := true; more; {
		did, err := f.pull(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		more, bytes = did.more, bytes+did.bytes
	}
	return time.Since(began), bytes
}

// importOnce reads the bodies and appends them, as many at a time.
func importOnce(b *testing.B, list []hygiene.Event) time.Duration {
	here, r := storetest.Open(b), insider(b)
	began := time.Now()
	for some := range slices.Chunk(list, storeEvents) {
		var events []hygiene.Event
		for i := range some {
			found, err := r.Read(&provider.Request{Method: http.MethodPost, Body: some[i].Body, ReceivedAt: some[i].ReceivedAt})
			if err != nil {
				b.Fatal(err)
			}
			events = append(events, found.Events...)
		}
		storetest.Append(b, here, events...)
	}
	return time.Since(began)
}

func insider(b *testing.B) *provider.Reader {
	r, err := provider.New(provider.Config{Source: "insider", Format: presets.MustFind("insider").Format, Contact: "uniqueArgs.contact_id"})
	if err != nil {
		b.Fatal(err)
	}
	return r
}
