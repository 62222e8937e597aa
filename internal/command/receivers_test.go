package command

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/internal/logline"
	"winnow/store"
)

var receiverKills = flag.Int("receiver-kills", 4, "how often one of two receivers, or the host that pulls them, is killed under load")

const logToken = "log-of-one-host-5820"

// freeAddress is an address that nobody listens to.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// host is one of several that receive.
type host struct {
	folder  string
	command []string
	process *daemonProcess
	admin   string
}

func (h *host) start(tb testing.TB) {
	tb.Helper()
	h.process = startDaemonBy(tb, "serve", h.command...)
}

// hosts are two that only receive, and the one that judges.
func hosts(tb testing.TB) (receivers []*host, judge *host) {
	tb.Helper()
	list := ""
	for range 2 {
		h := &host{folder: tb.TempDir(), admin: freeAddress(tb)}
		config := filepath.Join(h.folder, "winnow.yaml")
		text := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: {listen: %q}\nlog_token: %s\nsources:\n  - {name: insider, preset: insider, tokens: [%s]}\n", h.admin, logToken, apptest.Token)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		h.command = []string{os.Args[0], "serve", "--receive", "-c", config}
		list += fmt.Sprintf("  - {url: http://%s, token: %s}\n", h.admin, logToken)
		receivers = append(receivers, h)
	}
	judge = &host{folder: tb.TempDir(), admin: freeAddress(tb)}
	config := apptest.Config(tb, judge.folder, "1s")
	apptest.Edit(tb, config, "hygiene:", "log_token: "+logToken+"\nreceivers:\n"+list+"hygiene:")
	judge.command = []string{os.Args[0], "serve", "-c", config}
	return receivers, judge
}

// waitUntilStill waits until the log of a host has not grown for some time.
func waitUntilStill(tb testing.TB, h *host) {
	tb.Helper()
	last, still := int64(-1), 0
	for began := time.Now(); still < 20; time.Sleep(100 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodHead, h.process.api+"/log", http.NoBody)
		if err != nil {
			tb.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+logToken)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			tb.Fatal(err)
		}
		answer.Body.Close()
		end, err := strconv.ParseInt(answer.Header.Get(logline.EndHeader), 10, 64)
		if err != nil || time.Since(began) > time.Minute {
			tb.Fatalf("its log ends at %d after %v: %v\n%s", end, time.Since(began), err, h.process.log())
		}
		if still++; end != last {
			last, still = end, 0
		}
	}
}

// Two hosts that only receive, and one that judges and receives too, are killed under load,
// one at a random moment. What any of them answered is stored once by the one that judges.
func TestKill9OfAnyHostLosesNoAnsweredEventAndRepeatsNone(t *testing.T) {
	t.Parallel()
	receivers, judge := hosts(t)
	all := append(receivers, judge)
	done := make([]func() []string, len(all))
	var answered []string
	loads := 0
	start := func(i int) {
		all[i].start(t)
		loads++
		done[i] = postUntilKilled(all[i].process.url, loads)
	}
	for i := range all {
		start(i)
	}
	for range *receiverKills {
		time.Sleep(time.Duration(50+rand.IntN(300)) * time.Millisecond) // any moment under load
		i := rand.IntN(len(all))
		all[i].process.kill(t)
		answered = append(answered, done[i]()...)
		start(i)
	}
	for i, h := range all {
		h.process.kill(t)
		answered = append(answered, done[i]()...)
	}
	for _, h := range all {
		h.start(t)
	}
	waitUntilStill(t, judge)
	for _, h := range all {
		h.process.terminate(t)
	}

	path := filepath.Join(judge.folder, "winnow.db")
	stored := storedIDs(t, path)
	for _, id := range answered {
		if !stored[id] {
			t.Fatalf("event %s was answered with 200 and is not stored by the host that judges", id)
		}
	}
	s, err := store.OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if last, err := s.LastSeq(); err != nil || last != int64(len(stored)) || len(answered) == 0 {
		t.Errorf("%d events are stored, of which %d are different: %v", last, len(stored), err)
	}
	for _, h := range all {
		checkIntegrity(t, filepath.Join(h.folder, "winnow-events.db"))
	}
	t.Logf("%d kills, %d answered, %d stored", *receiverKills, len(answered), len(stored))
}
