package powercut

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const (
	storeFolder = "state" // made by the daemon
	marks       = "marks" // a line for each callback that was answered with 200
	token       = "token-of-the-power-cut-0123"
)

func writeConfig(t *testing.T, folder string) {
	t.Helper()
	text := fmt.Sprintf(`
listen: "127.0.0.1:0"
admin: {listen: "127.0.0.1:0", token: admin-token-of-the-power-cut}
store: sqlite://%s/winnow.db
sources:
  - {name: insider, preset: insider, tokens: [%s], contact: uniqueArgs.contact_id}
hygiene:
  sweep: "@every 1s"
  rules:
    - {name: hard, when: {outcome: hard_bounce}, then: {suppress: {reason: hard_bounce}}}
    - {name: retry, when: {outcome: soft_bounce}, then: {retry: {after: [4h]}}}
segments:
  - {name: reachable, where: {status: active}}
exports:
  - {name: nightly, schedule: "0 2 * * *", segments: [reachable], formats: [csv], to: [./exports]}
`, storeFolder, token)
	if err := os.WriteFile(filepath.Join(folder, "winnow.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// driverVariables make this test binary the driver of a recording, under strace.
const (
	driverBinary = "WINNOW_POWERCUT_BINARY"
	driverFolder = "WINNOW_POWERCUT_FOLDER"
)

func TestMain(m *testing.M) {
	if binary := os.Getenv(driverBinary); binary != "" {
		drive(binary, os.Getenv(driverFolder))
		return
	}
	os.Exit(m.Run())
}

// record returns the system calls of daemons that store callbacks, sweep and export in
// the folder. One of them is killed.
func record(t *testing.T, binary, folder string) []call {
	t.Helper()
	writeConfig(t, folder)
	trace := filepath.Join(folder, "trace")
	c := exec.Command("strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "2000000", "-o", trace,
		"-e", "trace=openat,write,pwrite64,pwritev,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat", os.Args[0])
	c.Env = append(os.Environ(), driverBinary+"="+binary, driverFolder+"="+folder)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("the recording: %v\n%s", err, out)
	}
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	calls, err := readTrace(f)
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

// answer is a callback that was answered with 200.
type answer struct {
	id      string
	entered int
}

func answered(path string, calls []call) (list []answer) {
	for _, c := range calls {
		if c.name == "write" && c.paths[0] == path {
			list = append(list, answer{strings.TrimSpace(string(c.data)), c.entered})
		}
	}
	return list
}

// The daemons of a recording: how many, and what each one is sent.
const (
	daemons   = 3
	clients   = 8
	callbacks = 60 // of each client
)

// drive runs in the driver.
func drive(binary, folder string) {
	answers, err := os.OpenFile(filepath.Join(folder, marks), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	must(err)
	config := filepath.Join(folder, "winnow.yaml")
	for n := range daemons {
		d := exec.Command(binary, "serve", "-c", config)
		stderr, err := d.StderrPipe()
		must(err)
		must(d.Start())
		url := addressOf(bufio.NewScanner(stderr))
		var all sync.WaitGroup
		for client := range clients {
			all.Go(func() { send(url, fmt.Sprintf("%d-%d", n, client), answers) })
		}
		if n > 0 {
			must(exec.Command(binary, "export", "nightly", "-c", config).Run())
		}
		all.Wait()
		end := syscall.SIGTERM
		if n == 1 {
			end = syscall.SIGKILL
		}
		must(d.Process.Signal(end))
		_ = d.Wait() // killed, it fails
	}
}

var listening = regexp.MustCompile(`callbacks=(\S+)`)

// addressOf waits until a daemon listens, and returns where callbacks go.
func addressOf(log *bufio.Scanner) string {
	for log.Scan() {
		if m := listening.FindStringSubmatch(log.Text()); m != nil {
			go func() {
				for log.Scan() {
				}
			}()
			return "http://" + m[1] + "/callbacks/" + token
		}
	}
	panic("the daemon does not listen")
}

// send sends callbacks one after the other, and writes down which were answered.
func send(url, name string, answers *os.File) {
	for i := range callbacks {
		id := fmt.Sprintf("%s-%d", name, i)
		code := []int{1400, 1404}[i%2]
		body := fmt.Sprintf(`{"id":%q,"uniqueArgs":{"contact_id":%q},"event":"undelivered","reason":{"code":%d}}`, id, "crm-"+id, code)
		answer, err := http.Post(url, "application/json", strings.NewReader(body))
		must(err)
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			_, err := answers.WriteString(id + "\n")
			must(err)
		}
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
