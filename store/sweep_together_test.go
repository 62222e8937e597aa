package store_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/location"
	"winnow/store/storetest"
)

// several opens the store that is at a location several times, as other processes would, and lets them
// help with the sweeps of the first until the test ends.
func several(t testing.TB, n int, o store.SweepOptions) []*store.Store {
	t.Helper()
	at := enginetest.New(t)
	if !location.IsServer(at) {
		t.Skip("a store on this host is swept by one process")
	}
	if *away > 0 {
		at = delayed(t, at, *away)
	}
	list := make([]*store.Store, n)
	for i := range list {
		list[i] = storetest.OpenAt(t, at)
	}
	storetest.SavePolicy(t, list[0], o.Policy)
	for _, s := range list[1:] {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan bool)
		go func() {
			defer close(ended)
			s.HelpSweep(ctx, func() store.SweepOptions { return o }, func(err error) { t.Error(err) })
		}()
		t.Cleanup(func() { cancel(); <-ended })
	}
	for ready := int64(0); ready < int64(n-1); {
		err := list[0].Read(func(c engine.Reader) (err error) {
			ready, err = c.Number("SELECT count(*) FROM sweepers WHERE sweeper <> 'nobody'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestSeveralProcessesSweepToTheSame(t *testing.T) {
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 17))
		rules := numberRules()
		rules.UseNumbers([]string{"hard_bounce", "blocked", "silent"})
		o := store.SweepOptions{Policy: rules, Now: storetest.Start, Batch: 40, Breakers: []hygiene.Breaker{bounces}}
		together, alone := several(t, 3, o), storetest.Open(t)
		storetest.SavePolicy(t, alone, rules)
		did := map[*store.Store]store.Swept{}
		for range 3 {
			events, messages := crowd(r, 400)
			for _, s := range []*store.Store{together[0], alone} {
				if _, err := s.SaveProfiles(profiles(60), storetest.Start); err != nil {
					t.Fatal(err)
				}
				storetest.Append(t, s, events...)
				storetest.Register(t, s, messages[:len(messages)/2]...)
				sweep(t, s, o, did)
				storetest.Register(t, s, messages[len(messages)/2:]...)
				sweep(t, s, o, did)
			}
		}
		a, b := did[together[0]], did[alone]
		if a.Events != b.Events || a.Held != b.Held || a.Cursor != b.Cursor || a.Repeats != b.Repeats {
			t.Errorf("seed %d: together %+v, alone %+v", seed, a, b)
		}
		for _, one := range together {
			checkSame(t, one, alone)
		}
		if a, b := fmt.Sprintf("%+v", tripsOf(t, together[0])), fmt.Sprintf("%+v", tripsOf(t, alone)); a != b {
			t.Errorf("seed %d: trips together\n%s\nalone\n%s", seed, a, b)
		}
	}
}

func TestWhatAProcessLeavesThatLedASweepIsSweptByTheNext(t *testing.T) {
	o := store.SweepOptions{Policy: numberRules(), Now: storetest.Start}
	o.Policy.UseNumbers([]string{"hard_bounce", "blocked", "silent"})
	left, alone := several(t, 2, o), storetest.Open(t)
	storetest.SavePolicy(t, alone, o.Policy)
	events, messages := crowd(rand.New(rand.NewPCG(5, 5)), 300)
	for _, s := range []*store.Store{left[0], alone} {
		storetest.Register(t, s, messages...)
		storetest.Append(t, s, events...)
	}
	const portions, swept = 7, 3
	other := o
	other.RequireSendLog = map[string]bool{"another": true} // so that the helper, whose config is o, does not take one
	if err := left[0].OpenPortions(other, int64(len(events)), portions); err != nil {
		t.Fatal(err)
	}
	if taken, err := left[0].SweepPortion(o); taken || err != nil {
		t.Errorf("a portion was taken under another config: %t, %v", taken, err)
	}
	for range swept {
		if taken, err := left[0].SweepPortion(other); !taken || err != nil {
			t.Fatal(taken, err)
		}
	}
	for _, s := range []*store.Store{left[1], alone} {
		sweep(t, s, o, map[*store.Store]store.Swept{})
		sweep(t, s, o, map[*store.Store]store.Swept{})
	}
	checkSame(t, left[1], alone)
}

// checkSame checks that the contacts of a crowd are the same in both.
func checkSame(t *testing.T, together, alone *store.Store) {
	t.Helper()
	for i := range 60 {
		key := fmt.Sprint("contact-", i)
		a, _, errA := together.Contact(key)
		b, _, errB := alone.Contact(key)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if !bytes.Equal(a.Pack(nil), b.Pack(nil)) && !overflowed(a) {
			t.Errorf("%s: together %+v\nalone %+v", key, a.Suppressions, b.Suppressions)
		}
	}
}

