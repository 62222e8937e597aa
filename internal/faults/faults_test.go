// Package faults lets things go wrong under a daemon that works, and checks what winnow
// promises all the same: no event that was answered with 200 is lost, a run is whole or
// not there, nothing stays stuck, and after the trouble all goes on without anybody's help.
//
//   - errors_test.go: the kernel's errors (EIO, ENOSPC, EDQUOT, EROFS, EMFILE), half writes
//     and a slow disk, by package faultfs
//   - powercuts_test.go: what a disk may hold after a power cut, by the same package
//   - kills_test.go: kill -9 of a daemon and of commands, with everything going on
//   - soak_test.go: an hour's work at half speed, in which nothing may grow
//
// It has only tests. The test binary is the winnow that they start. A test here is the
// short form of what .ci/long does with more rounds; the flags say how many.
package faults

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"winnow/internal/command"
	"winnow/segments"
	"winnow/segments/destination"
	"winnow/store"
	"winnow/store/storetest"
)

// beWinnow makes the test binary a winnow.
const beWinnow = "WINNOW_FAULTS_BE_WINNOW"

func TestMain(m *testing.M) {
	if os.Getenv(beWinnow) != "" {
		os.Exit(command.Main(os.Args[1:], command.Process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "test"}))
	}
	os.Exit(storetest.InMemory(m))
}

const (
	token      = "insider-token-of-the-faults-0123"
	adminToken = "admin-token-of-the-faults-012345"
)

// house is a folder with a config, in which a winnow works.
type house struct {
	folder string // as winnow has it
	behind string // as the test looks at it
}

// config is what most tests work with.
const config = `
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0", token: ` + adminToken + `}
store: sqlite://state/winnow.db
sources: [{name: insider, preset: insider, tokens: [` + token + `], contact: uniqueArgs.contact_id}]
hygiene:
  sweep: "@every 1s"
  rules:
    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}
    - {name: retry, when: {outcome: soft_bounce}, then: {retry: {after: [4h]}}}
    - {name: opt-out, when: {outcome: unsubscribed}, then: {suppress: {reason: opted_out}}}
segments:
  - {name: reachable, where: {status: active}}
  - {name: do-not-text, suppressed: only, columns: [contact, reasons]}
  - name: everyone
    where: {contact: {starts_with: "crm-"}}
    suppressed: include
    columns: [contact, phone, reasons, suppressed_since, message_id, attempt, due_at, first_seen, last_seen, delivered_count, soft_bounce_count, hard_bounce_count, last_unsubscribed_at, attributes.country]
exports:
  - {name: nightly, schedule: "0 2 * * *", segments: [reachable, do-not-text, everyone], formats: [csv, json], delta: [reachable], keep: 3, to: [./exports]}
`

// newHouse writes a config; replace lists old and new text in turn.
func newHouse(tb testing.TB, folder, behind string, replace ...string) *house {
	tb.Helper()
	text := strings.NewReplacer(replace...).Replace(config)
	if err := os.WriteFile(filepath.Join(behind, "winnow.yaml"), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return &house{folder, behind}
}

// command is a winnow that is not started.
func (h *house) command(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], append(args, "-c", filepath.Join(h.folder, "winnow.yaml"))...)
	c.Env = append(os.Environ(), beWinnow+"=1")
	return c
}

// run runs a command, and returns what it printed and its exit status, -1 if it was killed.
func (h *house) run(args ...string) (text string, status int) {
	c := h.command(args...)
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		return err.Error(), -1
	}
	return string(out), c.ProcessState.ExitCode()
}

// mustRun runs a command that is to succeed.
func (h *house) mustRun(tb testing.TB, args ...string) string {
	tb.Helper()
	text, status := h.run(args...)
	if status != 0 {
		tb.Errorf("winnow %s exits with %d:\n%s", strings.Join(args, " "), status, text)
	}
	return text
}

// daemon is a winnow serve.
type daemon struct {
	*exec.Cmd
	public, private string // addresses; empty when it has ended before it listened
	ended           chan struct{}
	mu              sync.Mutex
	text            bytes.Buffer
}

var addresses = regexp.MustCompile(`callbacks=(\S+) console=(\S+)`)

