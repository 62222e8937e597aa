package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/store/engine"
	"winnow/store/sqlite"
)

// stopInACommit suspends this process while it commits to the log of a store, as an
// import of events may be suspended.
func stopInACommit(store string) int {
	runtime.LockOSThread()
	e, err := sqlite.Open(store)
	if err != nil {
		panic(err)
	}
	defer e.Close()
	lock := e.Lock("log")
	if ok, err := lock.TryLock(); !ok || err != nil {
		panic(fmt.Sprint("the lock is taken, ", err))
	}
	defer lock.Unlock()
	err = e.WriteLog(func(w engine.LogWriter) error {
		if err := w.Probe(1); err != nil {
			return err
		}
		// To this thread: a signal to the process may stop it only after the commit.
		return syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGSTOP)
	})
	if err != nil {
		panic(err)
	}
	return 0
}

// startWinnow starts this test binary as winnow, or in another mode of testDaemon.
func startWinnow(t *testing.T, mode string, stdin io.Reader, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env, c.Stdin, c.Stderr = append(os.Environ(), "WINNOW_TEST_DAEMON="+mode), stdin, os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	return c
}

// waitUntilStopped waits until a process that this one started is suspended.
func waitUntilStopped(t *testing.T, c *exec.Cmd) {
	t.Helper()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(c.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the process is not suspended: %v, %v", status, err)
	}
}

func signalProcess(t *testing.T, c *exec.Cmd, s syscall.Signal) {
	t.Helper()
	if err := c.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// metric returns the value of a metric without labels.
func (c *daemonProcess) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, text := get(t, strings.TrimSuffix(c.api, "/api/v1")+"/metrics")
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("there is no metric %s", name)
	}
	value, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAProcessThatIsSuspendedInACommitOfTheLogIsNamed(t *testing.T) {
	t.Parallel() // a callback waits two seconds for the log
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1h")
	d := startDaemon(t, "serve", config)
	defer d.terminate(t)
	writer := startWinnow(t, "stopped-in-a-commit", nil, filepath.Join(folder, "winnow.db"))
	waitUntilStopped(t, writer)

	if status := d.post(t, "m1"); status != 503 {
		t.Errorf("a callback is answered %d", status)
	}
	resume := fmt.Sprintf("kill -CONT %d", writer.Process.Pid)
	apptest.Eventually(t, "the log says "+resume, func() bool { return strings.Contains(d.log(), resume) })
	if status, text := get(t, strings.TrimSuffix(d.url, "callbacks/"+apptest.Token)+"healthz"); status != 503 {
		t.Errorf("/healthz is %d: %s", status, text)
	}
	if got := d.metric(t, "winnow_log_blocked_seconds"); got == 0 {
		t.Error("the metric does not show that the log is blocked")
	}
	var out, errs bytes.Buffer
	if Main([]string{"status", "-c", config}, Process{Stdout: &out, Stderr: &errs}) != exitOK || !strings.Contains(out.String(), resume) {
		t.Errorf("the status does not say %q:\n%s%s", resume, out.String(), errs.String())
	}

	signalProcess(t, writer, syscall.SIGCONT)
	apptest.Eventually(t, "callbacks are stored again", func() bool { return d.post(t, "m1") == 200 })
	if got := d.metric(t, "winnow_log_blocked_seconds"); got != 0 {
		t.Errorf("afterwards the log is blocked for %v s", got)
	}
	if err := writer.Wait(); err != nil {
		t.Error(err)
	}
	out.Reset()
	if Main([]string{"status", "-c", config}, Process{Stdout: &out, Stderr: &errs}) != exitOK || strings.Contains(out.String(), "CONT") {
		t.Errorf("afterwards the status is\n%s%s", out.String(), errs.String())
	}
}

func TestAnImportWaitsLongerForTheLogThanACallback(t *testing.T) {
	t.Parallel() // a callback waits two seconds for the log
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1h")
	e, err := sqlite.Open(filepath.Join(folder, "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	released := make(chan error)
	held := make(chan struct{})
	go func() {
		released <- e.WriteLog(func(w engine.LogWriter) error {
			close(held)
			<-time.After(3 * time.Second)
			return w.Probe(1)
		})
	}()
	<-held
	var out bytes.Buffer
	archive := strings.NewReader(`{"source":"insider","received_at":"2026-01-02T03:04:05Z","body":{"id":"a","event":"sent"}}`)
	if status := Main([]string{"import", "events", "-", "-c", config}, Process{Stdin: archive, Stdout: &out, Stderr: &out}); status != exitOK || !strings.Contains(out.String(), "stored 1 event") {
		t.Errorf("it exits with %d: %s", status, out.String())
	}
	if err := <-released; err != nil {
		t.Error(err)
	}
}

func TestAnImportSuspendedWithCtrlZKeepsNoCallbackWaiting(t *testing.T) {
	t.Parallel()
	config := apptest.Config(t, t.TempDir(), "1h")
	d := startDaemon(t, "serve", config)
	defer d.terminate(t)
	archive, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for i := 0; ; i++ {
			line := fmt.Sprintf(`{"source":"insider","received_at":"2026-01-02T03:04:05Z","body":{"id":"a-%d","uniqueArgs":{"contact_id":"crm-%d"},"event":"sent"}}`, i, i%100)
			if _, err := write.WriteString(line + "\n"); err != nil {
				return // closed
			}
		}
	}()
	imported := startWinnow(t, "serve", archive, "import", "events", "-", "-c", config)
	archive.Close()
	before := 0.0
	for range 12 {
		apptest.Eventually(t, "events are imported", func() bool { return d.metric(t, "winnow_log_events") > before+1000 })
		signalProcess(t, imported, syscall.SIGTSTP)
		waitUntilStopped(t, imported)
		if status := d.post(t, "m1"); status != 200 {
			t.Errorf("a callback is answered %d while an import is suspended", status)
		}
		before = d.metric(t, "winnow_log_events")
		signalProcess(t, imported, syscall.SIGCONT)
	}
	write.Close()
	if err := imported.Wait(); err != nil {
		t.Errorf("the import exits with %v", err)
	}
}