func sweep(t *testing.T, s *store.Store, o store.SweepOptions, did map[*store.Store]store.Swept) {
	t.Helper()
	swept, err := s.Sweep(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	sum := did[s]
	sum.Events, sum.Held, sum.Repeats, sum.Cursor = sum.Events+swept.Events, sum.Held+swept.Held, sum.Repeats+swept.Repeats, swept.Cursor
	did[s] = sum
}

// profiles are those of contacts of which each third one shares its number with the next.
func profiles(n int) []store.Profile {
	list := make([]store.Profile, n)
	for i := range list {
		list[i] = store.Profile{Key: fmt.Sprint("contact-", i), HasPhone: true, Phone: fmt.Sprintf("+9055500%05d", i-i%3/2)}
	}
	return list
}

// crowd is events of many contacts in order of time, some of which only the send log knows, or
// a phone number.
func crowd(r *rand.Rand, n int) (events []hygiene.Event, messages []store.Registration) {
	at := storetest.Start.Add(hygiene.Day)
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.HardBounce, hygiene.Unsubscribed, hygiene.Resubscribed, hygiene.Blocked}
	prefix := r.Uint32()
	for i := range n {
		at = at.Add(hygiene.Day / 400)
		e := storetest.Event(at, fmt.Sprint("contact-", r.IntN(60)), fmt.Sprintf("%x-%d", prefix, i), outcomes[r.IntN(len(outcomes))])
		switch r.IntN(6) {
		case 0:
			messages = append(messages, store.Registration{Source: e.Source, MessageID: e.MessageID, Contact: e.Contact})
			e.Contact = ""
		case 1:
			e.To = fmt.Sprintf("+9055500%05d", r.IntN(60))
			e.Contact = ""
		}
		events = append(events, e)
	}
	return events, messages
}

var away = flag.Duration("away", 0, "how long bytes take to the server and back, in the benchmark of several processes")

var nameless = flag.Bool("nameless", false, "only the send log knows the contacts, in the benchmark of several processes")

// BenchmarkSweepTogether sweeps by one process and by two, in turn, and prints how much
// faster two are. On a machine that its server and the processes share they are bound by its
// processors; with -away 1ms each of them waits for its server as over a network.
func BenchmarkSweepTogether(b *testing.B) {
	p := storetest.TwoRules()
	at := storetest.Start.Add(400 * hygiene.Day)
	rates := map[int]float64{}
	storetest.CountWriting(b)
	for b.Loop() {
		for _, n := range []int{1, 2} {
			o := options(p, at)
			s := several(b, n, o)
			events := storetest.LifelikeLog(*million, *million, at, 7)
			if *nameless {
				registerAll(b, s[0], events, "theirs")
				for i := range events {
					events[i].Contact = ""
				}
			}
			storetest.AppendMany(b, s[0], events)
			began := time.Now()
			did, err := s[0].Sweep(b.Context(), o)
			if err != nil {
				b.Fatal(err)
			}
			rates[n] = max(rates[n], float64(did.Events)/time.Since(began).Seconds())
		}
	}
	b.ReportMetric(rates[1], "events/s-by-one")
	b.ReportMetric(rates[2], "events/s-by-two")
	b.ReportMetric(rates[2]/rates[1], "times")
	b.ReportMetric(0, "ns/op")
}

// delayed is the location of a store whose server is so far away.
func delayed(tb testing.TB, at string, delay time.Duration) string {
	tb.Helper()
	server, err := url.Parse(location.URL(at))
	if err != nil {
		tb.Fatal(err)
	}
	const socket = ".s.PGSQL.5432"
	folder, err := os.MkdirTemp("", "winnow-away-") // a socket's path must be short
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(folder, socket))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { listener.Close(); os.RemoveAll(folder) })
	to := filepath.Join(server.Query().Get("host"), socket)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", to)
			if err != nil {
				near.Close()
				continue
			}
			go carry(far, near, delay/2)
			go carry(near, far, delay/2)
		}
	}()
	server.RawQuery = "host=" + folder
	return location.Server(server, tb.TempDir())
}

// carry writes to one connection what it reads from another, each part so much later.
func carry(to, from net.Conn, delay time.Duration) {
	type part struct {
		bytes []byte
		at    time.Time
	}
	parts := make(chan part, 1024)
	go func() {
		defer close(parts)
		for {
			bytes := make([]byte, 64<<10)
			n, err := from.Read(bytes)
			if err != nil {
				return
			}
			parts <- part{bytes[:n], time.Now().Add(delay)}
		}
	}()
	for p := range parts {
		time.Sleep(time.Until(p.at))
		if _, err := to.Write(p.bytes); err != nil {
			break
		}
	}
	to.Close()
	from.Close()
}
