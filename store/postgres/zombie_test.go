package postgres_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"winnow/hygiene"
	"winnow/store/appender"
	"winnow/store/engine"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

var lasting = flag.Bool("lasting", false, "wait until a lease is over, instead of setting its end to the past")

func TestAProcessThatWasStoppedForLongerThanItsLeaseWritesNothing(t *testing.T) {
	at := pgtest.Database(t)
	holder := startHolder(t, at)
	holder.answers(t, "lock", "true <nil>")
	holder.answers(t, "write", "<nil>")
	e := open(t, at)
	other := e.Lock("sweep")
	if taken, err := other.TryLock(); taken || err != nil {
		t.Fatalf("taken beside its holder: %t, %v", taken, err)
	}

	holder.signal(t, syscall.SIGSTOP)
	if !*lasting {
		pgtest.Run(t, at, "UPDATE leases SET until = winnow_now() - 1")
	}
	for taken := false; !taken; {
		var err error
		if taken, err = other.TryLock(); err != nil || !taken && !*lasting {
			t.Fatalf("taken when the lease was over: %t, %v", taken, err)
		}
	}
	if err := write(e, byOther); err != nil {
		t.Error(err)
	}
	holder.signal(t, syscall.SIGCONT)
	if answer := holder.ask(t, "write"); !strings.Contains(answer, "another process has taken over") {
		t.Errorf("the process that was stopped has written: %s", answer)
	}
	if by := writtenBy(t, e); by != byOther {
		t.Errorf("written by %d", by)
	}
	if answer := holder.ask(t, "prune"); !strings.Contains(answer, "another process has taken over") {
		t.Errorf("the process that was stopped has changed the log: %s", answer)
	}
	holder.answers(t, "append", "<nil>")
	if ids := after(t, e, 0); len(ids) != 1 {
		t.Errorf("what it received is not in the log, which has %v", ids)
	}
}

func TestAProcessThatIsStoppedWhileItWritesHoldsUpNobody(t *testing.T) {
	at := pgtest.Database(t)
	holder := startHolder(t, at+"&idle_in_transaction_session_timeout=100ms")
	holder.answers(t, "begin", "begun")
	holder.signal(t, syscall.SIGSTOP)
	e := open(t, at)
	if err := write(e, byOther); err != nil {
		t.Error(err)
	}
	holder.signal(t, syscall.SIGCONT)
	if answer := holder.ask(t, "end"); answer == "<nil>" {
		t.Error("the process that was stopped has written what it had begun")
	}
	if by := writtenBy(t, e); by != byOther {
		t.Errorf("written by %d", by)
	}
}

// Who wrote the counter that both processes write.
const (
	byHolder = 1
	byOther  = 2
)

func write(e engine.Engine, by int64) error {
	return e.Write(func(w engine.Writer) error { return set(w, by) })
}

func set(w engine.Writer, by int64) error {
	return w.Exec("INSERT INTO counters (name, value) VALUES ('by', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", by)
}

func writtenBy(t *testing.T, e engine.Engine) (by int64) {
	t.Helper()
	err := e.Read(func(r engine.Reader) (err error) {
		by, err = r.Number("SELECT value FROM counters WHERE name = 'by'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// holding is the environment variable that makes the test binary a process that does what
// its input says, on the database of that URL.
const holding = "WINNOW_TEST_HOLDER_OF"

func TestMain(m *testing.M) {
	at := os.Getenv(holding)
	if at == "" {
		os.Exit(m.Run())
	}
	e, err := postgres.Open(at)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	hold(e, bufio.NewScanner(os.Stdin))
}

// hold does what the input says, a word a line, and answers each by a line.
func hold(e engine.Engine, input *bufio.Scanner) {
	lock := e.Lock("sweep")
	for input.Scan() {
		switch input.Text() {
		case "lock":
			fmt.Println(lock.TryLock())
		case "write":
			fmt.Println(oneLine(write(e, byHolder)))
		case "prune":
			fmt.Println(oneLine(e.WriteLog(func(w engine.LogWriter) error { return w.EndPruning(1) })))
		case "append":
			fmt.Println(oneLine(appending(e).Commit(context.Background(), &appender.Batch{Events: []hygiene.Event{event("received")}})))
		case "begin":
			fmt.Println(oneLine(e.Write(func(w engine.Writer) error {
				err := set(w, byHolder)
				if _, reads := w.Number("SELECT value FROM counters WHERE name = 'by'"); reads == nil {
					fmt.Println("begun")
				}
				input.Scan()
				return err
			})))
		}
	}
}

func oneLine(err error) string { return strings.ReplaceAll(fmt.Sprint(err), "\n", "; ") }

// holder is such a process.
type holder struct {
	process *os.Process
	input   io.Writer
	output  *bufio.Scanner
}

func startHolder(t *testing.T, at string) *holder {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holding+"="+at)
	cmd.Stderr = os.Stderr
	input, err1 := cmd.StdinPipe()
	output, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &holder{cmd.Process, input, bufio.NewScanner(output)}
}

// ask gives it a word, and returns its answer.
func (h *holder) ask(t *testing.T, word string) string {
	t.Helper()
	if _, err := fmt.Fprintln(h.input, word); err != nil {
		t.Fatal(err)
	}
	if !h.output.Scan() {
		t.Fatalf("the process gives no answer to %q: %v", word, h.output.Err())
	}
	return h.output.Text()
}

func (h *holder) answers(t *testing.T, word, want string) {
	t.Helper()
	if answer := h.ask(t, word); answer != want {
		t.Fatalf("%s: %s", word, answer)
	}
}

func (h *holder) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := h.process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
