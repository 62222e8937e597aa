package logpull

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/logline"
	"winnow/internal/presets"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/lines"
	"winnow/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.InMemory(m)) }

const token = "log-of-one-host-5820"

// serveLog is the admin server of a host that received what is in the store.
func serveLog(t *testing.T, s func() *store.Store) *httptest.Server {
	t.Helper()
	handler := func(w http.ResponseWriter, req *http.Request) {
		h, err := console.New(console.Config{Token: func() string { return "admin-of-one-host-5820" }, LogToken: func() string { return token }, Log: s(), LogAlone: true})
		if err != nil {
			t.Error(err)
		}
		h.ServeHTTP(w, req)
	}
	server := httptest.NewServer(http.HandlerFunc(handler))
	t.Cleanup(server.Close)
	return server
}

func reader(t *testing.T, source, contact string) *provider.Reader {
	t.Helper()
	r, err := provider.New(provider.Config{Source: source, Format: presets.MustFind("insider").Format, Contact: contact})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// judge is a puller into a store.
func judge(t *testing.T, s *store.Store, receivers ...config.Receiver) *Puller {
	t.Helper()
	p := New(s, s.Lock("pull"), slog.New(slog.DiscardHandler))
	p.settings = Settings{Receivers: receivers, Keys: contactkey.Format{}, Readers: map[string]*provider.Reader{"insider": reader(t, "insider", "uniqueArgs.contact_id")}}
	return p
}

// pullAll pulls a receiver as a start of the judge does, until there is no more.
func pullAll(t *testing.T, p *Puller, r config.Receiver) error {
	t.Helper()
	f, c := newFollower(p, r), newClient(r)
	defer c.close()
	for range 1000 {
		did, err := f.pull(t.Context(), c)
		f.note(did, err, f.state.beginning)
		if err != nil || !did.more {
			return err
		}
	}
	t.Fatal("it never ends")
	return nil
}

// messages are those of the events of a store, in the order of its log.
func messages(t *testing.T, s *store.Store) (list []string) {
	t.Helper()
	for after := int64(0); ; {
		some, err := s.Lines(after, 100, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return list
		}
		for _, l := range some {
			list, after = append(list, l.Event.MessageID), l.N
		}
	}
}

func events(from, to int) (list []hygiene.Event) {
	for n := from; n < to; n++ {
		list = append(list, storetest.Event(storetest.Start.Add(0), "ann", fmt.Sprintf("m%04d", n), hygiene.SoftBounce))
	}
	return list
}

func TestWhatSeveralHostsReceiveIsStoredHereOnce(t *testing.T) {
	here, one, two := storetest.Open(t), storetest.Open(t), storetest.Open(t)
	first, second := config.Receiver{URL: serveLog(t, func() *store.Store { return one }).URL, Token: token}, config.Receiver{URL: serveLog(t, func() *store.Store { return two }).URL, Token: token}
	storetest.AppendMany(t, one, events(0, 3000))
	if err := one.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: storetest.Start, Source: "insider", Why: "odd", Body: []byte("odd")}}); err != nil {
		t.Fatal(err)
	}
	storetest.AppendMany(t, one, events(3000, 3100))
	storetest.AppendMany(t, two, events(4000, 4700))
	storetest.AppendMany(t, here, events(5000, 5010))
	for range 3 { // each time as after a start
		p := judge(t, here, first, second)
		for _, r := range []config.Receiver{first, second} {
			if err := pullAll(t, p, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := messages(t, here)
	slices.Sort(got)
	var want []string
	for _, e := range slices.Concat(events(0, 3100), events(4000, 4700), events(5000, 5010)) {
		want = append(want, e.MessageID)
	}
	if want = append([]string{""}, want...); !slices.Equal(got, want) {
		t.Fatalf("%d lines are here, not %d", len(got), len(want))
	}
	if list, err := here.Quarantine(5); err != nil || len(list) != 1 || string(list[0].Body) != "odd" {
		t.Errorf("in quarantine: %+v %v", list, err)
	}
	e, _, err := here.Event(11)
	if err != nil || e.ReceivedAt != storetest.Start || e.Received || !bytes.Equal(e.Body, events(0, 1)[0].Body) {
		t.Errorf("%+v %v", e, err)
	}
}

func TestABodyIsReadUnderTheConfigOfTheHostThatJudges(t *testing.T) {
	here, there := storetest.Open(t), storetest.Open(t)
	r := config.Receiver{URL: serveLog(t, func() *store.Store { return there }).URL, Token: token}
	old := storetest.Event(storetest.Start, "ann", "m1", hygiene.Delivered)
	old.Body = []byte(`{"id":"m1","event":"delivered","uniqueArgs":{"crm":"bob"}}`)
	bare := storetest.Event(storetest.Start, "carl", "m2", hygiene.Delivered)
	bare.Body, bare.Name, bare.Code = []byte{}, "undelivered", "1404"
	if err := there.Append(t.Context(), []hygiene.Event{old, bare}, []hygiene.Unreadable{
		{ReceivedAt: storetest.Start, Source: "insider", Why: "could not be read by an older winnow", Body: []byte(`[{"id":"m3","event":"failed","reason":{"code":1500},"uniqueArgs":{"crm":"dan"}}]`)}}); err != nil {
		t.Fatal(err)
	}
	p := judge(t, here, r)
	p.settings.Readers["insider"] = reader(t, "insider", "uniqueArgs.crm")
	if err := pullAll(t, p, r); err != nil {
		t.Fatal(err)
	}
	var got []string
	for seq := int64(1); seq <= 3; seq++ {
		e, _, err := here.Event(seq)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.MessageID+" "+e.Contact+" "+e.Outcome.String())
	}
	if want := []string{"m1 bob delivered", "m2 carl soft_bounce", "m3 dan invalid_number"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestAnUnknownSourceStopsItsReceiverAtThatLine(t *testing.T) {
	here, there := storetest.Open(t), storetest.Open(t)
	r := config.Receiver{URL: serveLog(t, func() *store.Store { return there }).URL, Token: token}
	list := events(0, 5)
	list[3].Source = "other"
	storetest.Append(t, there, list...)
	p := judge(t, here, r)
	err := pullAll(t, p, r)
	if err == nil || !strings.Contains(err.Error(), `the source "other"`) || len(messages(t, here)) != 3 {
		t.Fatalf("%d lines are here: %v", len(messages(t, here)), err)
	}
	p.settings.Readers["other"] = reader(t, "other", "uniqueArgs.contact_id")
	if err := pullAll(t, p, r); err != nil || len(messages(t, here)) != 5 {
		t.Errorf("%d lines are here: %v", len(messages(t, here)), err)
	}
}

func TestAReceiverThatWasRestoredGivesAllItReceivesAndNothingTwice(t *testing.T) {
	here, live := storetest.Open(t), storetest.Open(t)
	now := live
	r := config.Receiver{URL: serveLog(t, func() *store.Store { return now }).URL, Token: token}
	storetest.Append(t, live, events(0, 10)...)
	copied := enginetest.Location(t)
	if err := live.Copy(t.Context(), copied, engine.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, live, events(10, 20)...)
	p := judge(t, here, r)
	if err := pullAll(t, p, r); err != nil {
		t.Fatal(err)
	}
	now = storetest.OpenAt(t, copied)
	for _, more := range [][2]int{{20, 23}, {23, 40}, {40, 41}} { // first it ends before what was pulled
		storetest.Append(t, now, events(more[0], more[1])...)
		if err := pullAll(t, p, r); err != nil {
			t.Fatal(err)
		}
		if err := pullAll(t, judge(t, here, r), r); err != nil {
			t.Fatal(err)
		}
	}
	got := messages(t, here)
	if len(got) != 41 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 41 {
		t.Errorf("%d lines are here, not 41: %q", len(got), got)
	}
}

func TestTwoNamesOfOneHostGiveEachLineOnce(t *testing.T) {
	here, there := storetest.Open(t), storetest.Open(t)
	one, two := config.Receiver{URL: serveLog(t, func() *store.Store { return there }).URL, Token: token}, config.Receiver{URL: serveLog(t, func() *store.Store { return there }).URL, Token: token}
	storetest.Append(t, there, events(0, 10)...)
	both := judge(t, here, one, two)
	if err := pullAll(t, both, one); err != nil {
		t.Fatal(err)
	}
	if err := pullAll(t, both, two); err == nil || !strings.Contains(err.Error(), "both URLs are of one host") {
		t.Errorf("the second name: %v", err)
	}
	storetest.Append(t, there, events(10, 12)...)
	if err := pullAll(t, judge(t, here, two), two); err != nil || len(messages(t, here)) != 12 { // the host got another name
		t.Errorf("%d lines are here: %v", len(messages(t, here)), err)
	}
}

// Which host an event came in by, and when it was pulled, changes nothing about anybody.
func TestAnyOrderOfPullingGivesTheSameContacts(t *testing.T) {
	want := ""
	for seed := range uint64(6) {
		log, registrations := storetest.RandomLog(3, 120)
		for i := range log { // as the insider preset reads them again
			log[i].At, log[i].Received = log[i].ReceivedAt, true
			log[i].Body = fmt.Appendf(nil, `{"id":%q,"event":%q,"reason":{"code":%q},"uniqueArgs":{"contact_id":%q}}`, log[i].MessageID, log[i].Name, log[i].Code, log[i].Contact)
		}
		here, there := storetest.Open(t), []*store.Store{storetest.Open(t), storetest.Open(t)}
		var receivers []config.Receiver
		for _, s := range there {
			receivers = append(receivers, config.Receiver{URL: serveLog(t, func() *store.Store { return s }).URL, Token: token})
		}
		p, policy, r := judge(t, here, receivers...), storetest.Policy(t, here), rand.New(rand.NewPCG(seed, 1))
		storetest.Register(t, here, registrations...)
		p.settings.Readers["insider"] = storeReader(t)
		for i := range log {
			storetest.Append(t, there[i%2], log[i])
			if r.IntN(6) == 0 {
				if err := pullAll(t, p, receivers[r.IntN(2)]); err != nil {
					t.Fatal(err)
				}
				storetest.Sweep(t, here, policy, 0)
			}
		}
		for _, i := range r.Perm(2) {
			if err := pullAll(t, p, receivers[i]); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Sweep(t, here, policy, 0)
		if got := facts(t, here); want == "" {
			want = got
		} else if got != want {
			t.Fatalf("seed %d gives\n%s\nnot\n%s", seed, got, want)
		}
	}
}

// A receiver that could not be reached for a day loses nothing, and what it received acts
// as of when it did.
func TestWhatWaitedOnAReceiverForADayActsAtItsOwnTime(t *testing.T) {
	here, there := storetest.Open(t), storetest.Open(t)
	policy := storetest.Policy(t, here)
	storetest.Append(t, there, storetest.Event(storetest.Start, "ann", "m1", hygiene.SoftBounce), storetest.Event(storetest.Start, "bob", "m2", hygiene.HardBounce))
	storetest.Append(t, here, storetest.Event(storetest.Start.Add(time.Hour), "bob", "m3", hygiene.Sent))
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	if r := (config.Receiver{URL: away.URL, Token: token}); pullAll(t, judge(t, here, r), r) == nil {
		t.Fatal("it is not away")
	}
	r := config.Receiver{URL: serveLog(t, func() *store.Store { return there }).URL, Token: token}
	p := judge(t, here, r)
	p.settings.Readers["insider"] = storeReader(t)
	if err := pullAll(t, p, r); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Sweep(t.Context(), store.SweepOptions{Policy: policy, Now: storetest.Start.Add(hygiene.Day)}); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("ann: retry m1 at %v\nbob: hard_bounce from %v until \n", storetest.Start.Add(4*time.Hour), storetest.Start)
	if got := facts(t, here); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// storeReader reads events whose names are outcomes.
func storeReader(t *testing.T) *provider.Reader {
	t.Helper()
	c := provider.Config{Source: "insider", Format: presets.MustFind("insider").Format, Contact: "uniqueArgs.contact_id"}
	for _, o := range []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.HardBounce} {
		c.Outcomes = append(c.Outcomes, provider.Line{Event: o.String(), Outcome: o})
	}
	r, err := provider.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// facts are what stands of all contacts, without the places in the log.
func facts(t *testing.T, s *store.Store) string {
	t.Helper()
	var b strings.Builder
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(t.Context(), true, func(c *hygiene.Contact) error {
		fmt.Fprintf(&b, "%s:", c.Key)
		for _, x := range c.Suppressions {
			fmt.Fprintf(&b, " %s from %v until %v", x.Reason, x.Since.At, x.Until)
		}
		if c.Retry != nil {
			fmt.Fprintf(&b, " retry %s at %v", c.Retry.MessageID, c.Retry.DueAt)
		}
		fmt.Fprintln(&b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAReceiverIsPulledOverTLSAndWithItsTokenAlone(t *testing.T) {
	here, there := storetest.Open(t), storetest.Open(t)
	storetest.Append(t, there, events(0, 3)...)
	h, err := console.New(console.Config{Token: func() string { return "admin-of-one-host-5820" }, LogToken: func() string { return token }, Log: there, LogAlone: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()
	ca, wrong := filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "wrong.pem")
	other := httptest.NewTLSServer(h)
	other.Close()
	for path, cert := range map[string][]byte{ca: server.Certificate().Raw, wrong: []byte("none")} {
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		receiver config.Receiver
		want     string
	}{
		"the certificate of nobody": {config.Receiver{URL: server.URL, Token: token}, "as ca under receivers"},
		"a ca that is none":         {config.Receiver{URL: server.URL, Token: token, CA: wrong}, "contains no certificate"},
		"no file":                   {config.Receiver{URL: server.URL, Token: token, CA: wrong + "x"}, "can't be read"},
		"another name":              {config.Receiver{URL: strings.Replace(server.URL, "127.0.0.1", "localhost", 1), Token: token, CA: ca}, "a name under url"},
		"a wrong token":             {config.Receiver{URL: server.URL, Token: "wrong-of-one-host-5820", CA: ca}, "refuses the token"},
		"no token":                  {config.Receiver{URL: server.URL, CA: ca}, "token is not known"},
		"no TLS":                    {config.Receiver{URL: strings.Replace(server.URL, "https", "http", 1), Token: token}, "not the admin server"},
		"nobody there":              {config.Receiver{URL: "http://127.0.0.1:1", Token: token}, "serve --receive runs there"},
	} {
		if err := pullAll(t, judge(t, here, c.receiver), c.receiver); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := config.Receiver{URL: server.URL, Token: token, CA: ca}
	if err := pullAll(t, judge(t, here, good), good); err != nil || len(messages(t, here)) != 3 {
		t.Errorf("with its ca: %v", err)
	}
}

// line is a line of a made-up receiver.
func line(n int64, writer string) string {
	e := events(int(n%1000), int(n%1000)+1)[0]
	return string(logline.Append(nil, &lines.Line{N: n, Writer: writer, Event: e}))
}

func TestAHostileReceiverHarmsNobodyElse(t *testing.T) {
	here := storetest.Open(t)
	good := storetest.Open(t)
	storetest.Append(t, good, events(0, 4)...)
	right := config.Receiver{URL: serveLog(t, func() *store.Store { return good }).URL, Token: token}
	if err := pullAll(t, judge(t, here, right), right); err != nil {
		t.Fatal(err)
	}
	p, err := here.Pulled()
	if err != nil || len(p) != 1 {
		t.Fatal(p, err)
	}
	victim := p[0].Writer
	answers := func(end string, write func(w io.Writer)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", logline.ContentType)
			w.Header().Set(logline.EndHeader, end)
			write(w)
		}
	}
	text := func(end, text string) http.HandlerFunc {
		return answers(end, func(w io.Writer) { _, _ = io.WriteString(w, text) })
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	z.Close()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
		stored  int
	}{
		"garbage":         {text("9", "\x00\xffgarbage\n"), "line 1 of the answer", 0},
		"a page":          {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "not the admin server", 0},
		"an endless line": {answers("9", func(w io.Writer) { endless(w, strings.Repeat(" ", 1<<16)) }), "longer than", 0},
		"a bomb":          {func(w http.ResponseWriter, _ *http.Request) { header(w, "9", "gzip"); _, _ = w.Write(bomb.Bytes()) }, "longer than", 0},
		"no gzip":         {func(w http.ResponseWriter, _ *http.Request) { header(w, "9", "gzip"); fmt.Fprint(w, "none") }, "breaks off", 0},
		"a cut":           {text("2", line(1, "cut")+line(2, "cut")[:50]), "line 2 of the answer", 1},
		"a repeated n":    {text("9", line(1, "rep")+line(2, "rep")+line(2, "rep")+line(3, "rep")), "not in order", 2},
		"a lower n":       {text("9", line(5, "low")+line(4, "low")), "not in order", 1},
		"a huge n":        {text("9", line(1, "huge")+line(1<<40, "huge")), "not in order", 1},
		"many writers":    {answers("5000", func(w io.Writer) { manyWriters(w) }), "more than 1000 starts", 1000},
		"a long name":     {text("9", line(1, strings.Repeat("w", 100))), "not in order", 0},
		"no end":          {text("x", line(1, "end")), "not the admin server", 0},
		"a redirect": {func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, right.URL+req.URL.String(), http.StatusTemporaryRedirect)
		}, "redirect", 0},
		"an error":             {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<secret>", 500) }, "answers 500", 0},
		"409 to all":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409) }, "ends before", 0},
		"another's lines":      {text("9", line(7, victim)), "both URLs are of one host", 0},
		"lines without an end": {answers("200000", func(w io.Writer) { manyLines(w) }), "", maxRead},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
			bad := config.Receiver{URL: server.URL, Token: token}
			if name == "lines without an end" && testing.Short() {
				t.Skip("many lines")
			}
			s := storetest.Open(t)
			storetest.Append(t, s, hygiene.Event{ReceivedAt: storetest.Start, At: storetest.Start, Source: "insider", MessageID: "own", Name: "sent", Outcome: hygiene.Sent, Body: []byte("{}")})
			if name == "another's lines" {
				s = here
			}
			before := len(messages(t, s))
			p := judge(t, s, right, bad)
			f, cl := newFollower(p, bad), newClient(bad)
			defer cl.close()
			did, err := f.pull(t.Context(), cl)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) || err != nil && (strings.Contains(err.Error(), "secret") || !utf8.ValidString(err.Error())) {
				t.Errorf("%v", err)
			}
			if n := len(messages(t, s)) - before; n != c.stored {
				t.Errorf("%d lines were stored: %+v", n, did)
			}
		})
	}
	storetest.Append(t, good, events(4, 6)...)
	if err := pullAll(t, judge(t, here, right), right); err != nil || len(messages(t, here)) != 6 {
		t.Errorf("the other receiver: %d lines are here, %v", len(messages(t, here)), err)
	}
}

func header(w http.ResponseWriter, end, encoding string) {
	w.Header().Set("Content-Type", logline.ContentType)
	w.Header().Set(logline.EndHeader, end)
	w.Header().Set("Content-Encoding", encoding)
}

func endless(w io.Writer, text string) {
	for {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}

func manyWriters(w io.Writer) {
	for n := range int64(2000) {
		_, _ = io.WriteString(w, line(n+1, fmt.Sprint("w", n)))
	}
}

func manyLines(w io.Writer) {
	for n := range int64(maxRead + 1000) {
		if _, err := io.WriteString(w, line(n+1, "many")); err != nil {
			return
		}
	}
}