// start starts a daemon, and waits until it listens or has ended.
func (h *house) start(tb testing.TB, flags ...string) *daemon {
	tb.Helper()
	d := &daemon{Cmd: h.command(append([]string{"serve"}, flags...)...), ended: make(chan struct{})}
	stderr, err := d.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.Start(); err != nil {
		tb.Fatal(err)
	}
	listening := make(chan struct{})
	go func() {
		defer close(d.ended)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			d.mu.Lock()
			d.text.WriteString(lines.Text() + "\n")
			d.mu.Unlock()
			if m := addresses.FindStringSubmatch(lines.Text()); m != nil && d.public == "" {
				d.public, d.private = m[1], m[2]
				close(listening)
			}
		}
		_ = d.Wait()
	}()
	select {
	case <-listening:
	case <-d.ended:
	case <-time.After(30 * time.Second):
		_ = d.Process.Signal(syscall.SIGQUIT) // so that it writes where it is
		<-d.ended
		tb.Fatalf("the daemon neither listens nor ends:\n%s", d.log())
	}
	tb.Cleanup(func() {
		_ = d.Process.Kill()
		<-d.ended
	})
	return d
}

// mustStart starts a daemon that is to listen.
func (h *house) mustStart(tb testing.TB, flags ...string) *daemon {
	tb.Helper()
	d := h.start(tb, flags...)
	if d.public == "" {
		tb.Fatalf("the daemon does not start:\n%s", d.log())
	}
	return d
}

// log is what the daemon has written so far.
func (d *daemon) log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

// kill ends the daemon with SIGKILL.
func (d *daemon) kill() {
	_ = d.Process.Kill()
	<-d.ended
}

// stop ends the daemon with SIGTERM. It is to end in time, by itself, and with status 0.
func (d *daemon) stop(tb testing.TB) {
	tb.Helper()
	_ = d.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(45 * time.Second):
		_ = d.Process.Signal(syscall.SIGQUIT)
		<-d.ended
		tb.Fatalf("the daemon is stuck at its end:\n%s", d.log())
	}
	if code := d.ProcessState.ExitCode(); code != 0 {
		tb.Errorf("the daemon ends with %d:\n%s", code, d.log())
	}
}

// wantNoPanic checks that nothing has ended in a panic.
func wantNoPanic(tb testing.TB, text string) {
	tb.Helper()
	if strings.Contains(text, "panic") || strings.Contains(text, "goroutine ") {
		tb.Errorf("something panicked:\n%s", text)
	}
}

var client = &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// contacts is how many contacts the events are about, if a load does not say it.
const contacts = 5000

// event is a callback's body of that id, the nth. Every 17th contact opts out, others bounce.
func event(id string, n, contacts int) []byte {
	what := []string{
		`"event":"undelivered","reason":{"code":1400}`, `"event":"undelivered","reason":{"code":1404}`, `"event":"delivered"`, `"event":"sent"`,
	}[n%4]
	if n%17 == 0 {
		what = `"event":"unsubscribed"`
	}
	return fmt.Appendf(nil, `{"id":%q,"uniqueArgs":{"contact_id":"crm-%d"},%s}`, id, n%contacts, what)
}

// post sends a callback and returns the status it is answered, 0 when it is not.
func (d *daemon) post(body []byte) int {
	answer, err := client.Post("http://"+d.public+"/callbacks/"+token, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

// get asks the public server.
func (d *daemon) get(path string) int {
	answer, err := client.Get("http://" + d.public + path)
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

// load is callbacks that several clients send, and what became of them.
type load struct {
	mu       sync.Mutex
	n        int
	answered []string // ids that were answered with 200
	took     []time.Duration
	statuses map[int]int
	running  sync.WaitGroup
	stop     chan struct{}
	all      map[int]int   // statuses since the beginning
	pause    time.Duration // of a client between two callbacks
	contacts int

	forgotten func(contact int) bool // whose events need not be there; may be nil
}

func newLoad() *load {
	return &load{statuses: map[int]int{}, all: map[int]int{}, contacts: contacts}
}

// one sends one callback.
func (l *load) one(d *daemon, mark func(id string)) int {
	l.mu.Lock()
	l.n++
	n := l.n
	l.mu.Unlock()
	id := fmt.Sprint("m-", n)
	began := time.Now()
	status := d.post(event(id, n, l.contacts))
	took := time.Since(began)
	if status == http.StatusOK && mark != nil {
		mark(id)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statuses[status]++
	l.all[status]++
	l.took = append(l.took, took)
	if status == http.StatusOK && (l.forgotten == nil || !l.forgotten(n%l.contacts)) {
		l.answered = append(l.answered, id)
	}
	return status
}

// some sends n callbacks by several clients, and waits.
func (l *load) some(d *daemon, n int, mark func(id string)) {
	const clients = 8
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for range (n + clients - 1 - c) / clients {
				l.one(d, mark)
			}
		})
	}
	all.Wait()
}

// begin sends callbacks to a daemon until end, or until the daemon is gone.
func (l *load) begin(d *daemon, clients int) {
	l.stop = make(chan struct{})
	for range clients {
		l.running.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				case <-d.ended:
					return
				default:
				}
				time.Sleep(l.pause)
				l.one(d, nil)
			}
		})
	}
}

