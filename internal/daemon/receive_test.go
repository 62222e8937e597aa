package daemon

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/config"
	"winnow/internal/logline"
	storelines "winnow/store/lines"
)

const logToken = "log-of-one-host-5820"

// testReceiver is a daemon that only receives, with the handlers of its two servers.
func testReceiver(t *testing.T, log io.Writer, replace ...string) (d *Daemon, public, private http.Handler) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "winnow.yaml")
	text := "listen: 127.0.0.1:0\nadmin: {listen: \"127.0.0.1:0\", token: admin-of-one-host-5820}\nlog_token: " + logToken + "\nsources:\n  - {name: insider, preset: insider, tokens: [" + apptest.Token + "]}\n"
	if err := os.WriteFile(path, []byte(strings.NewReplacer(append(replace, "", "")...).Replace(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := New(Options{Config: path, Version: "test", Receive: true, Logger: func(*config.Config) *slog.Logger { return slog.New(slog.NewTextHandler(log, nil)) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.public.Close()
		d.private.Close()
		if err := d.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if private, err = d.console(); err != nil {
		t.Fatal(err)
	}
	return d, d.receiver.Handler(), private
}

func post(t *testing.T, h http.Handler, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest("POST", "/callbacks/"+apptest.Token, strings.NewReader(body))); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func ask(h http.Handler, method, path, token string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, http.NoBody)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func linesIn(t *testing.T, body io.Reader) (list []storelines.Line) {
	t.Helper()
	for r := logline.NewReader(body); ; {
		l, err := r.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
}

func TestAReceiverGivesItsLogAsItCameIn(t *testing.T) {
	_, public, private := testReceiver(t, io.Discard)
	const first, second = `{"id":"m1","event":"delivered","uniqueArgs":{"contact_id":"ann"}}`, `{"id":"m2","event":"undelivered","reason":{"code":1404},"uniqueArgs":{"contact_id":"bob"}}`
	post(t, public, first)
	post(t, public, `no json`)
	post(t, public, second)

	w := ask(private, "GET", "/api/v1/log?after=0", logToken)
	list := linesIn(t, w.Body)
	if w.Code != 200 || w.Header().Get("Content-Type") != logline.ContentType || w.Header().Get(logline.EndHeader) != "3" || len(list) != 3 {
		t.Fatalf("%d %v %+v", w.Code, w.Header(), list)
	}
	for i, want := range []string{first, "no json", second} {
		l := list[i]
		if l.N != int64(i+1) || string(l.Event.Body) != want || l.Event.Source != "insider" || l.Event.ReceivedAt == 0 || (l.Why != "") != (i == 1) || l.Writer != list[0].Writer {
			t.Errorf("line %d: %+v", i+1, l)
		}
	}
	if e := list[2].Event; e.MessageID != "m2" || e.Name != "undelivered" || e.Code != "1404" || e.Contact != "bob" {
		t.Errorf("%+v", e)
	}
	if rest := linesIn(t, ask(private, "GET", "/api/v1/log?after=2&writer="+list[0].Writer, logToken).Body); len(rest) != 1 || rest[0].N != 3 {
		t.Errorf("after 2: %+v", rest)
	}
	if rest := linesIn(t, ask(private, "GET", "/api/v1/log?after=2&writer=unknown", logToken).Body); len(rest) != 3 {
		t.Errorf("of an unknown writer: %+v", rest)
	}
	compressed := ask(private, "GET", "/api/v1/log", logToken, "Accept-Encoding", "br, gzip;q=0.5")
	z, err := gzip.NewReader(compressed.Body)
	if err != nil || compressed.Header().Get("Content-Encoding") != "gzip" || len(linesIn(t, z)) != 3 {
		t.Errorf("compressed: %v %v", compressed.Header(), err)
	}
	for query, want := range map[string]int{"?after=4": 409, "?after=9223372036854775807&writer=" + list[0].Writer: 409, "?after=-1": 400, "?after=x": 400, "?after=3": 200} {
		if w := ask(private, "GET", "/api/v1/log"+query, logToken); w.Code != want {
			t.Errorf("%s is answered %d %s", query, w.Code, w.Body)
		}
	}
}

func TestTheTokenOfTheLogOpensTheLogAlone(t *testing.T) {
	d, _, receiver := testReceiver(t, io.Discard)
	judge, err := testDaemon(t, "admin:", "log_token: "+logToken+"\nadmin:").console()
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]http.Handler{"receiver": receiver, "judge": judge} {
		if w := ask(h, "GET", "/api/v1/log", logToken); w.Code != 200 {
			t.Errorf("%s: the log is answered %d %s", name, w.Code, w.Body)
		}
		for _, path := range []string{"/metrics", "/api/v1/status", "/api/v1/contacts/ann", "/api/v1/openapi.yaml"} {
			if w := ask(h, "GET", path, logToken); w.Code != 401 {
				t.Errorf("%s: %s is answered %d", name, path, w.Code)
			}
		}
		for _, token := range []string{"", "wrong-token-of-the-log", apptest.Token} {
			if w := ask(h, "GET", "/api/v1/log", token); w.Code != 401 || strings.Contains(w.Body.String(), logToken) {
				t.Errorf("%s: with token %q the log is answered %d %s", name, token, w.Code, w.Body)
			}
		}
	}
	admin := *d.adminToken.Load()
	for path, want := range map[string]int{"/api/v1/log": 200, "/metrics": 200, "/readyz": 200, "/": 404, "/login": 404, "/runs": 404, "/api/v1/status": 404, "/api/v1/contacts/ann": 404} {
		if w := ask(receiver, "GET", path, admin); w.Code != want {
			t.Errorf("the receiver answers %s with %d", path, w.Code)
		}
	}
	if w := ask(receiver, "DELETE", "/api/v1/contacts/ann", admin); w.Code != 404 {
		t.Errorf("the receiver forgets: %d", w.Code)
	}
}

func TestAReceiverSaysWhatOfItsConfigItIgnores(t *testing.T) {
	var log bytes.Buffer
	d, public, _ := testReceiver(t, &log, "sources:", "hygiene: {rules: [{name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}]}\nsegments: [{name: all, where: {status: active}}]\nsources:", "log_token: "+logToken+"\n", "")
	if text := log.String(); !strings.Contains(text, "ignored") || !strings.Contains(text, "[hygiene segments]") || !strings.Contains(text, "log_token is not set") {
		t.Error(text)
	}
	post(t, public, `{"id":"m1","event":"undelivered","reason":{"code":1400},"uniqueArgs":{"contact_id":"ann"}}`)
	if len(d.state.jobs) != 0 {
		t.Errorf("it has the jobs %v", d.state.jobs)
	}
}

func TestAReceiverKeepsWhatItReceivedForSevenDays(t *testing.T) {
	for _, keeps := range []struct {
		retention string
		left      int
	}{{"", 2}, {"retention: {events: 30d}\n", 3}, {"retention: {events: 12h}\n", 1}} {
		d, _, private := testReceiver(t, io.Discard, "sources:", keeps.retention+"sources:")
		now := time.Now()
		for _, age := range []time.Duration{8 * hygiene.Day, hygiene.Day, 0} {
			appendEvents(t, d, now.Add(-age), hygiene.Sent)
		}
		d.retention.AfterSweep(t.Context(), d.Operations(), d.log)
		if list := linesIn(t, ask(private, "GET", "/api/v1/log", logToken).Body); len(list) != keeps.left || list[len(list)-1].N != 3 {
			t.Errorf("%q leaves %+v", keeps.retention, list)
		}
	}
}
