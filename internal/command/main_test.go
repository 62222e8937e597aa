package command

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"winnow/internal/apptest"
	"winnow/internal/exports"
	"winnow/store/storetest"
)

// TestMain makes the test binary act as winnow: for scripts, and as the daemon of tests
// that kill it.
func TestMain(m *testing.M) {
	exports.DeliveryBackoff = exports.Backoff{} // tests retry deliveries immediately, in daemons and commands too
	if mode := os.Getenv("WINNOW_TEST_DAEMON"); mode != "" {
		becomeUser()
		os.Exit(testDaemon(mode, os.Args[1:]))
	}
	if filepath.Base(os.Args[0]) == "winnow" {
		beWinnow()
	}
	os.Exit(storetest.InMemory(m))
}

// daemonProcess is a daemon that runs as a process.
type daemonProcess struct {
	*exec.Cmd
	url string // of the callbacks, with the token
	api string
	log func() string // what it has logged so far
}

var listening = regexp.MustCompile(`callbacks=(\S+) console=(\S+)`)

// startDaemon starts a daemon and waits until it listens.
func startDaemon(tb testing.TB, mode, config string) *daemonProcess {
	tb.Helper()
	return startDaemonBy(tb, mode, os.Args[0], "serve", "-c", config)
}

// startDaemonBy starts a daemon by a command that ends with its config.
func startDaemonBy(tb testing.TB, mode string, command ...string) *daemonProcess {
	tb.Helper()
	c := &daemonProcess{Cmd: exec.Command(command[0], command[1:]...)}
	c.Env = append(os.Environ(), "WINNOW_TEST_DAEMON="+mode)
	stderr, err := c.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	var mu sync.Mutex
	var log strings.Builder
	c.log = func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
	keep := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		log.WriteString(line + "\n")
	}
	for lines.Scan() {
		keep(lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			c.url, c.api = "http://"+m[1]+"/callbacks/"+apptest.Token, "http://"+m[2]+"/api/v1"
			go func() {
				for lines.Scan() {
					keep(lines.Text())
				}
			}()
			return c
		}
	}
	tb.Fatalf("the daemon does not listen:\n%s", c.log())
	return nil
}

// kill sends SIGKILL, and waits for the process.
func (c *daemonProcess) kill(tb testing.TB) {
	tb.Helper()
	if err := c.Process.Signal(syscall.SIGKILL); err != nil {
		tb.Error(err)
	}
	c.Wait()
}

// terminate sends SIGTERM, and checks that the daemon exits with status 0.
func (c *daemonProcess) terminate(tb testing.TB) {
	tb.Helper()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		tb.Error(err)
	}
	if err := c.Wait(); err != nil {
		tb.Errorf("the daemon exits with %v", err)
	}
}

// testDaemon runs the command line, or what a test of the store needs a process for.
func testDaemon(mode string, args []string) int {
	if mode == "stopped-in-a-commit" {
		return stopInACommit(args[0])
	}
	return Main(args, Process{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Version: "test"})
}