func (l *load) end() {
	close(l.stop)
	l.running.Wait()
}

// taken returns what became of the callbacks since the last call, by status, and how long
// each took, sorted.
func (l *load) taken() (statuses map[int]int, took []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	statuses, took = l.statuses, l.took
	l.statuses, l.took = map[int]int{}, nil
	slices.Sort(took)
	return statuses, took
}

// check checks, with nothing running, that the store has what was answered, that a run
// can be made, and that all that is published is whole.
func (h *house) check(tb testing.TB, l *load) {
	tb.Helper()
	h.mustRun(tb, "sweep")
	h.export(tb)
	h.wantStored(tb, l)
	h.wantWholeRuns(tb)
}

// export makes a run, which is to succeed. There is one for each second. Where a trouble kept
// the list of a run's members from being written, the next run has no delta and says so, and
// the one after it has one.
func (h *house) export(tb testing.TB) {
	tb.Helper()
	for full := false; ; {
		text, status := h.run("export", "nightly")
		if status == 0 {
			return
		}
		if !full && strings.Contains(text, "read the full file this time, the next delta starts from this run") {
			full = true
			continue
		}
		if !strings.Contains(text, "a run of this scheduled time already exists") {
			tb.Errorf("winnow export exits with %d:\n%s", status, text)
			return
		}
		time.Sleep(time.Second / 4)
	}
}

// wantStored checks that what was answered is in the log.
func (h *house) wantStored(tb testing.TB, l *load) {
	tb.Helper()
	s, err := store.OpenExisting(filepath.Join(h.behind, "state", "winnow.db"))
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	last, err := s.LastSeq()
	if err != nil {
		tb.Fatal(err)
	}
	stored := map[string]bool{}
	for seq := int64(1); seq <= last; seq++ {
		if e, ok, err := s.Event(seq); err != nil {
			tb.Fatal(err)
		} else if ok {
			stored[e.MessageID] = true
		}
	}
	lost := 0
	for _, id := range l.answered {
		if !stored[id] {
			lost++
		}
	}
	if lost > 0 {
		tb.Errorf("%d of %d events that were answered with 200 are lost", lost, len(l.answered))
	}
}

// wantWholeRuns checks that each run in the exports' folder is as its manifest says, that
// latest is one of them, and that nothing else lies there.
func (h *house) wantWholeRuns(tb testing.TB) {
	tb.Helper()
	folder := filepath.Join(h.behind, "exports", "nightly")
	entries, err := os.ReadDir(folder)
	if err != nil {
		tb.Fatal(err)
	}
	newest := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == destination.Latest:
		case e.IsDir() && name[0] == '2':
			newest = max(newest, name)
			wantWhole(tb, filepath.Join(folder, name))
		default:
			tb.Errorf("%s is left in the exports", name)
		}
	}
	if latest, err := os.Readlink(filepath.Join(folder, destination.Latest)); err != nil || latest != newest {
		tb.Errorf("latest is %q, %v; the newest run is %q", latest, err, newest)
	}
}

// wantWhole checks that a run is as its manifest says.
func wantWhole(tb testing.TB, run string) {
	tb.Helper()
	var manifest segments.Manifest
	text, err := os.ReadFile(filepath.Join(run, "manifest.json"))
	if err = errors.Join(err, json.Unmarshal(text, &manifest)); err != nil || len(manifest.Files) == 0 {
		tb.Errorf("%s has no manifest: %v", run, err)
		return
	}
	for _, f := range manifest.Files {
		text, err := os.ReadFile(filepath.Join(run, f.Name))
		if sum := sha256.Sum256(text); err != nil || hex.EncodeToString(sum[:]) != f.SHA256 {
			tb.Errorf("%s/%s is not what its manifest says: %v", run, f.Name, err)
		}
	}
}
